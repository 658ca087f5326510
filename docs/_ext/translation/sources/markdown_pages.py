"""The messages of pages in Markdown, as Sphinx finds them.

Sphinx's gettext builder reads the pages, and Sphinx's `extract_messages` takes the
messages out of the document trees that it keeps. Its translation looks for messages
with the same function in the same trees. The `.pot` files that the builder writes lack
some: by then, sphinx-design has replaced the labels of buttons by copies, which Sphinx
leaves out.
"""

import io
import os
import pickle
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.cmd import build
from sphinx.util.nodes import extract_messages

from translation.catalogs.catalog import Source
from translation.fault import TranslationError
from translation.sources.sources import Page

_OUTPUT = Path("docs/_build/gettext")
_MADE = "recipes/"
"""The folder of pages that Sphinx-Gallery makes; their sources are the recipes."""

_NOTES = {
    nodes.paragraph: "paragraph",
    nodes.title: "title",
    nodes.caption: "caption",
    nodes.image: "image alternative",
    nodes.meta: "description for search engines",
    addnodes.toctree: "title of a list of pages",
}
_PLAIN = (nodes.image, nodes.meta, addnodes.toctree)
"""What holds text that is shown as it is."""

# What is the same in every language: code, formulas, links to names of an API, and
# roles that bring their own label.
_NAMES = re.compile(
    r"\[`?[A-Za-z_]\w*(?:\.\w+)+(?:\(\))?`?\]\([^)]*\)"
    r"|\{[\w.:+-]+\}`[^`<]+`|`+[^`]+`+|\$[^$]+\$"
)


def markdown_pages(project: Path) -> Iterator[Page]:
    """Have Sphinx read all pages, and yield those that are not recipes.

    Raises:
        TranslationError: Sphinx could not read the pages.
    """
    _read_pages(project)
    trees = project / _OUTPUT / ".doctrees"
    for path in sorted(trees.rglob("*.doctree")):
        name = path.relative_to(trees).with_suffix("").as_posix()
        if name.startswith(_MADE):
            continue
        # Sphinx wrote it a moment ago, or when it last read this page.
        document = pickle.loads(path.read_bytes())  # noqa: S301
        if Path(document["source"]).is_file():  # else, the page is gone
            place = _place(project, document["source"])
            yield Page(name, list(_messages(project, document)), place)


def _read_pages(project: Path) -> None:
    # Never runs a recipe, says nothing if all is well, and needs no finished page.
    settings = ("-D", "recordings_mode=replay", "-D", "gettext_compact=0")
    folders = (str(project / "docs"), str(project / _OUTPUT))
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        status = build.main(["-q", "-b", "gettext", *settings, *folders])
    if status:
        hint = "The pages in docs/ could not be read, see above."
        raise TranslationError(f"{said.getvalue().strip()}\n{hint}")


def _messages(project: Path, document: nodes.document) -> Iterator[Source]:
    for node, text in extract_messages(document):
        if not has_words(text):
            continue
        place = _place(project, node.source or document["source"])
        note = next(
            (said for kind, said in _NOTES.items() if isinstance(node, kind)), ""
        )
        line = max(node.line or 1, 1)  # a page's settings have none
        source = Source(text, place, line, note)
        if isinstance(node, _PLAIN):
            source = source._replace(syntax="text")
        elif place.endswith(".md"):
            source = source._replace(syntax="markdown")
        yield source


def has_words(text: str) -> bool:
    """Tell whether there is anything to translate in a message of a page."""
    return bool(re.search(r"[^\W\d_]", _NAMES.sub("", text)))


def _place(project: Path, source: Any) -> str:
    return Path(os.path.relpath(source, project)).as_posix()
