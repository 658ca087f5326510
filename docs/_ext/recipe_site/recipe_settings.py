"""Read what recipes say of themselves in their last lines: tags, cost, pitfall."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from sphinx.application import Sphinx
from sphinx_gallery.py_source_parser import extract_file_config


def of_file(script: Path) -> Mapping[str, Any]:
    """Give the settings of a recipe, without `sphinx_gallery_`."""
    settings: dict[str, Any] = extract_file_config(
        script.read_text("utf-8", errors="replace")
    )
    return settings


def position(settings: Mapping[str, Any]) -> float:
    """Give a recipe's place in its section; one that names none comes last."""
    place: float = settings.get("position", float("inf"))
    return place


def by_page(app: Sphinx) -> dict[str, Mapping[str, Any]]:
    """Give the settings of all recipes by page, in the language of the edition."""
    return {page: of_file(script) for page, script in scripts(app)}


def scripts(app: Sphinx) -> Iterator[tuple[str, Path]]:
    """Yield each recipe's page and script."""
    settings = app.config.sphinx_gallery_conf
    folder = Path(app.srcdir, settings["examples_dirs"])
    pages = settings["gallery_dirs"]
    for script in sorted(folder.glob("*/*.py")):
        page = PurePosixPath(pages, script.parent.name, script.stem).as_posix()
        if page in app.env.found_docs:
            yield page, script
