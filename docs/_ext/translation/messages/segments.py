"""Take a recipe or a gallery header apart into messages and what stands between them.

The texts of the segments, one after the other, are the file, byte for byte. A message
is a paragraph as it stands in the file: a title, a paragraph, a list item, a comment.
Line breaks that mean nothing are taken out of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from translation.messages import comments, rest
from translation.messages.prose import of_comments, of_docstring, of_file
from translation.messages.script_parts import UnreadableScript, parts
from translation.messages.wrapping import joined

if TYPE_CHECKING:
    from translation.messages.forms import Form, Place

__all__ = [
    "Kind",
    "Message",
    "Segment",
    "UnreadableScript",
    "message_of",
    "segments",
]

Kind = Literal["script", "rest"]
"""A recipe script, or a file that is reST as a whole, such as a gallery header."""


class Message(NamedTuple):
    """What is to be translated, and how a translation is put in its place."""

    text: str
    form: Form


class Segment(NamedTuple):
    """A piece of a file. Without a message, it is the same in every edition."""

    text: str
    line: int
    message: Message | None = None


def segments(text: str, kind: Kind = "script") -> list[Segment]:
    """Take a file apart.

    Args:
        text: The file.
        kind: What the file is.

    Returns:
        Segments whose texts concatenate to the file.

    Raises:
        UnreadableScript: A script is not Python, or does not begin with a docstring.
    """
    found = _in_script(text) if kind == "script" else _in_rest(text)
    result: list[Segment] = []
    end, line = 0, 1
    for place in found:
        if not _has_words(place):
            continue
        between, inside = text[end : place.start], text[place.start : place.end]
        if between:
            result.append(Segment(between, line))
        line += between.count("\n")
        result.append(Segment(inside, line, Message(place.message, place.form)))
        line += inside.count("\n")
        end = place.end
    if text[end:]:
        result.append(Segment(text[end:], line))
    return result


def message_of(rawsource: str) -> str:
    """Return the message that a docutils node was made of.

    Args:
        rawsource: The node's `rawsource`.
    """
    return joined(rawsource.split("\n"))


def _in_rest(text: str) -> list[Place]:
    return rest.messages(of_file(text), text, is_top=True)


def _in_script(script: str) -> list[Place]:
    script_parts = parts(script)
    prose = of_docstring(script, script_parts.docstring, script_parts.docstring_offset)
    found = rest.messages(prose, script, is_top=True)
    for lines in script_parts.texts:
        prose = of_comments(script, [(line.offset, line.text) for line in lines])
        found += rest.messages(prose, script)
    found += comments.messages(script_parts.comments, script)
    return sorted(found, key=lambda place: place.start)


# What is the same in every language: literals, formulas, links to names of an API,
# roles that bring their own label, and substitutions.
_NAMES: Final = re.compile(
    r"``.+?``"
    r"|:[\w.+:-]+:`[^`<]+`"
    r"|`[A-Za-z_]\w*(?:\.\w+)+(?:\(\))?\s*<[^`>]+>`__?"
    r"|\|[^|\s][^|]*\|_{0,2}"
)
_WORDS: Final = re.compile(r"[^\W\d_]|[,;:!?]")


def _has_words(place: Place) -> bool:
    """Tell if there is anything to translate in a message."""
    if place.form.syntax == "text":
        return bool(re.search(r"[^\W\d_]", place.message))
    return bool(_WORDS.search(_NAMES.sub("", place.message)))
