"""Find the pages that MyST-NB would run, and read their code."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from myst_nb.core.config import NbParserConfig
from myst_nb.core.read import create_nb_reader
from myst_parser.config.main import MdParserConfig
from nbformat import NotebookNode
from sphinx.project import Project

from recordings.guides import GuideFailed
from recordings.model import Block, Recipe
from recordings.syntax_tree import PARSE_ERRORS, parse

WHOLE = ("auto", "cache", "force")
"""Execution modes in which MyST-NB runs a page before it shows any of it."""


class PlainMarkdown(GuideFailed):
    """A page is not one that MyST-NB could run."""


@dataclass(frozen=True, slots=True)
class Guide:
    """A page, and MyST-NB's settings to read it by."""

    path: Path
    markdown: MdParserConfig = field(default_factory=MdParserConfig, repr=False)
    notebooks: NbParserConfig = field(default_factory=NbParserConfig, repr=False)

    def text(self) -> str:
        """Return the page's text; Sphinx warns of what is not UTF-8, and goes on."""
        return self.path.read_text("utf-8-sig", errors="replace")

    def read(self, text: str | None = None) -> NotebookNode:
        """Read the page as MyST-NB does.

        Args:
            text: The page's text, if it was changed since it was read from the file.

        Raises:
            GuideFailed: It is plain Markdown, or can't be read.
        """
        text = self.text() if text is None else text
        reader = create_nb_reader(str(self.path), self.markdown, self.notebooks, text)
        if reader is None:
            raise PlainMarkdown(self.place(1, "is not a MyST-NB notebook"))
        try:
            page: NotebookNode = reader.read(text)
        except Exception as error:  # readers are plug-ins, and raise what they like
            raise GuideFailed(self.place(1, f"can't be read: {error}")) from error
        return page

    def settings(self, page: NotebookNode) -> NbParserConfig:
        """Return MyST-NB's settings with those that the page itself sets."""
        own = page.metadata.get(self.notebooks.metadata_key, {})
        try:
            return self.notebooks.copy(**own)
        except (TypeError, ValueError):
            return self.notebooks  # MyST-NB warns of it

    def is_run(self, page: NotebookNode) -> bool:
        """Tell whether MyST-NB would run the page, from its first cell to its last."""
        settings = self.settings(page)
        path = PurePosixPath(self.path.as_posix())
        excluded = any(map(path.match, settings.execution_excludepatterns))
        return settings.execution_mode in WHOLE and not excluded

    def place(self, line: int, cause: str) -> str:
        """Say in one line where something went wrong, and why."""
        first = next(iter(cause.strip().splitlines()), "")
        return f"{self.path.name}:{line}: {first}"


def open_guide(path: Path, conf: Any) -> Guide:
    """Make a guide of a page, with what `conf.py` or Sphinx's configuration sets."""

    def chosen(kind: type[Any], prefix: str) -> dict[str, Any]:
        names = [each.name for each in fields(kind)]
        return {each: conf[prefix + each] for each in names if prefix + each in conf}

    return Guide(
        path,
        MdParserConfig(**chosen(MdParserConfig, "myst_")),
        NbParserConfig(**chosen(NbParserConfig, "nb_")),
    )


def find(source: Path, conf: Mapping[str, Any]) -> Iterator[Recipe]:
    """Yield the guides: Markdown pages with code, all of which MyST-NB would run.

    Args:
        source: Sphinx's source folder.
        conf: Everything that `conf.py` sets.
    """
    project = Project(source, [".md"])
    excluded, included = conf.get("exclude_patterns", ()), conf.get("include_patterns")
    for page in sorted(project.discover(excluded, included or ["**"])):
        guide = open_guide(Path(project.doc2path(page, absolute=True)), conf)
        try:
            notebook = guide.read()
            is_guide = guide.is_run(notebook) and bool(code(notebook))
        except GuideFailed as failed:
            is_guide = not isinstance(failed, PlainMarkdown)
        if is_guide:
            yield read(guide.path, page, conf)


def read(path: Path, page: str, conf: Mapping[str, Any]) -> Recipe:
    """Read a guide; one that can't be read says why in its `fault`."""
    try:
        blocks = tuple(cells(open_guide(path, conf)))
    except GuideFailed as error:
        return Recipe(path, page, "guide", fault=str(error))
    except OSError as error:
        return Recipe(path, page, "guide", fault=f"{path.name}: {error}")
    return Recipe(path, page, "guide", blocks)


def cells(guide: Guide) -> Iterator[Block]:
    """Yield a guide's code, cell by cell, with the line that it begins at.

    Raises:
        GuideFailed: The guide can't be read.
    """
    text = guide.text()
    page = guide.read(text)
    lines = [each.strip() for each in text.splitlines()]
    starts = page.metadata.get("source_map", [1] * len(page.cells))
    for cell, start in zip(page.cells, starts, strict=True):
        if cell.cell_type == "code":
            yield Block("code", source_of(cell), _first_line(lines, cell, start))


def code(page: NotebookNode) -> list[NotebookNode]:
    """Return a page's code cells."""
    return [cell for cell in page.cells if cell.cell_type == "code"]


def source_of(cell: NotebookNode) -> str:
    """Return a cell's code as Python; nothing if it is never run."""
    skipped = "skip-execution" in cell.metadata.get("tags", [])
    return "" if skipped else as_python(cell.source)


def as_python(source: str) -> str:
    """Replace IPython's own commands (`%time …`) by the calls that they stand for."""
    try:
        parse(source)
    except PARSE_ERRORS:
        ipython = TransformerManager()  # type: ignore[no-untyped-call]
        return ipython.transform_cell(source)
    return source


def _first_line(lines: list[str], cell: NotebookNode, start: int) -> int:
    """Find where a cell's code begins, after its fence (line `start`) and options."""
    source = [each.strip() for each in cell.source.splitlines()]
    if "load" not in cell.metadata:
        for index in range(start, len(lines)):
            if lines[index : index + len(source)] == source:
                return index + 1
    return start
