"""What `python -m translation` does; see `translation.cli`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from translation import status as state
from translation.catalogs.languages import COMMAND
from translation.findings import findings
from translation.refresh import refresh
from translation.sources.markdown_pages import markdown_pages
from translation.sources.sources import recipe_pages
from translation.sources.strings import string_pages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from translation.catalogs.languages import Language
    from translation.refresh import Refreshed
    from translation.sources.sources import Page

OK, FAILED = 0, 1
"""Exit statuses."""

_WIDTH = 120
"""Of a table that is written to a file."""


def all_pages(project: Path) -> list[Page]:
    """Give everything that has a catalog: pages, recipes, strings.

    Args:
        project: The folder that `docs/` and `recipes/` stand in.

    Raises:
        SourceError: A source cannot be read.
        BuildFailed: Sphinx could not read the pages.
    """
    # Recipes first: where one cannot be read, that is told at once.
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
    """Tell how much of each page is translated."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
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
        if any(each.is_outdated for each in found):
            _say(f"To bring catalogs up to date with their sources, type: {COMMAND}")
        if not all(each.is_outdated for each in found):
            _say(f"Mend the others where they stand, then type: {COMMAND} -- --check")
    return result


def _changes(each: Refreshed) -> str:
    """Say what has become of a catalog."""
    if each.changes is None:
        return "removed, its page is gone"
    names = ("new", "fuzzy", "moved", "removed")
    counts = zip(map(len, each.changes), names, strict=True)
    said = [f"{count} {name}" for count, name in counts if count]
    if each.was:
        said.insert(0, f"was {each.was}")
    return ", ".join(said) or "written anew"


def _plural(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command line prints
