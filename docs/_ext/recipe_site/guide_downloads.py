"""Make a guide's downloads of its page and its recording: a notebook and a script."""

import gettext
import re
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

from recipe_site.recipes import recordings_of
from recordings.guides.reading import open_guide
from recordings.guides.rendering import read
from recordings.page import run_card

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbformat import NotebookNode
    from sphinx.application import Sphinx

_ROLE = re.compile(r"\{[\w:]+\}`([^`<]*?)(?:\s*<[^`>]*>)?`")
"""A role of MyST's, which nothing else knows, with its label."""
_MARKS = re.compile(r"(#{1,6} +|[-*] +|\d+\. +|> +)?(.*)", re.DOTALL)
"""What makes a piece of Markdown a heading, an item or a quotation, and its words."""


def guide_files(app: "Sphinx") -> "Iterator[tuple[str, dict[str, str]]]":
    """Yield the document name of each recorded guide, and its files by suffix."""
    build = recordings_of(app)
    if build is None:
        return
    for page, entry in build.entries.items():
        recording = build.recording(page)
        if entry.recipe.kind != "guide" or recording is None:
            continue
        guide = open_guide(entry.recipe.path, app.config)
        outputs = [block.outputs for block in recording.blocks]
        notebook = read(guide.text(), guide, outputs)
        words = _catalog(app, page)
        for number, cell in enumerate(notebook.cells):
            cell["id"] = f"cell-{number}"
            if cell.cell_type == "markdown":
                cell.source = translated(cell.source, words)
        card = run_card.as_markdown(recording, app.config.language)
        notebook.cells.append(nbformat.v4.new_markdown_cell(card, id="run-card"))
        notebook.nbformat_minor = 5
        notebook.metadata.pop("source_map", None)
        yield page, {".ipynb": nbformat.writes(notebook), ".py": script(notebook)}


def _catalog(app: "Sphinx", page: str) -> "Callable[[str], str]":
    """Return what translates a page's messages, by the catalogs that Sphinx uses."""
    language = app.config.language
    for folder in app.config.locale_dirs:
        place = Path(app.srcdir, folder)
        if gettext.find(page, place, [language]):
            return gettext.translation(page, place, [language]).gettext
    return str


def translated(markdown: str, words: "Callable[[str], str]") -> str:
    r"""Translate Markdown piece by piece; one that has no translation stays.

    Examples:
        >>> translated("# One\n\nSee {doc}`two <x>`.", {"One": "Un"}.get)
        '# Un\n\nSee two.'
    """
    pieces = []
    for piece in re.split(r"(\n\s*\n|\n(?=[-*] |\d+\. ))", markdown):
        mark, text = _MARKS.fullmatch(piece).groups()  # type: ignore[union-attr]
        plain = " ".join(text.split())
        pieces.append((mark or "") + (words(plain) or text) if plain else piece)
    return _ROLE.sub(r"\1", "".join(pieces))


def script(notebook: "NotebookNode") -> str:
    """Write a notebook as a script whose cells editors know by `# %%`."""
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cells.append(f"# %%\n{cell.source}\n")
        else:
            lines = (f"# {line}".rstrip() for line in cell.source.split("\n"))
            cells.append("# %% [markdown]\n" + "\n".join(lines) + "\n")
    return "\n".join(cells)
