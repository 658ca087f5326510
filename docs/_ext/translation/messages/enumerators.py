"""Tell items of an enumerated list from sentences, by docutils' own rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from docutils.parsers.rst.states import Body

if TYPE_CHECKING:
    import re

_RULES: Final[Any] = object.__new__(Body)
"""docutils' state for lists, of which only the rules for enumerators are used."""


class Enumerator(NamedTuple):
    """What stands before an item of an enumerated list."""

    style: str
    sequence: str
    ordinal: int
    is_auto: bool

    def is_item(self, below: str) -> bool:
        """Tell by the line below if this is an item, and no sentence."""
        if not below[:1].strip():
            return True
        sequence = "#" if self.is_auto else self.sequence
        below_it = _RULES.make_enumerator(self.ordinal + 1, sequence, self.style)
        return bool(below_it) and below.startswith(below_it)


def enumerator(match: re.Match[str], above: Enumerator | None) -> Enumerator | None:
    """Read an enumerator; None when it is none, or does not follow the one above."""
    expected = above.sequence if above else None
    style, sequence, _, ordinal = _RULES.parse_enumerator(match, expected)
    is_auto = sequence == "#"
    if ordinal is None or (above and style != above.style):
        return None
    if above and not is_auto:
        following = (above.sequence, above.ordinal + 1)
        if above.is_auto or (sequence, ordinal) != following:
            return None
    return Enumerator(style, "arabic" if is_auto else sequence, ordinal, is_auto)
