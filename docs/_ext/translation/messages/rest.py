"""Find the messages in reST, block by block, as docutils takes it apart.

docutils reads lines from the top, tells by a line's beginning what it is, and by the
indentation of the lines below how far it goes. So does the scanner here, with docutils'
own patterns, but it keeps the place of each line in the file.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from docutils.parsers.rst.states import Body
from docutils.utils import column_width

from translation.messages.blocks import (
    attributed,
    blank_line,
    first_known,
    indented,
    is_inside,
    known,
    literal_end,
    simple_table_end,
    text_at,
)
from translation.messages.directives import prose_parts
from translation.messages.enumerators import Enumerator, enumerator
from translation.messages.forms import OneLine, Paragraph, Place, Title
from translation.messages.wrapping import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from translation.messages.prose import Line, Prose

_PATTERNS: Final = {name: re.compile(p) for name, p in Body.patterns.items()}
_UNDERLINE: Final = _PATTERNS["line"]
_EXPLICIT: Final = {
    method.__name__: pattern for method, pattern in Body.explicit.constructs
}
_SUBSTITUTION: Final = re.compile(r"(?:\\.|[^\\|])+\|\s+([\w.:+-]+?)\s?::(?: +|$)")
_SHORT: Final = 4
"""docutils takes a line of fewer punctuation marks for text."""


def messages(prose: Prose, text: str, *, is_top: bool = False) -> list[Place]:
    """Find the places of the messages in the prose of a file.

    Args:
        prose: The prose.
        text: The whole file.
        is_top: A page begins with this prose. A field list at its top is not for
            readers.

    Returns:
        The places, in their order in the file.
    """
    scanner = _Scanner(prose, text)
    lines, at = prose.lines, 0
    while is_top and at < len(lines):
        if lines[at].text and not _PATTERNS["field_marker"].match(lines[at].text):
            break
        at = first_known(lines, at, 0)[1] if lines[at].text else at + 1
    scanner.body(lines[at:], titles=True)
    return sorted(scanner.found, key=lambda place: place.start)


_Reader: TypeAlias = "Callable[[Sequence[Line], int], int | None]"


class _Scanner:
    """A walk through lines of reST, which remembers where messages stand.

    Each method that takes lines and a number, `at`, reads one element that begins at
    that line, and returns the number of the line after it, or None if the line only
    looked like such an element and is text.
    """

    def __init__(self, prose: Prose, text: str) -> None:
        self.prose = prose
        self.text = text
        self.found: list[Place] = []
        self.readers: dict[str, _Reader] = {
            "bullet": self.bullet,
            "enumerator": self.enumerated_list,
            "field_marker": self.field,
            "option_marker": self.option,
            "doctest": blank_line,
            "line_block": self.line_of_block,
            "grid_table_top": blank_line,
            "simple_table_top": simple_table_end,
            "explicit_markup": self.explicit,
            "anonymous": _target_end,
        }

    def body(self, lines: Sequence[Line], *, titles: bool = False) -> None:
        at = 0
        while at < len(lines):
            at = self.element(lines, at, titles=titles)

    def element(self, lines: Sequence[Line], at: int, *, titles: bool) -> int:
        text = lines[at].text
        if not text:
            return at + 1
        if text[0] == " ":
            block, end = indented(lines, at)
            self.quotation(block)
            return end
        readers: dict[str, _Reader] = {
            **self.readers,
            "line": partial(self.ruled, titles=titles),
        }
        read = next((r for n, r in readers.items() if _PATTERNS[n].match(text)), None)
        end_of_it = read(lines, at) if read else None
        return end_of_it or self.words(lines, at, titles=titles)

    def quotation(self, lines: Sequence[Line]) -> None:
        while found := attributed(lines):
            count, attribution, end = found
            self.body(lines[:count])
            self.add(attribution)
            lines = lines[end:]
        self.body(lines)

    # Text --------------------------------------------------------------------------

    def words(self, lines: Sequence[Line], at: int, *, titles: bool) -> int:
        """Read what begins with a line of text: a title, a term or a paragraph."""
        text, below = lines[at].text, text_at(lines, at + 1)
        if below.startswith(" "):
            self.add(lines[at : at + 1], one_line=True)
            block, end = indented(lines, at + 1)
            self.body(block)
            return end
        if _UNDERLINE.match(below) and (
            column_width(text) <= len(below) or len(below) >= _SHORT
        ):
            if titles:
                self.add_title(lines[at : at + 2], lines[at])
            return at + 2
        end = at + 1
        while end < len(lines) and not is_inside(lines[end].text):
            end += 1
        if text != "::" or end > at + 1:
            self.add(lines[at:end])
        if re.search(r"(?<!\\)(\\\\)*::$", lines[end - 1].text):
            return literal_end(lines, end)
        return end

    def ruled(self, lines: Sequence[Line], at: int, *, titles: bool) -> int | None:
        """Read what begins with a line of punctuation: a title or a transition."""
        rule, title, below = (text_at(lines, at + n) for n in range(3))
        if not titles or not title:
            is_text = len(rule) < _SHORT or rule == "::"
            return None if is_text else at + 1
        if _UNDERLINE.match(title):
            return None if len(rule) < _SHORT else at + 2
        if rule != below or column_width(title) > len(rule):
            if len(rule) < _SHORT:
                return None
            if rule != below:
                return at + 3
        blanks = len(title) - len(title.lstrip())
        self.add_title(lines[at : at + 3], lines[at + 1].cut(blanks), blanks)
        return at + 3

    # Lists -------------------------------------------------------------------------

    def bullet(self, lines: Sequence[Line], at: int) -> int:
        return self.item(lines, at, _width("bullet", lines[at]))

    def item(self, lines: Sequence[Line], at: int, width: int) -> int:
        """Read what stands behind a bullet or an enumerator."""
        if lines[at].text[width:]:
            block, end = known(lines, at, width)
        else:
            block, end = first_known(lines, at, width)
        self.body(block)
        return end

    def enumerated_list(self, lines: Sequence[Line], at: int) -> int | None:
        """Read all items of a list: what a letter means, the one before tells."""
        end: int | None = None
        above: Enumerator | None = None
        while match := _PATTERNS["enumerator"].match(text_at(lines, at)):
            found = enumerator(match, above)
            below = lines[at + 1].text if at + 1 < len(lines) else ""
            if not found or not found.is_item(below):
                break
            above = found
            at = end = self.item(lines, at, match.end())
            while at < len(lines) and not lines[at].text:
                at += 1
        return end

    def field(self, lines: Sequence[Line], at: int) -> int:
        block, end = first_known(lines, at, _width("field_marker", lines[at]))
        self.body(block)
        return end

    def option(self, lines: Sequence[Line], at: int) -> int | None:
        block, end = first_known(lines, at, _width("option_marker", lines[at]))
        if not any(line.text for line in block):
            return None
        self.body(block)
        return end

    def line_of_block(self, lines: Sequence[Line], at: int) -> int:
        width = _width("line_block", lines[at])
        block, end = first_known(lines, at, width, until_blank=True)
        self.add(block, one_line=True)
        return end

    # Explicit markup ---------------------------------------------------------------

    def explicit(self, lines: Sequence[Line], at: int) -> int:
        text = lines[at].text
        name, match = next(
            ((n, m) for n, p in _EXPLICIT.items() if (m := p.match(text))), ("", None)
        )
        if match is None:  # a comment
            if text == ".." and not text_at(lines, at + 1):
                return at + 1
            return first_known(lines, at, 2)[1]
        if name == "hyperlink_target":
            return _target_end(lines, at)
        block, end = first_known(lines, at, match.end())
        if name in {"footnote", "citation"}:
            self.body(block)
        elif name == "directive":
            self.directive(match[1], block)
        elif substitution := _SUBSTITUTION.match(block[0].text):
            inner = block[0].cut(substitution.end(), hang=block[0].hang)
            self.directive(substitution[1], [inner, *block[1:]])
        return end

    def directive(self, name: str, block: Sequence[Line]) -> None:
        """Read the parts of a directive that are prose."""
        parts = prose_parts(name, block)
        for lines in parts.lines:
            self.add(lines, one_line=True)
        self.body(parts.body)

    # Messages ----------------------------------------------------------------------

    def add(self, lines: Sequence[Line], *, one_line: bool = False) -> None:
        """Remember a message that stands on some lines."""
        lines = [line for line in lines if line.text.strip()]
        if not lines:
            return
        start, end = lines[0].at[0], lines[-1].at[-1]
        message = joined(line.text for line in lines)
        encode = self.encoder(start, end)
        if one_line:
            self.found.append(Place(start, end, message, OneLine(encode)))
            return
        prefix = self.prose.margin + " " * lines[-1 if len(lines) > 1 else 0].hang
        column = column_width(self.text[self.text.rfind("\n", 0, start) + 1 : start])
        form = Paragraph(encode, prefix, column)
        self.found.append(Place(start, end, message, form))

    def add_title(self, lines: Sequence[Line], title: Line, inset: int = 0) -> None:
        """Remember a title, with the lines above and below it."""
        start, end = lines[0].at[0], lines[-1].at[-1]
        form = Title(
            self.encoder(start, end),
            self.prose.margin + " " * lines[0].hang,
            lines[-1].text[0],
            has_overline=len(lines) > 2,  # noqa: PLR2004 - above, title, below
            inset=inset,
        )
        self.found.append(Place(start, end, title.text, form))

    def encoder(self, start: int, end: int) -> Callable[[str], str]:
        before, after = self.text[max(start - 1, 0) : start], self.text[end : end + 1]
        return lambda prose: self.prose.encode(prose, before, after)


def _target_end(lines: Sequence[Line], at: int) -> int:
    return first_known(lines, at, 0, until_blank=True)[1]


def _width(name: str, line: Line) -> int:
    """Return how many characters of a line are its marker."""
    match = _PATTERNS[name].match(line.text)
    return match.end() if match else 0
