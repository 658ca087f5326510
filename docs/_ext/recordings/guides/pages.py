"""Find the pages that MyST-NB would run, and read their code."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from myst_nb.core.config import NbParserConfig
from myst_nb.core.read import create_nb_reader
from myst_parser.config.main import MdParserConfig
from nbformat import NotebookNode
from sphinx.project import Project

from recordings.guides import GuideFailed
from recordings.model import Block, Recording
from recordings.syntax_tree import PARSE_ERRORS, are_equal, parse

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Guide:
    """A page, and MyST-NB's settings to read it by."""

    path: Path
    markdown: MdParserConfig = field(default_factory=MdParserConfig, repr=False)
    notebooks: NbParserConfig = field(default_factory=NbParserConfig, repr=False)

    def read(self, text: str | None = None) -> NotebookNode:
        """Read the page as MyST-NB does.

        Args:
            text: What stands in the file, where that was changed on its way.

        Raises:
            GuideFailed: It is plain Markdown, or can't be read.
        """
        reader = self._reader(text := self.text() if text is None else text)
        if reader is None:
            raise GuideFailed(self.place(1, "it is no MyST-NB notebook"))
        try:
            page: NotebookNode = reader.read(text)
        except Exception as error:
            # Readers are plug-ins, and raise what they like.
            raise GuideFailed(self.place(1, f"can't be read: {error}")) from error
        kernel = page.metadata.get("kernelspec", {})
        for pattern, alias in self.notebooks.kernel_rgx_aliases.items():
            if "name" in kernel and re.fullmatch(pattern, kernel["name"]):
                kernel["name"] = alias
                break
        return page

    def settings(self, page: NotebookNode) -> NbParserConfig:
        """Give MyST-NB's settings with those that the page itself sets."""
        own = page.metadata.get(self.notebooks.metadata_key, {})
        try:
            return self.notebooks.copy(**own)
        except (TypeError, ValueError):
            return self.notebooks  # MyST-NB warns of it

    def is_cached(self, page: NotebookNode) -> bool:
        """Tell whether MyST-NB would run the page unless its cache knew it."""
        settings = self.settings(page)
        path = PurePosixPath(self.path.as_posix())
        return (
            settings.execution_mode == "cache"
            and settings.execution_cache_path == self.notebooks.execution_cache_path
            and not any(map(path.match, settings.execution_excludepatterns))
        )

    def is_guide(self) -> bool:
        """Tell whether there is something to record; if it can't be read, there is."""
        if self._reader(self.text()) is None:
            return False
        try:
            page = self.read()
        except GuideFailed:
            return True
        return self.is_cached(page) and bool(code(page))

    def place(self, line: int, cause: str) -> str:
        """Say in one line where something went wrong, and why."""
        first = next(iter(cause.strip().splitlines()), "")
        return f"{self.path.name}:{line}: {first}"

    def text(self) -> str:
        """Give the page's text; Sphinx warns of what is not UTF-8, and goes on."""
        return self.path.read_text("utf-8-sig", errors="replace")

    def _reader(self, text: str) -> Any:
        return create_nb_reader(str(self.path), self.markdown, self.notebooks, text)


def open_guide(path: Path, conf: Mapping[str, Any] = _NOTHING) -> Guide:
    """Make a guide of a page.

    Args:
        path: The page.
        conf: What `conf.py` sets; MyST-NB's settings are taken from it.
    """

    def chosen(kind: type[Any], prefix: str) -> dict[str, Any]:
        names = [each.name for each in fields(kind)]
        return {each: conf[prefix + each] for each in names if prefix + each in conf}

    return Guide(
        path,
        MdParserConfig(**chosen(MdParserConfig, "myst_")),
        NbParserConfig(**chosen(NbParserConfig, "nb_")),
    )


def find(
    source: Path, exclude: Iterable[str] = (), conf: Mapping[str, Any] = _NOTHING
) -> list[Guide]:
    """Find the pages with code that MyST-NB would run, and keep in its cache.

    Args:
        source: Sphinx's source folder.
        exclude: Patterns of files that are no pages.
        conf: What `conf.py` sets.

    Returns:
        Guides by path. One that can't be read is among them: `cells` says why.
    """
    project = Project(source, [".md"])
    pages = project.discover(exclude, conf.get("include_patterns", ["**"]))
    paths = (Path(project.doc2path(page, absolute=True)) for page in sorted(pages))
    return [guide for path in paths if (guide := open_guide(path, conf)).is_guide()]


def cells(guide: Guide) -> list[Block]:
    """Give a guide's code, cell by cell, as Python, with the line that it begins at.

    IPython's own commands (`%time …`) are given as the calls that they stand for, and a
    cell that is never run (tag `skip-execution`) as empty.

    Raises:
        GuideFailed: The guide can't be read.
    """
    page = guide.read()
    lines = [each.strip() for each in guide.text().splitlines()]
    starts = page.metadata.get("source_map", [1] * len(page.cells))
    return [
        Block("code", as_python(cell), _first_line(lines, cell, start))
        for cell, start in zip(page.cells, starts, strict=True)
        if cell.cell_type == "code"
    ]


def code(page: NotebookNode) -> list[NotebookNode]:
    """Give a page's code cells."""
    return [cell for cell in page.cells if cell.cell_type == "code"]


def is_of(recording: Recording, code: Sequence[str]) -> bool:
    """Tell whether a recording's cells are a guide's; a hand may change them.

    Args:
        recording: The guide's.
        code: Of each cell, as `cells` gives it.
    """
    return len(code) == len(recording.blocks) and all(
        not present or are_equal(present, _plain_python(recorded.source))
        for present, recorded in zip(code, recording.blocks, strict=True)
    )


def as_python(cell: NotebookNode) -> str:
    """Give a cell's code as `cells` does."""
    if "skip-execution" in cell.metadata.get("tags", []):
        return ""
    return _plain_python(cell.source)


def _plain_python(source: str) -> str:
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
