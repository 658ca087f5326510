"""Make an edition's script of an English one and translations, with the same code.

What has no translation stays English. It is not marked in the script, where a class or
a directive would show in the `.py` and the `.ipynb`: `Translated.untranslated` names
the messages, and a docutils node was made of one of them if `messages.message_of` its
`rawsource` is there. A class `language-en` on such a node becomes `lang="en"` in HTML.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from translation.checks.code_equality import difference
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
    """A text in another language, and how much of it is in that language."""

    text: str
    total: int
    """How many messages there are; one that is there twice counts once."""
    translated: int
    untranslated: Sequence[str]
    """The messages that are still in English, in their order."""


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
    pieces = segments(text, kind)
    result = "".join(_put(piece, translations) for piece in pieces)
    if kind == "script" and result != text and (cause := difference(text, result)):
        raise _blame(pieces, translations, path, cause)
    messages = dict.fromkeys(p.message.text for p in pieces if p.message)
    untranslated = [m for m in messages if not translations.get(m, "").strip()]
    count = len(messages)
    return Translated(result, count, count - len(untranslated), untranslated)


def _put(piece: Segment, translations: Mapping[str, str]) -> str:
    """Return what belongs in the place of a segment."""
    if piece.message is None:
        return piece.text
    translation = translations.get(piece.message.text, "")
    if not translation.strip() or translation == piece.message.text:
        return piece.text
    return piece.message.form.put(translation)


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
