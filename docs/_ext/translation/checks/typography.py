"""Find faults in the typography of Chinese text.

Punctuation is full-width where it belongs to Chinese words, and a space stands between
Chinese and Latin letters, numbers or literals, but none beside full-width punctuation.
"""

import re
from collections.abc import Iterator

from translation.checks.markup import LITERAL

_HAN = r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]"
_LATIN = rf"[A-Za-z0-9\u00c0-\u024f\u0370-\u03ff{LITERAL}]"
# Comma, stop, semicolon, colon, marks, enumeration comma, parentheses, brackets.
_FULL = r"[\uff0c\u3002\uff1b\uff1a\uff01\uff1f\u3001\uff08\uff09\u300a-\u300d]"

_RULES = {
    "half-width punctuation": (
        rf"(?<={_HAN})\s*[,;!?]|(?<={_HAN}):|[,;!?](?=\s*{_HAN})|(?<! ):(?=\s*{_HAN})"
        rf"|(?<={_HAN})\.(?=\s|$|{_HAN})|(?<!\d)\.(?=\s*{_HAN})|\.(?={_HAN})"
        rf"|(?<={_HAN})\.\.\.|[,;:!?.](?=\s*$)"
    ),
    "half-width parenthesis": rf"(?<={_HAN})\s?[()]|[()](?={_HAN})|\((?=\s{_HAN})",
    "half-width quotation mark": rf"(?<={_HAN})[\"']|[\"'](?={_HAN})",
    "no space between Chinese and Latin": (
        rf"(?<={_HAN})(?={_LATIN})|(?<={_LATIN})(?={_HAN})|(?<=[%°])(?={_HAN})"
    ),
    "a space beside full-width punctuation": rf"\s(?={_FULL})|(?<={_FULL})[ \t]",
}
_PATTERNS = {rule: re.compile(pattern) for rule, pattern in _RULES.items()}
_AROUND = 6


def problems(words: str) -> Iterator[str]:
    """Say what is wrong with Chinese text.

    Args:
        words: The text, with `markup.LITERAL` for each literal.
    """
    if not re.search(_HAN, words):
        return
    for rule, pattern in _PATTERNS.items():
        if match := pattern.search(words):
            yield f"{rule}: {_around(words, match)}"


def _around(words: str, match: re.Match[str]) -> str:
    start = max(match.start() - _AROUND, 0)
    return words[start : match.end() + _AROUND].replace(LITERAL, "``…``").strip()
