"""Which pages the site has, and the messages in the sources of each.

A page here is what has one catalog: a recipe, the header of a section, a Markdown
page, and the strings of the site's own code.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from translation.catalogs.catalog import Source
from translation.fault import FileError
from translation.messages.segments import Kind, UnreadableScript, segments

HEADER = "GALLERY_HEADER.rst"
"""What Sphinx-Gallery takes the beginning of a section's page from."""


class SourceError(FileError):
    """A source cannot be read."""


class Page(NamedTuple):
    """What has one catalog."""

    name: str
    """As the page and its catalog are called: `recipes/gradients/index`."""
    sources: Sequence[Source]
    """Its messages."""
    path: str = ""
    """The file that it is made of, from the project's folder; none for strings."""
    kind: Kind | None = None
    """What the file is; None where Sphinx or Babel finds the messages."""


def recipe_pages(project: Path) -> Iterator[Page]:
    """Yield the pages that Sphinx-Gallery makes: recipes, and headers of sections.

    Raises:
        SourceError: A recipe has no messages, since it cannot be read.
    """
    recipes = project / "recipes"
    for path in sorted([*recipes.glob(HEADER), *recipes.glob(f"*/{HEADER}")]):
        yield _page(project, path, path.with_name("index"), "rest")
    for path in sorted(recipes.glob("*/*.py")):
        yield _page(project, path, path.with_suffix(""), "script")


def text_of(project: Path, path: str) -> str:
    """Read a source.

    Raises:
        SourceError: It is not in UTF-8.
    """
    try:
        return (project / path).read_text("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SourceError(path, line, "not in UTF-8; save it in UTF-8") from error


def _page(project: Path, file: Path, page: Path, kind: Kind) -> Page:
    path = file.relative_to(project).as_posix()
    try:
        pieces = segments(text_of(project, path), kind)
    except UnreadableScript as error:
        raise SourceError(path, error.line, error.cause) from error
    sources = [
        Source(message.text, path, piece.line, message.form.name, message.form.syntax)
        for piece in pieces
        if (message := piece.message)
    ]
    return Page(page.relative_to(project).as_posix(), sources, path, kind)
