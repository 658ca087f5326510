"""Make every warning about a recipe point at the recipe's own file and line.

Sphinx-Gallery writes a page of reStructuredText for each recipe, and Sphinx reports
what is wrong with it there, in a generated file.
"""

import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.util.logging import SphinxLogRecord, WarningStreamHandler

from recordings.gallery import scripts

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# Sphinx-Gallery's mark above each block of a page but the first.
_BLOCK = re.compile(r"\.\. GENERATED FROM PYTHON SOURCE LINES (\d+)-\d+$")
_LOCATION = re.compile(r"(.+\.rst)(?::(\d*))?$")
_EMPTY = re.compile(r"""[#\s]*[rR]?["'\s]*$""")


def source_line(generated: str, line: int, source: str) -> int:
    """Return the line of a recipe's *source* that *line* of its page comes from.

    That is the line of the block with the same text. What Sphinx-Gallery added, such as
    output, belongs to the block's first line.
    """
    page, recipe = generated.split("\n"), source.split("\n")
    marks = [(n, _BLOCK.match(text)) for n, text in enumerate(page, 1)]
    starts = [(0, 1), *((n, int(mark[1])) for n, mark in marks if mark)]
    start = max(at for n, at in starts if n <= line)
    end = min((at - 1 for _n, at in starts if at > start), default=len(recipe))
    written = {
        number: recipe[number - 1].lstrip("#").strip()
        for number in range(start, end + 1)
        if not _EMPTY.match(recipe[number - 1])
    }
    same = [n for n, text in written.items() if text == page[line - 1].strip()]
    return next(iter([*same, *written]), start)


def header_line(generated: str, line: int, header: str) -> int | None:
    """Return the line of a gallery *header* that *line* of an index comes from."""
    written = header.rstrip()
    above, found, _ = generated.partition(written)
    number = line - above.count("\n")
    return number if found and 0 < number <= written.count("\n") + 1 else None


class PointAtRecipe(logging.Filter):
    """Move the location of a warning from a generated page to what was written."""

    def __init__(self, app: "Sphinx") -> None:
        """Remember where the build began: each recipe runs in its own folder."""
        super().__init__()
        self.app, self.start = app, Path.cwd()

    def filter(self, record: logging.LogRecord) -> bool:
        """Change *record*, and let every record through."""
        place = record.location if isinstance(record, SphinxLogRecord) else None
        if match := _LOCATION.match(place or ""):
            written = self._written(Path(match[1]), int(match[2] or 1))
            record.location = written or place
        return True

    def _written(self, page: Path, line: int) -> str | None:
        """Return where *line* of a generated *page* was written, if it is one."""
        source, settings = Path(self.app.srcdir), self.app.config.sphinx_gallery_conf
        if not (page.is_relative_to(source) and page.is_file()):
            return None
        name = page.relative_to(source).with_suffix("").as_posix()
        generated = page.read_text("utf-8")
        for script, made in scripts.pages(settings, source):
            if made == name:
                text = script.read_text("utf-8", errors="replace")
                return self._shown(script, source_line(generated, line, text))
        if name.endswith("/index"):
            # The first page of a gallery has the headers of all its sections.
            for header, _made in scripts.headers(settings, source):
                at = header_line(generated, line, header.read_text("utf-8"))
                if at is not None:
                    return self._shown(header, at)
        return None

    def _shown(self, path: Path, line: int) -> str:
        return f"{os.path.relpath(path, self.start)}:{line}"


def setup_errors(app: "Sphinx") -> None:
    """Filter all warnings."""
    for handler in logging.getLogger("sphinx").handlers:
        if isinstance(handler, WarningStreamHandler):
            handler.addFilter(PointAtRecipe(app))
