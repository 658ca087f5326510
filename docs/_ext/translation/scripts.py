"""Translate a script: the same code, with its prose and comments in a language.

What has no translation stays English. It is not marked in the script, where a class or
a directive would show in the `.py` and the `.ipynb`: `Translated.untranslated` names
the messages, and a docutils node was made of one of them if `messages.message_of` its
`rawsource` is there. A class `language-en` on such a node becomes `lang="en"` in HTML.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from translation.checks.code_equality import difference
from translation.messages.forms import Syntax
from translation.messages.segments import Kind, Segment, segments


class CodeChanged(Exception):  # noqa: N818 - what happened, as a build reports it
    """A translation would change the code of a recipe; names file, line and message."""

    def __init__(self, path: str, line: int, message: str, cause: str) -> None:
        """Remember which translation is to blame, and what it does."""
        super().__init__(
            f"{path}:{line}: with the translation of {message!r}, {cause}"
            if message
            else f"{path}: with these translations, {cause}"
        )
        self.path, self.line, self.message, self.cause = path, line, message, cause


class Translated(NamedTuple):
    """A text in another language, and what is known of its messages."""

    text: str
    total: int
    """How many messages there are; one that is there twice counts once."""
    untranslated: Sequence[str]
    """The messages that are still in English, in their order."""
    titles: Sequence[tuple[str, str]]
    """The titles in their order: as they are in the text, and in English."""

    @property
    def translated(self) -> int:
        """Return how many messages are in the other language."""
        return self.total - len(self.untranslated)


@lru_cache(maxsize=256)
def _segments(text: str, kind: Kind) -> Sequence[Segment]:
    """Split a file once, though each language asks for its messages."""
    return segments(text, kind)


def messages(text: str, kind: Kind = "script") -> dict[str, Syntax]:
    """Return the messages of a file, and how each is written.

    Raises:
        UnreadableScript: The script has none.
    """
    found = (piece.message for piece in _segments(text, kind))
    return {each.text: each.form.syntax for each in found if each}


def translate(
    text: str,
    translations: Mapping[str, str],
    kind: Kind = "script",
    *,
    path: str = "recipe",
) -> Translated:
    """Put translations in the place of messages.

    Args:
        text: The English file.
        translations: The translation of each message that has one.
        kind: What the file is.
        path: What to call the file if the code changes.

    Raises:
        CodeChanged: The code of the result would differ.
        UnreadableScript: The English script has no messages.
    """
    pieces = _segments(text, kind)
    result = "".join(_put(piece, translations) for piece in pieces)
    if kind == "script" and result != text and (cause := difference(text, result)):
        raise _blame(pieces, translations, path, cause)
    placed = [piece.message for piece in pieces if piece.message]
    english = dict.fromkeys(message.text for message in placed)
    return Translated(
        result,
        total=len(english),
        untranslated=[text for text in english if not _has(translations, text)],
        titles=[
            (translations[text] if _has(translations, text) else text, text)
            for text, form in placed
            if form.name == "title"
        ],
    )


def _has(translations: Mapping[str, str], message: str) -> bool:
    return bool(translations.get(message, "").strip())


def _put(piece: Segment, translations: Mapping[str, str]) -> str:
    """Return a segment's text in the other language; as it is if nothing changes."""
    if piece.message is None or not _has(translations, piece.message.text):
        return piece.text
    translation = translations[piece.message.text]
    same = translation == piece.message.text
    return piece.text if same else piece.message.form.put(translation)


def _blame(
    pieces: Sequence[Segment], translations: Mapping[str, str], path: str, cause: str
) -> CodeChanged:
    """Find the first translation that changes the code when it alone is put in."""
    texts = [piece.text for piece in pieces]
    script = "".join(texts)
    for number, piece in enumerate(pieces):
        put = _put(piece, translations)
        if piece.message and put != piece.text:
            result = "".join([*texts[:number], put, *texts[number + 1 :]])
            if alone := difference(script, result):
                return CodeChanged(path, piece.line, piece.message.text, alone)
    return CodeChanged(path, 1, "", cause)
