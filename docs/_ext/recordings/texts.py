"""Clean what a recipe printed or raised, before it is shown or kept.

Python's strings may hold what no file in UTF-8 and no terminal can: half of a character
(a lone surrogate). It is written as Python itself writes it to standard error.
"""

import re

LONGEST_LINE = 300
"""Characters of the reason why a recipe failed."""
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[^\n\t\x20-\x7e\xa0-\U0010ffff]")
_HALF = re.compile("[\ud800-\udfff]")


def cleaned(text: str) -> str:
    r"""Return a text that UTF-8 can hold.

    Examples:
        >>> print(cleaned("half a smile: \ud83d"))
        half a smile: \ud83d
    """
    return _HALF.sub(lambda match: f"\\u{ord(match[0]):x}", text)


def cleaned_json(document: str) -> str:
    """Return JSON all of whose texts are cleaned."""
    return _HALF.sub(lambda match: f"\\\\u{ord(match[0]):x}", document)


def has_half(text: str) -> bool:
    """Tell whether a text has half of a character in it."""
    return bool(_HALF.search(text))


def without_controls(text: str) -> str:
    """Return a text that can do nothing to a terminal."""
    return _CONTROLS.sub("", text)


def one_line(text: str) -> str:
    """Make a reason fit for a table."""
    line = without_controls(" ".join(text.split()))
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"
