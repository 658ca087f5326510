"""A page's description: its first paragraph, which is its answer, as plain text."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes

from editions.wide_text import joined

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LIMIT = 160
"""Columns that search results show, about; a Chinese character takes two."""
KEY = "answer"
"""Where the environment keeps a page's first paragraph, among its metadata."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])")
_SPACE = re.compile(r"\s+")

Piece = tuple[str, str]
"""A text, and the page whose title is to stand there instead, if any."""


def remember(app: "Sphinx", document: nodes.document) -> None:
    """Note the first paragraph of a page when it is read."""
    page = app.env.docname
    app.env.metadata[page][KEY] = list(pieces(document))


def description(metadata: Mapping[str, Any], titles: Mapping[str, nodes.title]) -> str:
    """Return a page's description, or nothing where it has no paragraph."""
    known: Sequence[Piece] = metadata.get(KEY, ())
    text = "".join(
        titles[page].astext() if page in titles else text for text, page in known
    )
    return shorten(_SPACE.sub(" ", joined(text)).strip())


def pieces(document: nodes.document) -> Iterator[Piece]:
    """Yield the pieces of a page's first paragraph, or what its `meta` says."""
    for meta in document.findall(nodes.meta):
        if meta.get("name") == "description":
            yield str(meta["content"]), ""
            return
    for paragraph in document.findall(nodes.paragraph):
        if _is_prose(paragraph):
            yield from _inside(paragraph)
            return


def _is_prose(paragraph: nodes.paragraph) -> bool:
    """Return whether a paragraph is of the page's own text and not beside it."""
    above = paragraph.parent
    while isinstance(above, (nodes.section, nodes.container)):
        above = above.parent
    return isinstance(above, nodes.document) and bool(paragraph.astext().strip())


def _inside(node: nodes.Node) -> Iterator[Piece]:
    for child in node.children:
        if isinstance(child, nodes.Text):
            yield child.astext(), ""
        elif isinstance(child, addnodes.pending_xref) and _names_a_page(child):
            yield child.astext(), child["reftarget"].lstrip("/")
        elif not isinstance(child, (nodes.Invisible, nodes.footnote_reference)):
            yield from _inside(child)


def _names_a_page(link: addnodes.pending_xref) -> bool:
    return link.get("reftype") == "doc" and not link.get("refexplicit")


def shorten(text: str, limit: int = LIMIT) -> str:
    """Cut a text where a sentence ends, or at least a word.

    Examples:
        >>> shorten("One is short. Two is longer.", 20)
        'One is short.'
        >>> shorten("Some words and no end", 12)
        'Some words…'
    """
    if columns(text) <= limit:
        return text
    end = 0
    for sentence in _SENTENCE.finditer(text):
        if columns(text[: sentence.start()]) > limit:
            break
        end = sentence.start()
    if end:
        return text[:end]
    while columns(text) >= limit:
        shorter = text.rpartition(" ")[0]
        # Chinese has few spaces: a character is a word.
        text = shorter if columns(shorter) > limit // 2 else text[:-1]
    return f"{text.rstrip(' ,;:，；：、')}…"  # noqa: RUF001 - Chinese punctuation


def columns(text: str) -> int:
    """Return how wide a text is, counted in Latin letters."""
    return sum(1 + (unicodedata.east_asian_width(each) in "WF") for each in text)
