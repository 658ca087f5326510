"""Cut blocks out of lines, most by their indentation, as docutils does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from translation.messages.prose import Line

_ATTRIBUTION: Final = re.compile("(?:---?(?!-)|\u2014) *(?=[^ ])")
_TABLE_BORDER: Final = re.compile("=+[ =]*$")
_HANG: Final = 3
"""How far text goes on below a marker that leaves it open."""


def text_at(lines: Sequence[Line], at: int) -> str:
    """Return the text of a line; nothing beyond the last one."""
    return lines[at].text if at < len(lines) else ""


def is_inside(text: str) -> bool:
    """Tell if a line is indented, or empty."""
    return not text or text[0] == " "


def indented(lines: Sequence[Line], at: int) -> tuple[list[Line], int]:
    """Take lines as long as they are indented; return them flush, and the end."""
    end = at
    while end < len(lines) and is_inside(lines[end].text):
        end += 1
    return _flush(lines[at:end]), end


def known(lines: Sequence[Line], at: int, width: int) -> tuple[list[Line], int]:
    """Take a line behind its marker, and those that are indented as far."""
    end = at + 1
    while end < len(lines) and is_inside(lines[end].text):
        if lines[end].text[:width].strip():
            break
        end += 1
    return [line.cut(width) for line in lines[at:end]], end


def first_known(
    lines: Sequence[Line], at: int, width: int, *, until_blank: bool = False
) -> tuple[list[Line], int]:
    """Take a line behind its marker, and those that are indented at all."""
    end = at + 1
    while end < len(lines) and is_inside(lines[end].text):
        if until_blank and not lines[end].text:
            break
        end += 1
    rest = _flush(lines[at + 1 : end])
    hangs = [line.hang for line in rest if line.text]
    hang = hangs[0] if hangs else lines[at].hang + min(width, _HANG)
    return [lines[at].cut(width, hang=hang), *rest], end


def attributed(lines: Sequence[Line]) -> tuple[int, list[Line], int] | None:
    """Find in the lines of a quotation where it is said whose it is.

    Returns:
        How many lines stand above, the lines that say it, and the number of the line
        after them; None if nothing says it.
    """
    top = next((n for n, line in enumerate(lines) if line.text), len(lines))
    for at in range(top + 1, len(lines)):
        match = _ATTRIBUTION.match(lines[at].text)
        if lines[at - 1].text or not match:
            continue
        below = (n for n in range(at + 1, len(lines)) if not lines[n].text)
        end = next(below, len(lines))
        indents = {_blanks(line.text) for line in lines[at + 1 : end]}
        if len(indents) <= 1:
            hang = lines[at].hang + max(indents, default=_HANG)
            others = [line.cut(_blanks(line.text)) for line in lines[at + 1 : end]]
            return at, [lines[at].cut(match.end(), hang=hang), *others], end
    return None


def blank_line(lines: Sequence[Line], at: int) -> int:
    """Return the number of the first empty line from a line on."""
    while text_at(lines, at):
        at += 1
    return at


def literal_end(lines: Sequence[Line], at: int) -> int:
    """Return the number of the line after a literal block, indented or quoted."""
    block, end = indented(lines, at)
    if any(line.text for line in block):
        return end
    mark = text_at(lines, end)[:1]
    if mark.isalnum() or not mark.isascii():
        return end
    while mark and text_at(lines, end)[:1] == mark:
        end += 1
    return end


def simple_table_end(lines: Sequence[Line], at: int) -> int:
    """Return the number of the line after a table that is drawn with `=`."""
    borders = [
        n for n in range(at + 1, len(lines)) if _TABLE_BORDER.match(lines[n].text)
    ]
    for count, end in enumerate(borders, 1):
        is_wrong = len(lines[end].text) != len(lines[at].text)
        if is_wrong or count > 1 or not text_at(lines, end + 1):
            return end + 1
    return len(lines)


def _blanks(text: str) -> int:
    return len(text) - len(text.lstrip())


def _flush(lines: Sequence[Line]) -> list[Line]:
    """Take off the indentation that all lines have."""
    blanks = min((_blanks(line.text) for line in lines if line.text), default=0)
    return [line.cut(blanks) for line in lines]
