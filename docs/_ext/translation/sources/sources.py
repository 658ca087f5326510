"""Which pages the site has, and the messages in the sources of each.

A page here is what has one catalog: a recipe, the header of a section, a Markdown
page, and the strings of the site's own code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from translation.catalogs.catalog import Source
from translation.messages.segments import UnreadableScript, segments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from translation.checks.markup import Syntax
    from translation.messages.segments import Kind

HEADER: Final = "GALLERY_HEADER.rst"
"""What Sphinx-Gallery takes the beginning of a section's page from."""


class SourceError(Exception):
    """A source cannot be read; the message names the file and the line."""

    def __init__(self, path: str, line: int, cause: str) -> None:
        """Remember what is wrong, and where."""
        super().__init__(f"{path}:{line}: {cause}")


class Message(NamedTuple):
    """A message, where it stands, and how it is written."""

    source: Source
    syntax: Syntax


class Page(NamedTuple):
    """What has one catalog."""

    name: str
    """As the page and its catalog are called: `recipes/gradients/index`."""
    messages: Sequence[Message]
    path: str = ""
    """The file that it is made of, from the project's folder; none for strings."""
    kind: Kind | None = None
    """What the file is; None where Sphinx or Babel finds the messages."""

    @property
    def sources(self) -> list[Source]:
        """The messages, as a catalog wants them."""
        return [message.source for message in self.messages]


def recipe_pages(project: Path) -> Iterator[Page]:
    """Give the pages that Sphinx-Gallery makes: recipes, and headers of sections.

    Args:
        project: The folder that `recipes/` stands in.

    Raises:
        SourceError: A recipe has no messages, since it cannot be read.
    """
    recipes = project / "recipes"
    for path in sorted([recipes / HEADER, *recipes.glob(f"*/{HEADER}")]):
        if path.is_file():
            page = path.parent.relative_to(project) / "index"
            yield _page(project, path, page.as_posix(), "rest")
    for path in sorted(recipes.glob("*/*.py")):
        page = path.relative_to(project).with_suffix("")
        yield _page(project, path, page.as_posix(), "script")


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


def _page(project: Path, file: Path, name: str, kind: Kind) -> Page:
    path = file.relative_to(project).as_posix()
    try:
        pieces = segments(text_of(project, path), kind)
    except UnreadableScript as error:
        raise SourceError(path, error.line, error.cause) from error
    messages = [
        Message(
            Source(piece.message.text, path, piece.line, piece.message.form.name),
            piece.message.form.syntax,
        )
        for piece in pieces
        if piece.message
    ]
    return Page(name, messages, path, kind)
