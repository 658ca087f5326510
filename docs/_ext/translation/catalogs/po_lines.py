"""Find what is wrong with the lines of a `.po` file, which polib lets pass.

polib takes `msgid "cut` for `cu`, and a message without a translation for one that is
not translated yet. A file that was cut in half would lose translations in silence.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE: Final = re.compile(
    r"\s*(?P<mark>\#~\||\#~|\#\|)?\s*"
    r"(?:(?P<keyword>msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?)\s*)?"
    r'"(?:[^"\\]|\\.)*"\s*'
)
# What may stand above each keyword, comments aside.
_ABOVE: Final = {
    "": {"msgctxt", "msgid", "msgid_plural", "msgstr"},
    "msgctxt": {"", "msgstr"},
    "msgid": {"", "msgctxt", "msgstr"},
    "msgid_plural": {"msgid"},
    "msgstr": {"msgid", "msgid_plural", "msgstr"},
}
_COMMENT: Final = re.compile(r"\s*#(?![~|])")
_CHARSET: Final = re.compile(r"Content-Type:.*charset=([^\\\s\"]+)")


class Fault(NamedTuple):
    """What is wrong with a file, and the line that is to blame."""

    line: int
    cause: str


def read(content: bytes) -> str | Fault:
    """Decode a `.po` file, if its lines are in order.

    Args:
        content: The bytes of the file.

    Returns:
        The text, or what is wrong.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Fault(line, f"byte 0x{content[error.start]:02x} is not UTF-8")
    return next(chain(_encoding_faults(text), _structure_faults(text)), None) or text


def _encoding_faults(text: str) -> Iterator[Fault]:
    if text.startswith("\ufeff"):
        yield Fault(1, "the file begins with a byte order mark")
    charset = _CHARSET.search(text)
    if charset and charset[1].upper() not in {"UTF-8", "UTF8"}:
        line = text.count("\n", 0, charset.start()) + 1
        yield Fault(line, f"the charset is {charset[1]}, and must be UTF-8")


def _structure_faults(text: str) -> Iterator[Fault]:
    above, number_above = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or _COMMENT.match(line):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            yield Fault(number, f"not a line of a catalog: {line.strip()[:60]}")
        elif match["mark"] not in {"#|", "#~|"}:
            keyword = (match["keyword"] or "").partition("[")[0]
            if above not in _ABOVE[keyword]:
                yield Fault(number, f"{keyword or 'text'} below {above or 'nothing'}")
            if keyword:
                above, number_above = keyword, number
    if above != "msgstr":
        cause = f"the file ends after {above}" if above else "the file has no messages"
        yield Fault(number_above, cause)
    elif not text.endswith("\n"):
        yield Fault(text.count("\n") + 1, "the file ends within a line")
