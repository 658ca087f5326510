"""Write small pieces of Markdown that every CommonMark reader reads alike."""

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote

EMPHASIS = ("\ue001", "\ue002")
STRONG = ("\ue003", "\ue004")
"""Open and close emphasis until `finish` knows the characters around it."""

_STYLES = {EMPHASIS[0]: ("*", "em"), STRONG[0]: ("**", "strong")}
_BEWARE = {"*", *EMPHASIS, *STRONG}
_STYLED = re.compile("([\ue001\ue003])([^\ue001-\ue004]*)[\ue002\ue004]")
_SPECIAL = re.compile(
    r"[\\`*\[\]~$]|<(?=[A-Za-z/!?]|$)|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])"
)
_FIRST = re.compile(r"^(?:\d{1,9}(?=[.)](?:\s|$))|(?=[#>]|[-+](?:[\s-]|$)))")
_SAFE = "%:/?#[]@!$&'*+,;=~"
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
_WIDE_BREAK = re.compile(f"([{_WIDE}][\ue001-\ue004]*)\n(?=[\ue001-\ue004]*[{_WIDE}])")


def escape(text: str) -> str:
    r"""Escape what Markdown, or a viewer that knows `$…$`, would not read as text.

    Examples:
        >>> print(escape("a_b costs $5 * 2, see __init__ and <tag>"))
        a_b costs \$5 \* 2, see \_\_init\_\_ and \<tag>
    """
    return _SPECIAL.sub(r"\\\g<0>", text)


def join(pieces: Iterable[str]) -> str:
    """Put pieces of a line side by side, where they would not be read as one."""
    line = ""
    for piece in pieces:
        if line.endswith("!") and piece.startswith("["):
            line = line[:-1] + r"\!"  # or the link would be a picture
        elif line.endswith("`") and piece.startswith("`"):
            line += "<!-- -->"
        line += piece
    return line


def finish(line: str) -> str:
    """Make one line of a paragraph, and settle how its emphasis is written.

    Chinese and Japanese have no spaces: there a line break becomes nothing.
    """
    line = _WIDE_BREAK.sub(r"\1", line.strip()).replace("\n", " ")
    while (styled := _STYLED.sub(_emphasize, line)) != line:
        line = styled
    return _FIRST.sub(r"\g<0>\\", line)


def strong(line: str) -> str:
    """Make a line that is strong as a whole."""
    return finish(f"{STRONG[0]}{line.strip()}{STRONG[1]}")


def _emphasize(match: re.Match[str]) -> str:
    """Write emphasis with asterisks where they are read as such, else with HTML.

    CommonMark calls it flanking: asterisks between punctuation and a letter neither
    open nor close. In Chinese, without spaces, they often are.
    """
    line, inner = match.string, match[2]
    if not inner.strip():
        return inner
    asterisks, tag = _STYLES[match[1]]
    before = line[match.start() - 1] if match.start() else " "
    after = line[match.end()] if match.end() < len(line) else " "
    if _holds(before, inner[0]) and _holds(after, inner[-1]) and "*" not in inner:
        return f"{asterisks}{inner}{asterisks}"
    return f"<{tag}>{inner}</{tag}>"


def _holds(outside: str, inside: str) -> bool:
    """Return whether all readers take asterisks between these two for emphasis."""
    if inside.isspace() or outside in _BEWARE:
        return False
    is_apart = outside.isspace() or unicodedata.category(outside)[0] == "P"
    return is_apart or inside.isalnum()


def code(text: str) -> str:
    r"""Write code in a line.

    Examples:
        >>> print(code("a`b"))
        ``a`b``
    """
    text = " ".join(text.splitlines())
    ticks = _ticks(text, 1)
    spaced = text[:1] == "`" or text[-1:] == "`" or text[:1] == text[-1:] == " "
    pad = " " if spaced else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def fence(text: str, language: str = "") -> str:
    """Write a block of code."""
    language = "" if language in ("none", "text", "default") else language
    ticks = _ticks(text, 3)
    return f"{ticks}{language}\n{text}\n{ticks}"


def _ticks(text: str, least: int) -> str:
    """Return more backticks than are anywhere in a row."""
    return "`" * max([least, *(len(run) + 1 for run in re.findall("`+", text))])


def link(label: str, address: str) -> str:
    """Write a link."""
    return f"[{label}]({quote(address, _SAFE)})"


def row(cells: Iterable[str]) -> str:
    """Write a row of a table."""
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
