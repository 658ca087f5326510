"""Find the text among many that is most like another."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALIKE: Final = 0.6
"""The share of words that two texts must have in common, in the same order."""

_RARE_WORDS: Final = 8
_TEXTS_OF_A_WORD: Final = 40
"""How many words of a text are looked up, and how many texts with each."""


class Similar:
    """Texts, indexed by their words, so that ten thousand of them are no burden."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Index the texts; of two that are as much alike, the first one counts."""
        self._texts = [(text, _words(text)) for text in dict.fromkeys(texts)]
        self._with_word: dict[str, list[int]] = defaultdict(list)
        for number, (_, words) in enumerate(self._texts):
            for word in dict.fromkeys(words):
                self._with_word[word].append(number)

    def best(self, text: str) -> str | None:
        """Return the text that is most like this one, if any is much like it."""
        words = _words(text)
        known = [word for word in dict.fromkeys(words) if word in self._with_word]
        known.sort(key=lambda word: len(self._with_word[word]))
        candidates = {
            number
            for word in known[:_RARE_WORDS]
            for number in self._with_word[word][:_TEXTS_OF_A_WORD]
        }
        best, likeness = None, _ALIKE
        counts = Counter(words)
        for number in sorted(candidates):
            other, others = self._texts[number]
            common = (counts & Counter(others)).total()
            if 2 * common < likeness * (len(words) + len(others)):
                continue
            matcher = SequenceMatcher(None, others, words, autojunk=False)
            if (ratio := matcher.ratio()) > likeness:
                best, likeness = other, ratio
        return best


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", text.lower())
