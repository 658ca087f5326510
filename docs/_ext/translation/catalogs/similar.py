"""Find the text among many that is most like another."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

_ALIKE = 0.6
"""The share of words that two texts must have in common, in the same order."""


def most_similar(text: str, texts: Iterable[str]) -> str | None:
    """Return the first of the texts that are most like one, if any is much like it."""
    matcher = SequenceMatcher(None, autojunk=False)
    matcher.set_seq2(_words(text))
    best, likeness = None, _ALIKE
    for each in texts:
        matcher.set_seq1(_words(each))
        # The first two are upper bounds, and much cheaper.
        measures = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
        if all(measure() > likeness for measure in measures):
            best, likeness = each, matcher.ratio()
    return best


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", text.lower())
