"""See the prose of a file as reST sees it, and know where each character is.

Prose is in a docstring, in comment lines, or is the whole file. Sphinx-Gallery and
docutils take off the quotes, the `#`, the margin and what follows the last word of a
line, and expand tabs. What they then read is here a list of lines, and each character
of a line knows its offset in the file.
"""

import ast
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import NamedTuple

_TAB = 8

_Encode = Callable[[str, str, str], str]
"""Writes prose as it must be in a file, between two characters that are there."""


class Line(NamedTuple):
    """One line of prose."""

    text: str
    at: Sequence[int]
    """The offset in the file of each character, and of the end."""

    @property
    def blanks(self) -> int:
        """How far the line is indented."""
        return len(self.text) - len(self.text.lstrip())

    def cut(self, columns: int) -> "Line":
        """Return the line from a column on."""
        columns = min(columns, len(self.text))
        return Line(self.text[columns:], self.at[columns:])


@dataclass(frozen=True)
class Prose:
    """Lines of prose, and how to write others in their place."""

    file: str
    """The text of the whole file."""
    lines: Sequence[Line]
    margin: str
    """What each line begins with in the file."""
    encode: _Encode

    def encoder(self, start: int, end: int) -> Callable[[str], str]:
        """Return what writes prose in the place of a part of the file."""
        before, after = self.file[max(start - 1, 0) : start], self.file[end : end + 1]
        return lambda prose: self.encode(prose, before, after)


def file_prose(file: str) -> Prose:
    """See a whole file as prose."""
    return Prose(file, _lines(file, 0, _RAW), "", _plain(file))


def comment_prose(file: str, rows: Sequence[tuple[int, str]]) -> Prose:
    """See comment lines as prose, as Sphinx-Gallery does with those below `# %%`.

    Args:
        file: The text of the whole file.
        rows: The offset of each comment, and the comment, which begins with `#`.
    """
    texts = [row[1:] for _, row in rows if row[1:].strip()]
    first = dedent("\n".join(texts)).partition("\n")[0]
    margin = texts[0].removesuffix(first) if texts else ""
    lines = []
    for at, row in rows:
        start = min(1 + len(margin), len(row))
        lines.append(_line(row[start:], range(at + start, at + len(row) + 1)))
    while lines and not lines[0].text:
        del lines[0]
    flush = [line.cut(line.blanks) for line in lines[:1]]
    return Prose(file, [*flush, *lines[1:]], f"#{margin}", _plain(file))


def docstring_prose(file: str, token: str, offset: int) -> Prose:
    """See a docstring as prose.

    Args:
        file: The text of the whole file.
        token: The string literal, with its quotes.
        offset: Where in the file it begins.
    """
    opening = re.match(r"""(\w*)("{3}|'{3}|"|')""", token)
    if opening is None:
        raise ValueError(token)
    prefix, quote = opening.groups()
    inner = token[opening.end() : -len(quote)]
    is_raw = "r" in prefix.lower()
    first, *others = _lines(inner, offset + opening.end(), _RAW if is_raw else _PIECE)
    margin = min((line.blanks for line in others if line.text), default=0)
    lines = [first.cut(first.blanks), *(line.cut(margin) for line in others)]
    encode = _plain(file) if is_raw else _escaped(file, quote)
    return Prose(file, lines, " " * margin, encode)


def _lines(text: str, offset: int, pieces: re.Pattern[str]) -> list[Line]:
    """Divide a part of a file into lines, with the offset of each character."""
    rows: list[tuple[list[str], list[int]]] = [([], [])]
    for piece in pieces.finditer(text):
        for char in _meaning(piece[0]) if pieces is _PIECE else piece[0][-1]:
            characters, offsets = rows[-1]
            offsets.append(offset + piece.start())
            if char == "\n":
                rows.append(([], []))
            else:
                characters.append(char)
    rows[-1][1].append(offset + len(text))
    return [_line("".join(characters), offsets) for characters, offsets in rows]


def _line(text: str, at: Sequence[int]) -> Line:
    """Make a line: its tabs expanded, and nothing at its end."""
    wide, where = "", []
    for char, offset in zip(text, at, strict=False):
        count = _TAB - len(wide) % _TAB if char == "\t" else 1
        wide += (" " if char in "\t\v\f" else char) * count
        where += [offset] * count
    stripped = wide.rstrip()
    return Line(stripped, [*where, at[-1]][: len(stripped) + 1])


# Strings -----------------------------------------------------------------------------

_RAW = re.compile(r"\r\n|.", re.DOTALL)
_PIECE = re.compile(
    r"\\(?:\r\n|[0-7]{1,3}|x.{2}|u.{4}|U.{8}|N\{[^}]*\}|.)|\r\n|.", re.DOTALL
)


def _meaning(piece: str) -> str:
    """Return what a character of a string, or an escape, is read as."""
    if piece[0] != "\\":
        return piece[-1]
    with warnings.catch_warnings(action="ignore"):  # of escapes that are none
        return str(ast.literal_eval(f'"{piece}"'))


def _plain(file: str) -> _Encode:
    """Write prose as it is, with the line ends of a file."""
    ending = "\r\n" if "\r\n" in file else "\n"
    return lambda prose, _before, _after: prose.replace("\n", ending)


def _escaped(file: str, quote: str) -> _Encode:
    """Write prose in a string that is not raw."""
    plain = _plain(file)
    mark = re.compile(rf"(?<={quote[0]}){quote[0]}|{quote[0]}(?={quote[0]})")

    def encode(prose: str, before: str, after: str) -> str:
        prose = prose.replace("\\", r"\\").replace("\0", r"\0")
        if len(quote) == 1:
            return prose.replace(quote, f"\\{quote}").replace("\n", r"\n")
        whole = f"{before}{prose}{after}"
        inside = range(len(before), len(whole) - len(after))
        whole = mark.sub(lambda m: f"\\{m[0]}" if m.start() in inside else m[0], whole)
        return plain(whole[len(before) : len(whole) - len(after)], before, after)

    return encode
