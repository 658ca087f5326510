"""Leave recipes that cannot be read, or are gone, out of the site.

Where one cannot be read, Sphinx-Gallery ends the whole build, at times without a name;
here, that is an error of this recipe alone. What was made of recipes that are gone is
removed: nothing else does, and a strict build fails where a page is in no list.
"""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.errors import SphinxError
from sphinx.util.logging import getLogger
from sphinx_gallery.gen_rst import extract_intro_and_title
from sphinx_gallery.py_source_parser import remove_ignore_blocks

from recipe_site.recipes import written_settings
from recordings.gallery import scripts

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_logger = getLogger(__name__)

_SETTINGS = {"tags": (list, "a list"), "thumbnail_number": (int, "an integer")}
"""Settings in a recipe that end the gallery where their value is of another type."""
_ANY = (object, "a Python literal")
_LINE = r"([^\w\s]|_)\{}*\s*$"
_TITLE = re.compile(rf"^ ?(?!{_LINE.format(1)})\S.*\n{_LINE.format(2)}", re.MULTILINE)
"""A line with words, and another of one repeated character below it."""


def find_fault(script: Path) -> tuple[int, str] | None:
    """Return the line and the cause if a recipe would end the whole gallery."""
    content = script.read_bytes()
    try:
        source = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return line, f"byte 0x{content[error.start]:02x} is not UTF-8"
    for line, name, value in written_settings(source):
        kind, what = _SETTINGS.get(name, _ANY)
        try:
            is_right = value is None or isinstance(ast.literal_eval(value), kind)
        except (SyntaxError, TypeError, ValueError):
            is_right = False
        if not is_right:
            return line, f"sphinx_gallery_{name} must be {what}, not {value}"
    try:
        _settings, blocks = scripts.split(script)
        extract_intro_and_title(script, blocks[0].content)
        for block in blocks:
            remove_ignore_blocks(block.content)
        if not _TITLE.search(blocks[0].content):  # Sphinx would take the next heading
            return 1, "it has no title; write one in its docstring, underlined with ="
    except (SphinxError, ValueError) as error:
        return 1, " ".join(str(error).split())
    return None


def leave_out(app: "Sphinx") -> None:
    """Report recipes that cannot be read; remove the sources of pages without one."""
    settings, source = app.config.sphinx_gallery_conf, Path(app.srcdir)
    wanted = {page for _header, page in scripts.headers(settings, source)}
    for script, page in list(scripts.pages(settings, source)):
        if fault := find_fault(script):
            where = f"{os.path.relpath(script)}:{fault[0]}"
            _logger.error(fault[1], location=where, type="recipe", subtype="unreadable")
            # Sphinx-Gallery matches names only, and wants each name to be unique.
            settings["ignore_pattern"] += rf"|^{re.escape(script.name)}$"
        else:
            wanted.add(page)
    for file in _below_galleries(app, source, "*.rst"):
        # Beside each recipe's page, Sphinx-Gallery puts a copy of the recipe.
        is_made = file.name == "index.rst" or file.with_suffix(".py").is_file()
        page = file.relative_to(source).with_suffix("").as_posix()
        if is_made and page not in wanted:
            for made in file.parent.glob(f"{file.stem}.*"):
                made.unlink()


def remove_pages(app: "Sphinx", failure: Exception | None) -> None:
    """Remove the pages that an earlier build made of what is gone."""
    if failure is None and isinstance(app.builder, StandaloneHTMLBuilder):
        wanted = {app.builder.get_output_path(page) for page in app.env.found_docs}
        for file in _below_galleries(app, Path(app.outdir), "*.html"):
            if file not in wanted:
                file.unlink()


def _below_galleries(app: "Sphinx", root: Path, pattern: str) -> Iterator[Path]:
    """Yield files of galleries: sources that Sphinx-Gallery made, or pages."""
    names = app.config.sphinx_gallery_conf["gallery_dirs"]
    for name in [names] if isinstance(names, str) else names:
        yield from sorted((root / name).rglob(pattern))


def setup_unreadable(app: "Sphinx") -> None:
    """Connect to the build's beginning, before any recipe is read, and to its end."""
    app.connect("builder-inited", leave_out, priority=100)
    app.connect("build-finished", remove_pages)
