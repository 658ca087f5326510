"""Find what a translation says of the English as it was before it changed.

A page shows it, and says so, until somebody translates the new English: an older text
in their language tells readers more than a new one in another.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from translation.catalogs.catalog import Translation
from translation.catalogs.similar import most_similar
from translation.checks.additions import additions
from translation.checks.checks import Problem, Rules, problems
from translation.messages.forms import Syntax

_SHAPES = {"rest", "markdown"}
_NAMES = {"roles", "links", "footnotes", "placeholders"}
"""Checks that find what could break the page: its form, or what it names."""


class Older(NamedTuple):
    """A translation of a message as it was."""

    msgid: str
    """The message under which the catalog has it."""
    english: str
    """What it translates; empty if that is not known."""
    translation: str


def older(
    messages: Mapping[str, Syntax], entries: Iterable[Translation]
) -> dict[str, Older]:
    """Return the older translation of each message that has that and no other.

    A catalog has it as a fuzzy translation; before it was refreshed, as the translation
    of a message that is much like this one, and no longer in the source.

    Args:
        messages: The messages of a page, and how each is written.
        entries: What the catalog of the page has.
    """
    known = {entry.msgid: entry for entry in entries if entry.msgstr.strip()}
    empty = {entry.msgid for entry in entries} - known.keys()
    gone = {msgid: entry for msgid, entry in known.items() if msgid not in messages}
    found = {}
    for message, syntax in messages.items():
        entry = known.get(message)
        if message in empty or (entry and not entry.is_fuzzy):
            continue
        if entry is None:
            entry = gone.get(most_similar(message, gone) or "")
        if entry and _fits(message, entry.msgstr, syntax):
            english = entry.previous if entry.is_fuzzy else entry.msgid
            found[message] = Older(entry.msgid, english, entry.msgstr)
    return found


def _fits(message: str, translation: str, syntax: Syntax) -> bool:
    """Return whether a page can show an older translation without harm.

    It may lack what the new English has. It must not name what that no longer does,
    such as a page that is gone; an address elsewhere is none of these.
    """
    if additions(message, translation, syntax):
        return False
    found = problems(message, translation, Rules(is_chinese=False), syntax=syntax)
    return not any(_breaks(each, syntax) for each in found)


def _breaks(problem: Problem, syntax: Syntax) -> bool:
    if problem.check == "links" and problem.text.startswith("http"):
        return False
    # Python fills in each placeholder of a string; a page can do without a link.
    may_lose = syntax != "text" and problem.text.endswith(" is lost")
    return problem.check in _SHAPES or (problem.check in _NAMES and not may_lose)
