"""Write a translation where its message was, in the form that the place asks for."""

import json
from collections.abc import Callable
from typing import Literal, NamedTuple

from docutils.utils import column_width

from translation.messages.wrapping import one_line, wrap_comment, wrap_prose

Syntax = Literal["rest", "markdown", "text"]
"""How a message is written; text is shown as it is."""

Put = Callable[[str], str]
"""Takes a translation, and returns it as it must be written in the file."""

_SHORT = 4
"""docutils may take a shorter line below a title for text."""


class Form(NamedTuple):
    """How a message is written in its place."""

    name: str
    """What kind of message it is, for the translator to read."""
    syntax: Syntax
    put: Put


class Place(NamedTuple):
    """A message, where it is in a file, and how its translation is written there."""

    start: int
    end: int
    message: str
    form: Form


def paragraph(encode: Put, prefix: str, column: int) -> Put:
    """Break a translation into lines, where the page shows no difference.

    Args:
        encode: Writes prose in this file.
        prefix: What each line but the first begins with.
        column: The column in which the first line begins.
    """

    def put(translation: str) -> str:
        lines = wrap_prose(one_line(translation), column, len(prefix))
        return encode(f"\n{prefix}".join(lines))

    return put


def line(encode: Put) -> Put:
    """Write a translation on one line."""
    return lambda translation: encode(one_line(translation))


def title(encode: Put, prefix: str, mark: str, inset: int | None) -> Put:
    """Write a translation of a title with lines as long as it is wide.

    Args:
        encode: Writes prose in this file.
        prefix: What each line but the first begins with.
        mark: The character of the line below the title.
        inset: How far the title is indented; None without a line above it.
    """

    def put(translation: str) -> str:
        text = one_line(translation)
        rule = mark * max(column_width(text) + 2 * (inset or 0), _SHORT)
        lines = [f"{' ' * (inset or 0)}{text}", rule]
        if inset is not None:
            lines.insert(0, rule)
        return encode(f"\n{prefix}".join(lines))

    return put


def comment(prefix: str, newline: str) -> Put:
    """Write each line of a translation as one or more comment lines.

    Args:
        prefix: What each line but the first begins with.
        newline: The line end of the file.
    """

    def put(translation: str) -> str:
        written = []
        for line in translation.strip().split("\n"):
            blanks = line[: len(line) - len(line.lstrip(" "))]
            start = f"{prefix}{blanks}"
            parts = wrap_comment(one_line(line), column_width(start)) or [""]
            written += [f"{start}{part}".rstrip() for part in parts]
        return newline.join(written).removeprefix(prefix)

    return put


def quoted(translation: str) -> str:
    """Write a translation as a string literal."""
    return json.dumps(one_line(translation), ensure_ascii=False)
