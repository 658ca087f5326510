"""Fonts for preview pictures: Pillow's own for English, the machine's for the rest."""

import subprocess
import unicodedata
from functools import cache

from PIL import ImageFont

from editions.edition import Edition

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


_PLAIN = str.maketrans(
    {"\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2192": "->", "\u00d7": "x"}
)
_BESIDE_ASCII = "\u00b7\u2018\u2019\u201c\u201d"
"""Middle dot and quotation marks: Pillow's own font has these, too."""


def drawable(text: str, edition: Edition) -> str:
    """Return a text in characters that the font of an edition has.

    Examples:
        >>> drawable("A naïve loop – then…", Edition("en"))
        'A naive loop - then...'
    """
    if not edition.is_source:
        return text
    apart = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    known = (each for each in apart if each.isascii() or each in _BESIDE_ASCII)
    return "".join(known)


def has_font(edition: Edition) -> bool:
    """Return whether titles of an edition can be drawn on this machine."""
    return edition.is_source or _found(edition.tag.lower()) is not None


@cache
def font(edition: Edition, size: int) -> Font:
    """Return a font that has the characters of an edition."""
    if edition.is_source:
        # It comes with Pillow, so that every machine draws the same.
        return ImageFont.load_default(size)
    found = _found(edition.tag.lower())
    assert found is not None, "has_font was asked first"  # noqa: S101
    file, index = found
    return ImageFont.truetype(file, size, index)


@cache
def _found(language: str) -> tuple[str, int] | None:
    """Ask fontconfig for a font of a language: its file, and its place therein."""
    wanted = f"sans-serif:bold:lang={language}"
    command = ["fc-match", wanted, "--format", "%{file}\n%{index}\n%{lang}"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    file, index, languages = answer.stdout.split("\n")
    # It always names a font, also one that lacks the language.
    if language not in languages.split("|"):
        return None
    return file, int(index) & 0xFFFF  # above it stands an instance of a variable font
