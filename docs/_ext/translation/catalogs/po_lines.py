"""Find what is wrong with the lines of a `.po` file, which polib lets pass.

polib takes `msgid "cut` for `cu`, and a message without a translation for one that is
not translated yet. A file that was cut in half would lose translations in silence.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from translation.fault import FileError

_LINE = re.compile(
    r"\s*(?P<mark>\#~\||\#~|\#\|)?\s*"
    r"(?:(?P<keyword>msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?)\s*)?"
    r'"(?:[^"\\]|\\.)*"\s*'
)
# What may be above each keyword, comments aside.
_ABOVE = {
    "": {"msgctxt", "msgid", "msgid_plural", "msgstr"},
    "msgctxt": {"", "msgstr"},
    "msgid": {"", "msgctxt", "msgstr"},
    "msgid_plural": {"msgid"},
    "msgstr": {"msgid", "msgid_plural", "msgstr"},
}
_COMMENT = re.compile(r"\s*#(?![~|])")
_CHARSET = re.compile(r"Content-Type:.*charset=([^\\\s\"]+)")


class CatalogError(FileError):
    """A catalog cannot be used."""


def read(path: Path) -> str:
    """Read a `.po` file whose lines are in order.

    Raises:
        CatalogError: They are not, or the file is not in UTF-8.
    """
    content = path.read_bytes()
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        cause = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise CatalogError(path, line, cause) from error
    for line, cause in _faults(text):
        raise CatalogError(path, line, cause)
    return text


def _faults(text: str) -> Iterator[tuple[int, str]]:
    charset = _CHARSET.search(text)
    if charset and charset[1].upper() not in {"UTF-8", "UTF8"}:
        number = text.count("\n", 0, charset.start()) + 1
        yield number, f"the charset is {charset[1]}, and must be UTF-8"
    above, number_above = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or _COMMENT.match(line):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            yield number, f"not a line of a catalog: {line.strip()[:60]}"
        elif match["mark"] not in {"#|", "#~|"}:
            keyword = (match["keyword"] or "").partition("[")[0]
            if above not in _ABOVE[keyword]:
                yield number, f"{keyword or 'text'} below {above or 'nothing'}"
            if keyword:
                above, number_above = keyword, number
    if above != "msgstr":
        cause = f"the file ends after {above}" if above else "the file has no messages"
        yield number_above, cause
    elif not text.endswith("\n"):
        yield text.count("\n") + 1, "the file ends within a line"
