"""What `python -m translation` does; see `translation.cli`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from translation import status as state
from translation.catalogs.languages import COMMAND, Language
from translation.findings import OutdatedError, findings
from translation.refresh import Refreshed, refresh
from translation.sources.markdown_pages import markdown_pages
from translation.sources.sources import Page, recipe_pages
from translation.sources.strings import string_pages

OK, FAILED = 0, 1
"""Exit statuses."""


def all_pages(project: Path) -> list[Page]:
    """Return everything that has a catalog: pages, recipes, strings.

    Raises:
        SourceError: A source cannot be read.
        TranslationError: Sphinx could not read the pages.
    """
    # Recipes first: where one cannot be read, that is reported at once.
    recipes = list(recipe_pages(project))
    strings = list(string_pages(project))
    return [*markdown_pages(project), *recipes, *strings]


def update(languages: Sequence[Language], project: Path) -> int:
    """Refresh the catalogs from the sources."""
    pages = all_pages(project)
    for language in languages:
        refreshed = refresh(language, pages)
        for each in refreshed:
            _say(f"{language.path(each.page)}: {_changes(each)}")
        last = state.counts(language.load(), pages)[-1]
        _say(
            f"{language.code}: {_plural(len(refreshed), 'catalog')} changed; "
            f"{last.translated} of {_plural(last.messages, 'message')} translated, "
            f"{last.fuzzy} fuzzy, {last.missing} missing"
        )
    return OK


def status(languages: Sequence[Language], project: Path) -> int:
    """Show how much of each page is translated."""
    console = Console() if sys.stdout.isatty() else Console(width=120)
    pages = all_pages(project)
    for language in languages:
        found = state.counts(language.load(), pages)
        console.print(state.table(language, found))
    return OK


def check(languages: Sequence[Language], project: Path) -> int:
    """Find what is wrong with the catalogs."""
    pages = all_pages(project)
    result = OK
    for language in languages:
        found = list(findings(language, pages, project))
        for each in found:
            _say(str(each))
        if not found:
            count = len(language.pages())
            _say(f"{language.code}: nothing wrong in {_plural(count, 'catalog')}")
            continue
        result = FAILED
        _say(f"{language.code}: {_plural(len(found), 'fault')}")
        outdated = [each for each in found if isinstance(each, OutdatedError)]
        if outdated:
            _say(f"To bring catalogs up to date with their sources, type: {COMMAND}")
        if len(outdated) < len(found):
            _say(f"Correct the others in the catalogs, then type: {COMMAND} -- --check")
    return result


def _changes(each: Refreshed) -> str:
    """Say how a catalog has changed."""
    if each.changes is None:
        return "removed, its page is gone"
    counts = zip(map(len, each.changes), ("new", "fuzzy", "removed"), strict=True)
    said = [f"was {each.was}"] if each.was else []
    said += [f"{count} {name}" for count, name in counts if count]
    return ", ".join(said) or "places of messages updated"


def _plural(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command line prints
