"""Close the gaps between characters of Chinese and Japanese, which have no spaces.

A script's lines end somewhere in a sentence, and reST wants spaces around its markup.
On a page, a browser would show a space for either.
"""

import re
from unicodedata import east_asian_width, name

from docutils import nodes
from sphinx.transforms import SphinxTransform

from translation.catalogs.languages import SOURCE_LANGUAGE

_GAP = re.compile(r"(\S)[ \n](?=(\S))")


class CloseGaps(SphinxTransform):
    """Join lines, and markup with its neighbors, where both sides are wide."""

    default_priority = 95  # once the markup of a sentence is known

    def apply(self, **_options: object) -> None:
        """Close the gaps of all text that is no code."""
        if self.config.language == SOURCE_LANGUAGE:
            return
        for text in list(self.document.findall(nodes.Text)):
            if not isinstance(text.parent, nodes.FixedTextElement | nodes.literal):
                closed = _closed(text)
                if closed != text:
                    text.parent.replace(text, nodes.Text(closed))


def _closed(text: nodes.Text) -> str:
    words = joined(str(text))
    place = text.parent.index(text)
    before = text.parent[place - 1].astext() if place else ""
    after = text.parent[place + 1].astext() if place + 1 < len(text.parent) else ""
    if words[:1].isspace() and _are_wide(before[-1:], words.lstrip()[:1]):
        words = words.lstrip()
    if words[-1:].isspace() and _are_wide(words.rstrip()[-1:], after[:1]):
        words = words.rstrip()
    return words


def joined(text: str) -> str:
    r"""Close the gaps of a text that are between two wide characters.

    A gap is the end of a line, or the space that Sphinx-Gallery puts in its place.

    Examples:
        >>> joined("梯度会累\n积在 Adam\n一 节")
        '梯度会累积在 Adam\n一节'
        >>> joined("한 줄, 두\n결과")
        '한 줄, 두\n결과'
    """
    return _GAP.sub(
        lambda found: found[1] if _are_wide(found[1], found[2]) else found[0], text
    )


def _are_wide(one: str, other: str) -> bool:
    return all(_is_wide(each) for each in (one, other))


def _is_wide(character: str) -> bool:
    # Korean is as wide, and has spaces between its words.
    return (
        character != ""
        and east_asian_width(character) in "WF"
        and not name(character, "").startswith("HANGUL")
    )
