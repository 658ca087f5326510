"""See the prose of a file as reST sees it, and know where each character stands.

Prose stands in a docstring, in comment lines, or is the whole file. Sphinx-Gallery and
docutils take off the quotes, the `#`, the margin and what follows the last word of a
line, and expand tabs. What they then read is here a list of lines, and each character
of a line knows its offset in the file.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TAB: Final = 8

Encode: TypeAlias = "Callable[[str, str, str], str]"
"""Write prose as it must stand in a file, between two characters that are there."""


class Line(NamedTuple):
    """One line of prose, or what is left of it behind a marker such as a bullet."""

    text: str
    at: Sequence[int]
    """The offset in the file of each character, and of the end."""
    hang: int = 0
    """The column in which the text goes on if it is broken into several lines."""

    def cut(self, columns: int, hang: int | None = None) -> Line:
        """Return what stands from a column on.

        Args:
            columns: How many characters to take off.
            hang: The new hanging column; if not given, it moves along.
        """
        hang = self.hang + columns if hang is None else hang
        columns = min(columns, len(self.text))
        return Line(self.text[columns:], self.at[columns:], hang)


@dataclass(frozen=True)
class Prose:
    """Lines of prose, and how to write others in their place."""

    lines: Sequence[Line]
    margin: str
    """What each line begins with in the file."""
    encode: Encode


def of_file(text: str) -> Prose:
    """See a whole file as prose."""
    starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text) + 1]
    rows = [(a, text[a : b - 1].removesuffix("\r")) for a, b in pairwise(starts)]
    lines = [_line(row, range(at, at + len(row) + 1)) for at, row in rows]
    return Prose(lines, "", _plain(text))


def of_comments(text: str, rows: Sequence[tuple[int, str]]) -> Prose:
    """See comment lines as prose, as Sphinx-Gallery does with those below `# %%`.

    Args:
        text: The whole file.
        rows: The offset of each comment, and the comment, which begins with `#`.
    """
    texts = [row[1:] for _, row in rows if row[1:].strip()]
    blanks = [text[: _blanks(text)] for text in texts]
    margin = _common(min(blanks, default=""), max(blanks, default=""))
    lines = []
    for at, row in rows:
        start = min(1 + len(margin), len(row))
        lines.append(_line(row[start:], range(at + start, at + len(row) + 1)))
    return Prose(_without_top(lines), f"#{margin}", _plain(text))


def of_docstring(text: str, token: str, offset: int) -> Prose:
    """See a docstring as prose.

    Args:
        text: The whole file.
        token: The string literal, with its quotes.
        offset: Where in the file it begins.
    """
    opening = re.match(r"""(\w*)("{3}|'{3}|"|')""", token)
    if opening is None:
        raise ValueError(token)
    prefix, quote = opening.groups()
    inner = token[opening.end() : -len(quote)]
    pieces = _PIECE if "r" not in prefix.lower() else _RAW_PIECE
    rows: list[tuple[list[str], list[int]]] = [([], [])]
    for piece in pieces.finditer(inner):
        at = offset + opening.end() + piece.start()
        for char in _meaning(piece[0], raw=pieces is _RAW_PIECE):
            characters, offsets = rows[-1]
            offsets.append(at)
            if char == "\n":
                rows.append(([], []))
            else:
                characters.append(char)
    rows[-1][1].append(offset + len(token) - len(quote))
    lines = [_line("".join(characters), offsets) for characters, offsets in rows]
    margin = min((_blanks(line.text) for line in lines[1:] if line.text), default=0)
    first = lines[0].cut(_blanks(lines[0].text), hang=0)
    lines = [first, *(line.cut(margin, hang=0) for line in lines[1:])]
    encode = _plain(text) if pieces is _RAW_PIECE else _escaped(text, quote)
    return Prose(lines, " " * margin, encode)


def _line(text: str, at: Sequence[int]) -> Line:
    """Make a line: its tabs expanded, and nothing at its end."""
    if re.search(r"[\t\v\f]", text):
        wide: list[str] = []
        where: list[int] = []
        for char, offset in zip(text, at, strict=False):
            count = _TAB - len(wide) % _TAB if char == "\t" else 1
            wide += [" " if char in "\t\v\f" else char] * count
            where += [offset] * count
        text, at = "".join(wide), [*where, at[-1]]
    stripped = text.rstrip()
    return Line(stripped, at[: len(stripped) + 1])


def _without_top(lines: Sequence[Line]) -> list[Line]:
    """Leave out the empty lines at the top, and the first line's indentation."""
    top = next((n for n, line in enumerate(lines) if line.text), len(lines))
    first = [line.cut(_blanks(line.text), hang=0) for line in lines[top : top + 1]]
    return [*first, *lines[top + 1 :]]


def _common(one: str, other: str) -> str:
    """Return what two texts both begin with."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return "".join(char for char, _ in pairs)


def _blanks(text: str) -> int:
    return len(text) - len(text.lstrip())


# Strings -----------------------------------------------------------------------------

_RAW_PIECE: Final = re.compile(r"\r\n|.", re.DOTALL)
_PIECE: Final = re.compile(
    r"\\(?:\r\n|[0-7]{1,3}|x.{2}|u.{4}|U.{8}|N\{[^}]*\}|.)|\r\n|.", re.DOTALL
)


def _meaning(piece: str, *, raw: bool) -> str:
    """Return what a character of a string, or an escape, stands for."""
    if piece == "\r\n":
        return "\n"
    if raw or piece[0] != "\\":
        return piece
    with warnings.catch_warnings(action="ignore"):  # of escapes that are none
        return str(ast.literal_eval(f'"{piece}"'))


def _plain(text: str) -> Encode:
    """Write prose as it is, with the line ends of a file."""
    ending = "\r\n" if "\r\n" in text else "\n"
    return lambda prose, _before, _after: prose.replace("\n", ending)


def _escaped(text: str, quote: str) -> Encode:
    """Write prose in a string that is not raw."""
    plain = _plain(text)
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
