"""Remove what Sphinx-Gallery and Sphinx made of recipes that went or were renamed.

Neither does: the page would stay, in no list of pages, and fail a strict build.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.builders.html import StandaloneHTMLBuilder

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def remove_sources(app: "Sphinx") -> None:
    """Remove the sources of pages that have no recipe, before Sphinx looks for any."""
    for recipes, made in _galleries(app):
        for page in sorted(made.rglob("*.rst")):
            # Beside each page that it makes, the gallery puts a copy of the recipe.
            script = page.with_suffix(".py")
            if script.is_file() and not (recipes / script.relative_to(made)).is_file():
                for file in page.parent.glob(f"{page.stem}.*"):
                    file.unlink()
        for index in sorted(made.glob("*/index.rst")):
            if not (recipes / index.parent.name).is_dir():
                shutil.rmtree(index.parent)


def remove_pages(app: "Sphinx", failure: Exception | None) -> None:
    """Remove pages that were built of them."""
    builder = app.builder
    if failure is not None or not isinstance(builder, StandaloneHTMLBuilder):
        return
    wanted = {builder.get_output_path(page) for page in app.env.found_docs}
    for _recipes, made in _galleries(app):
        built = Path(app.outdir) / made.relative_to(app.srcdir)
        for page in [*built.rglob("*.html")]:
            if page not in wanted:
                page.unlink()


def _galleries(app: "Sphinx") -> Iterator[tuple[Path, Path]]:
    """Yield each folder of recipes, and the folder that the gallery makes of it."""
    settings = app.config.sphinx_gallery_conf
    names = (settings["examples_dirs"], settings["gallery_dirs"])
    listed = ([each] if isinstance(each, str) else each for each in names)
    for recipes, made in zip(*listed, strict=True):
        yield Path(app.srcdir) / recipes, Path(app.srcdir) / made


def setup_removed_recipes(app: "Sphinx") -> None:
    """Connect to what is before the gallery (500), and to the build's end."""
    app.connect("builder-inited", remove_sources, priority=400)
    app.connect("build-finished", remove_pages)
