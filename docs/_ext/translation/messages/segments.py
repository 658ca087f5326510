"""Take a recipe or a gallery header apart into messages and what stands between them.

The texts of the segments, one after the other, are the file, byte for byte. A message
is a paragraph as it stands in the file: a title, a paragraph, a list item, a comment.
Line breaks that mean nothing are taken out of it.
"""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from translation.messages import comments, paragraphs
from translation.messages.forms import Form, Place
from translation.messages.prose import comment_prose, docstring_prose, file_prose
from translation.messages.script_parts import UnreadableScript, parts
from translation.messages.wrapping import joined

__all__ = ["Kind", "Message", "Segment", "UnreadableScript", "message_of", "segments"]

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
    for place in filter(_has_words, found):
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


def _in_rest(text: str) -> Iterable[Place]:
    return paragraphs.messages(file_prose(text), is_top=True)


def _in_script(script: str) -> Iterable[Place]:
    found = parts(script)
    top = docstring_prose(script, found.docstring, found.docstring_offset)
    places = [*paragraphs.messages(top, is_top=True)]
    for lines in found.texts:
        prose = comment_prose(script, [(line.offset, line.text) for line in lines])
        places += paragraphs.messages(prose)
    places += comments.messages(found.comments, script)
    return sorted(places, key=lambda place: place.start)


# What is the same in every language: literals, formulas, links to names of an API,
# roles that bring their own label, and substitutions.
_NAMES = re.compile(
    r"``.+?``"
    r"|:[\w.+:-]+:`[^`<]+`"
    r"|`[A-Za-z_]\w*(?:\.\w+)+(?:\(\))?\s*<[^`>]+>`__?"
    r"|\|[^|\s][^|]*\|_{0,2}"
)
_WORDS = re.compile(r"[^\W\d_]|[,;:!?]")


def _has_words(place: Place) -> bool:
    """Tell whether there is anything to translate in a message."""
    if place.form.syntax == "text":
        return bool(re.search(r"[^\W\d_]", place.message))
    return bool(_WORDS.search(_NAMES.sub("", place.message)))
