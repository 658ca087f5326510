"""Break translated text into lines without changing what it shows.

Prose is broken where a space is, and between Chinese characters: pages and notebooks
close that gap again. It is not broken within markup, where a space counts. No line
begins with a closing mark or ends with an opening one.
"""

import re
from collections.abc import Iterable, Iterator
from unicodedata import category, east_asian_width

from docutils.utils import column_width

WIDTH = 88

_END = r"\x00-\x1f\x7f\x85\u2028\u2029"
_LINE_END = re.compile(f"[ {_END}]*[{_END}][ {_END}]*")
# A word of prose, with the spaces in it that must not become the end of a line.
_WORD = re.compile(
    r"(?:``.+?``|:[\w.+:-]+:`[^`]+`|`[^`<]*`|\|[^|\s][^|]*\||\\.|[^ ]|(?<= ) | (?= ))+"
)
# What must not be broken: markup, or a character.
_ATOM = re.compile(
    r"``.+?``|:[\w.+:-]+:`[^`]+`|`[^`<]*`|\*\*.+?\*\*|\*.+?\*|\|[^|\s][^|]*\||\\.|."
)
RULE = re.compile(r"([!-/:-@\[-`{-~])\1*")
"""A line that reST may take for one above or below a title."""


def joined(lines: Iterable[str]) -> str:
    """Join lines of reST whose ends mean nothing."""
    return one_line(" ".join(line.strip() for line in lines))


def one_line(text: str) -> str:
    """Put a text on one line, with nothing in it that would end a line."""
    return _LINE_END.sub(" ", text).strip()


def wrap_prose(text: str, first: int, other: int) -> list[str]:
    """Break a line of reST where a space is, or between Chinese characters.

    Args:
        text: The line.
        first: In which column the first line begins.
        other: In which column the others begin.
    """
    lines = _filled(_prose_pieces(text), first, other)
    if any(RULE.fullmatch(line) for line in lines[1:]):
        return [text]  # such a line would make a title of the one above
    return lines


def wrap_comment(text: str, column: int) -> list[str]:
    """Break a line of a comment between words or Chinese characters.

    Args:
        text: The line.
        column: In which column it begins.
    """
    pieces = (("", piece) for piece in _pieces(text))
    lines = _filled(pieces, column, column)
    return [line.strip() for line in lines if line.strip()]


def _filled(pieces: Iterable[tuple[str, str]], first: int, other: int) -> list[str]:
    """Fill lines with pieces, as many on each as find room.

    Args:
        pieces: Each with what is between it and the one before.
        first: In which column the first line begins.
        other: In which column the others begin.
    """
    lines: list[str] = []
    column = 0
    for glue, piece in pieces:
        width = column_width(f"{glue}{piece}")
        if lines and column + width <= WIDTH:
            lines[-1] += f"{glue}{piece}"
            column += width
        else:
            column = (other if lines else first) + width - len(glue)
            lines.append(piece)
    return lines


def _prose_pieces(text: str) -> Iterator[tuple[str, str]]:
    """Cut prose into words, and these between two Chinese characters."""
    for word in _WORD.findall(text):
        glue, piece, before = " ", "", ""
        for atom in _ATOM.findall(word):
            if len(before) == len(atom) == 1 and _may_break_prose(before, atom):
                yield glue, piece
                glue, piece = "", ""
            piece += atom
            before = atom
        yield glue, piece


def _may_break_prose(before: str, after: str) -> bool:
    # The gap is closed again only if both are wide.
    both = all(east_asian_width(char) in "WF" for char in (before, after))
    return both and _may_break(before, after)


def _pieces(text: str) -> Iterator[str]:
    """Cut a line wherever it may be broken."""
    piece = ""
    for char in text:
        if piece and _may_break(piece[-1], char):
            yield piece
            piece = ""
        piece += char
    yield piece


def _may_break(before: str, after: str) -> bool:
    if before == " " or after == " ":
        return before != after
    if not any(east_asian_width(char) in "WF" for char in (before, after)):
        return False
    opening, closing = {"Ps", "Pi"}, {"Pe", "Pf", "Po"}
    return category(before) not in opening and category(after) not in closing
