"""Say of each reST directive which of its parts are prose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from docutils.parsers.rst.states import Body

from translation.messages.blocks import first_known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from translation.messages.prose import Line

_FIELD: Final = re.compile(Body.patterns["field_marker"])


class Directive(NamedTuple):
    """Which parts of a directive there are, and which of them are prose."""

    takes_argument: bool
    argument_is_prose: bool
    content_is_prose: bool


NOTE: Final = Directive(
    takes_argument=False, argument_is_prose=False, content_is_prose=True
)
TITLED: Final = Directive(
    takes_argument=True, argument_is_prose=True, content_is_prose=True
)
HEADING: Final = Directive(
    takes_argument=True, argument_is_prose=True, content_is_prose=False
)
WRAPPER: Final = Directive(
    takes_argument=True, argument_is_prose=False, content_is_prose=True
)
OPAQUE: Final = Directive(
    takes_argument=True, argument_is_prose=False, content_is_prose=False
)
"""What is not listed below: code, formulas, pictures, and all that is unknown."""

PROSE_OPTIONS: Final = frozenset({"alt", "caption"})
"""The options that are prose, whatever the directive."""

_NAMES: Final = {
    NOTE: (
        "attention caution compound danger epigraph error highlights hint important"
        " note pull-quote replace seealso tip warning"
    ),
    TITLED: (
        "admonition card dropdown grid-item-card list-table sidebar tab-item table"
        " topic"
    ),
    HEADING: "centered rubric",
    WRAPPER: (
        "class container cssclass deprecated figure grid grid-item only rst-class"
        " tab-set versionadded versionchanged versionremoved"
    ),
}

DIRECTIVES: Final = {
    name: directive for directive, names in _NAMES.items() for name in names.split()
}


class ProseParts(NamedTuple):
    """The lines of a directive that are prose."""

    lines: Sequence[Sequence[Line]]
    """Each a text that stands on one line: an argument or an option."""
    body: Sequence[Line]
    """The elements that it holds."""


def prose_parts(name: str, block: Sequence[Line]) -> ProseParts:
    """Find the prose in a directive.

    Args:
        name: The name of the directive.
        block: Its lines, the first one without the name.
    """
    known = DIRECTIVES.get(name.lower(), OPAQUE)
    if block and not block[0].text:
        block = block[1:]
    head = next((n for n, line in enumerate(block) if not line.text), len(block))
    options = next((n for n in range(head) if _FIELD.match(block[n].text)), head)
    body = list(block[head:])
    lines: list[Sequence[Line]] = []
    if not known.takes_argument:
        body[:0] = block[:options]
    elif known.argument_is_prose:
        lines.append(block[:options])
    at = options
    while at < head and (match := _FIELD.match(block[at].text)):
        option, at = first_known(block[:head], at, match.end())
        if match[0].strip(": ") in PROSE_OPTIONS:
            lines.append(option)
    return ProseParts(lines, body if known.content_is_prose else [])
