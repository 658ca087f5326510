"""Find the messages in prose: docutils reads it, and each text is found again in place.

docutils keeps the source of each text, less the indentation and the marker before it,
and its line. Texts are looked up in their order, each from its line on, as the end of
that line and the whole of those below. So a text that is also in code, or is there
twice, is not taken for the other.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from docutils import nodes
from docutils.utils import column_width

from recordings import rest
from translation.messages import forms
from translation.messages.forms import Form, Place
from translation.messages.prose import Line, Prose
from translation.messages.wrapping import joined

_PROSE_OPTIONS = ("alt", "caption")
"""The options of a directive that are prose, whatever the directive."""

_PARAGRAPHS = (nodes.paragraph, nodes.caption, nodes.attribution, nodes.inline)
_LINES = (nodes.term, nodes.line, nodes.rubric, nodes.title)
_ITEM = re.compile(r"(?:[-*+\u2022\u2023\u2043] ++|\(?(?:\w++|#)[.)] ++| )*+")
"""What is before a text that goes on below in the column where it begins."""


class _Text(NamedTuple):
    """A text that docutils found."""

    name: str
    rows: Sequence[str]
    start: int
    """The line, from 0, from which to look for it."""
    mark: str = ""
    """What is before it on its line, whatever else is there."""

    @property
    def height(self) -> int:
        """How many lines it takes; a title also takes the line below it."""
        return len(self.rows) + (self.name == "title")


def messages(prose: Prose, *, is_top: bool = False) -> Iterator[Place]:
    """Find the places of the messages in prose, in their order.

    Args:
        prose: The prose.
        is_top: A page begins with this prose. A field list at its top is not for
            readers.
    """
    document = rest.parse("\n".join(line.text for line in prose.lines))
    if is_top and document.children and isinstance(document[0], nodes.field_list):
        del document[0]
    below = 0
    for text in _texts(document):
        row = _find(prose.lines, text, max(below, text.start))
        if row is not None:
            write = _title if text.name == "title" else _paragraph
            yield write(prose, text, row, below)
            below = row + text.height


def _texts(node: nodes.Element) -> Iterator[_Text]:
    """Yield the texts in a tree that are prose, in the order of their sources."""
    for child in node.children:
        if not isinstance(child, nodes.Element):
            continue
        options = child.get("options", child.attributes)
        for option in _PROSE_OPTIONS:
            # A picture in a substitution has the name of that, if it has no other.
            if (source := options.get(option)) and source not in node.get("names", ()):
                yield _text("line", child, source, f":{option}:")
        source = child.rawsource
        if isinstance(child, nodes.title) and isinstance(node, nodes.section):
            yield _text("title", child, source)
        elif isinstance(child, _LINES) and source:
            yield _text("line", child, source)
        elif isinstance(child, _PARAGRAPHS):
            yield _text("paragraph", child, source)
        elif not _is_opaque(child):
            yield from _texts(child)


def _text(name: str, node: nodes.Element, source: str, mark: str = "") -> _Text:
    line = (node.line or 1) - (name == "title")
    return _Text(name, source.rstrip().split("\n"), line - 1, mark)


def _is_opaque(node: nodes.Element) -> bool:
    """Tell whether what is in a node cannot be translated: code, or a drawn table."""
    is_drawn = isinstance(node, nodes.table) and "is_list" not in node
    return is_drawn or isinstance(node, (nodes.system_message, rest.directive))


def _find(lines: Sequence[Line], text: _Text, start: int) -> int | None:
    """Return the number of the first line, from one on, where a text begins."""
    first, *others = text.rows
    for row in range(start, len(lines) - text.height + 1):
        line = lines[row].text
        before = line.removesuffix(first)
        below = zip(lines[row + 1 :], others, strict=False)
        if (
            line.endswith(first)
            and not before[-1:].isalnum()
            and before.rstrip().endswith(text.mark)
            and all(line.text.strip() == other.strip() for line, other in below)
        ):
            return row
    return None


def _paragraph(prose: Prose, text: _Text, row: int, _below: int) -> Place:
    """Return the place of a text that begins on a line."""
    first, last = prose.lines[row], prose.lines[row + len(text.rows) - 1]
    before = first.text.removesuffix(text.rows[0])
    start, end = first.at[len(before)], last.at[-1]
    encode = prose.encoder(start, end)
    if text.name == "line" or (last is first and not _ITEM.fullmatch(before)):
        put = forms.line(encode)
    else:
        hang = len(before) if last is first else last.blanks
        column = column_width(prose.file[prose.file.rfind("\n", 0, start) + 1 : start])
        put = forms.paragraph(encode, prose.margin + " " * hang, column)
    return Place(start, end, joined(text.rows), Form(text.name, "rest", put))


def _title(prose: Prose, text: _Text, row: int, below: int) -> Place:
    """Return the place of a title with the line below it, and the one above if any."""
    above, line, rule = prose.lines[max(row - 1, 0)], *prose.lines[row : row + 2]
    has_overline = row > below and above.text == rule.text
    start, end = (above if has_overline else line).at[0], rule.at[-1]
    inset = line.blanks if has_overline else None
    put = forms.title(prose.encoder(start, end), prose.margin, rule.text[0], inset)
    return Place(start, end, joined(text.rows), Form(text.name, "rest", put))
