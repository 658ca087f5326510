"""The messages of pages in Markdown, as Sphinx finds them.

Sphinx's gettext builder reads the pages, and Sphinx's `extract_messages` takes the
messages out of the document trees that it keeps. Its translation looks for messages
with the same function in the same trees. The `.pot` files that the builder writes lack
some: by then, sphinx-design has replaced the labels of buttons by copies, which Sphinx
leaves out.
"""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from docutils import nodes
from sphinx import addnodes
from sphinx.util.nodes import extract_messages

from translation.catalogs.catalog import Source
from translation.sources.sources import Message, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

_OUTPUT: Final = Path("docs/_build/gettext")
_MADE: Final = "recipes/"
"""Where pages stand that Sphinx-Gallery makes; their sources are the recipes."""

_NOTES: Final = {
    nodes.paragraph: "paragraph",
    nodes.title: "title",
    nodes.caption: "caption",
    nodes.image: "image alternative",
    nodes.meta: "description for search engines",
    addnodes.toctree: "title of a list of pages",
}
_PLAIN: Final = (nodes.image, nodes.meta, addnodes.toctree)
"""What holds text that is shown as it stands."""


# What is the same in every language: code, formulas, links to names of an API, and
# roles that bring their own label.
_NAMES: Final = re.compile(
    r"\[`?[A-Za-z_]\w*(?:\.\w+)+(?:\(\))?`?\]\([^)]*\)"
    r"|\{[\w.:+-]+\}`[^`<]+`|`+[^`]+`+|\$[^$]+\$"
)


class BuildFailed(Exception):  # noqa: N818 - what happened, as a build reports it
    """Sphinx could not read the pages; the message is what it said."""


def markdown_pages(project: Path) -> Iterator[Page]:
    """Have Sphinx read all pages, and give those that are no recipes.

    Args:
        project: The folder that `docs/` stands in.

    Raises:
        BuildFailed: Sphinx could not read the pages.
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
    command = (sys.executable, "-m", "sphinx", "-q", "-b", "gettext", *settings)
    done = subprocess.run(
        [*command, "docs", str(_OUTPUT)],
        cwd=project,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise BuildFailed(f"{said}\nThe pages in docs/ could not be read, see above.")


def _messages(project: Path, document: nodes.document) -> Iterator[Message]:
    for node, text in extract_messages(document):
        if not has_words(text):
            continue
        place = _place(project, node.source or document["source"])
        note = next(
            (said for kind, said in _NOTES.items() if isinstance(node, kind)), ""
        )
        # A page's settings have no line.
        source = Source(text, place, max(node.line or 1, 1), note)
        if isinstance(node, _PLAIN):
            yield Message(source, "text")
        else:
            yield Message(source, "markdown" if place.endswith(".md") else "rest")


def has_words(text: str) -> bool:
    """Tell if there is anything to translate in a message of a page."""
    return bool(re.search(r"[^\W\d_]", _NAMES.sub("", text)))


def _place(project: Path, source: Any) -> str:
    return Path(os.path.relpath(source, project)).as_posix()
