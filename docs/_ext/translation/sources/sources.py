"""Which pages the site has, and the messages in the sources of each.

A page here is what has one catalog: a recipe, the header of a section, a Markdown
page, and the strings of the site's own code.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sphinx.errors import ConfigError

from recordings import settings
from recordings.gallery import scripts
from translation.catalogs.catalog import Source
from translation.fault import FileError
from translation.messages.forms import Syntax
from translation.messages.segments import Kind, UnreadableScript, segments


class SourceError(FileError):
    """A source cannot be read."""


class RecipeFile(NamedTuple):
    """A file that Sphinx-Gallery makes a page of, or the beginning of one."""

    path: Path
    page: str
    kind: Kind


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

    @property
    def syntax(self) -> Syntax:
        """How its messages are written, those that are plain text aside."""
        return syntax_of(self.path)


def syntax_of(path: str) -> Syntax:
    """Return how a page is written, by the name of its file; strings have none.

    Examples:
        >>> syntax_of("docs/index.md"), syntax_of("recipes/a/b.py"), syntax_of("")
        ('markdown', 'rest', 'text')
    """
    if not path:
        return "text"
    return "rest" if path.endswith((".py", ".rst", ".txt")) else "markdown"


def recipe_files(project: Path) -> list[RecipeFile]:
    """List the headers of sections, then the recipes, in the order of their names.

    Args:
        project: The folder that holds `docs/` and `recipes/`.

    Raises:
        SourceError: `conf.py`, which says where they are, cannot be used.
    """
    docs = (project / "docs").resolve()
    try:
        given = scripts.load(settings.read(docs), docs)
        headers = sorted(scripts.headers(given, docs))
        recipes = sorted(scripts.pages(given, docs))
    except ConfigError as error:
        raise SourceError("docs/conf.py", 1, str(error)) from error
    return [
        *(RecipeFile(path, page, "rest") for path, page in headers),
        *(RecipeFile(path, page, "script") for path, page in recipes),
    ]


def recipe_pages(project: Path, only: Collection[str] = ()) -> Iterator[Page]:
    """Yield the pages that Sphinx-Gallery makes.

    Args:
        project: The folder that holds `docs/` and `recipes/`.
        only: Names of those that are wanted; by default all are.

    Raises:
        SourceError: A recipe has no messages, since it cannot be read.
    """
    for file in recipe_files(project):
        if not only or file.page in only:
            yield _page(project, file)


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


def _page(project: Path, file: RecipeFile) -> Page:
    path = file.path.relative_to(project.resolve()).as_posix()
    try:
        pieces = segments(text_of(project, path), file.kind)
    except UnreadableScript as error:
        raise SourceError(path, error.line, error.cause) from error
    sources = [
        Source(message.text, path, piece.line, message.form.name, message.form.syntax)
        for piece in pieces
        if (message := piece.message)
    ]
    return Page(file.page, sources, path, file.kind)
