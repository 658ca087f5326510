"""Put a translation where its message stood, in the form that the place asks for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from docutils.utils import column_width

from translation.messages.wrapping import one_line, wrap_comment, wrap_prose

if TYPE_CHECKING:
    from collections.abc import Callable

    from translation.checks.markup import Syntax

_SHORT = 4
"""A line below a title that is shorter may pass for text."""


class Form(Protocol):
    """How a translation is written in the place of a message."""

    @property
    def name(self) -> str:
        """What kind of message it is, for the translator to read."""

    @property
    def syntax(self) -> Syntax:
        """How the message is written."""

    def put(self, translation: str) -> str:
        """Write a translation."""


class Place(NamedTuple):
    """A message, where it stands in a file, and how another is put there."""

    start: int
    end: int
    message: str
    form: Form


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text of one or more lines in reST."""

    encode: Callable[[str], str]
    prefix: str
    """What each line but the first begins with."""
    column: int
    """In which column the first line begins."""
    name: str = "paragraph"
    syntax: Syntax = "rest"

    def put(self, translation: str) -> str:
        """Write a translation, broken into lines where that shows nowhere."""
        lines = wrap_prose(one_line(translation), self.column, len(self.prefix))
        return self.encode(f"\n{self.prefix}".join(lines))


@dataclass(frozen=True, slots=True)
class OneLine:
    """Text in reST that must stand on one line, such as a term or an option."""

    encode: Callable[[str], str]
    name: str = "line"
    syntax: Syntax = "rest"

    def put(self, translation: str) -> str:
        """Write a translation on one line."""
        return self.encode(one_line(translation))


@dataclass(frozen=True, slots=True)
class Title:
    """A title in reST with the line below it, and maybe one above."""

    encode: Callable[[str], str]
    prefix: str
    mark: str
    has_overline: bool
    inset: int
    """How many spaces stand before the title; only with a line above it."""
    name: str = "title"
    syntax: Syntax = "rest"

    def put(self, translation: str) -> str:
        """Write a translation, its lines as long as it is wide."""
        title = one_line(translation)
        rule = self.mark * max(column_width(title) + 2 * self.inset, _SHORT)
        lines = [f"{' ' * self.inset}{title}", rule]
        if self.has_overline:
            lines.insert(0, rule)
        return self.encode(f"\n{self.prefix}".join(lines))


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on lines of its own in code."""

    prefix: str
    """What each line begins with in the file, the first one not counted."""
    newline: str
    name: str = "comment in code"
    syntax: Syntax = "text"

    def put(self, translation: str) -> str:
        """Write a translation, each of its lines as one or more comment lines."""
        written = []
        for line in translation.strip().split("\n"):
            text = one_line(line)
            blanks = line[: len(line) - len(line.lstrip(" "))]
            prefix = f"{self.prefix}{blanks}"
            lines = wrap_comment(text, column_width(prefix)) or [""]
            written += [f"{prefix}{part}".rstrip() for part in lines]
        return self.newline.join(written).removeprefix(self.prefix)


@dataclass(frozen=True, slots=True)
class CommentBehindCode:
    """A comment at the end of a line of code."""

    name: str = "comment in code"
    syntax: Syntax = "text"

    def put(self, translation: str) -> str:
        """Write a translation on the same line."""
        return one_line(translation)


@dataclass(frozen=True, slots=True)
class Quoted:
    """A string in a setting of the recipe, with its quotes."""

    name: str
    syntax: Syntax = "text"

    def put(self, translation: str) -> str:
        """Write a translation as a string literal."""
        return json.dumps(one_line(translation), ensure_ascii=False)
