"""What `python -m translation` does; see `translation.cli`."""

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from rich.console import Console

from translation import status as state
from translation.catalogs.languages import COMMAND, Language, complete_languages
from translation.fault import FileError, TranslationError
from translation.findings import OutdatedError, UntranslatedError, findings
from translation.refresh import Refreshed, refresh
from translation.sources.markdown_pages import markdown_pages
from translation.sources.sources import Page, recipe_pages
from translation.sources.strings import string_pages

OK, FAILED = 0, 1
"""Exit statuses."""
LEFT_TO_DO = (OutdatedError, UntranslatedError)
"""What breaks no page."""


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


def some_pages(project: Path, names: Sequence[str]) -> list[Page]:
    """Return some of what has a catalog, reading the others only if that is needed.

    Raises:
        SourceError: A source cannot be read.
        TranslationError: There is no page of such a name.
    """
    found = [*recipe_pages(project, names)]
    if {*names} <= {each.name for each in found}:
        return found
    pages = {each.name: each for each in all_pages(project)}
    for name in names:
        if name not in pages:
            near = " or ".join(get_close_matches(name, pages)) or "one of --status"
            raise TranslationError(f"no page is called {name!r}; did you mean {near}?")
    return [pages[name] for name in names]


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


def check(
    languages: Sequence[Language], project: Path, names: Sequence[str] = ()
) -> int:
    """Find what is wrong with the catalogs; what is left to do is a notice."""
    return _check(languages, project, names, is_release=False)


def complete(languages: Sequence[Language], project: Path) -> int:
    """Check, and demand all of the languages that pyproject.toml calls complete."""
    return _check(languages, project, (), is_release=True)


def _check(
    languages: Sequence[Language],
    project: Path,
    names: Sequence[str],
    *,
    is_release: bool,
) -> int:
    pages = some_pages(project, names) if names else all_pages(project)
    promised = complete_languages(project)
    status, told = OK, list[FileError]()
    for language in languages:
        catalogs = [*names] or language.pages()
        found = list(findings(language, pages, project, catalogs))
        left = [each for each in found if isinstance(each, LEFT_TO_DO)]
        faults = [each for each in found if each not in left]
        if language.code not in promised:
            # Such a language is as far as it is, in a release too.
            left = [each for each in left if isinstance(each, OutdatedError)]
        elif is_release:
            faults, left = [*left, *faults], []
        for each in (*faults, *left):
            _say(str(each))
        if faults:
            status = FAILED
            _say(f"{language.code}: {_plural(len(faults), 'fault')}")
        else:
            count = _plural(len(catalogs), "catalog")
            _say(f"{language.code}: nothing wrong in {count}")
        if left:
            _notice(language, len(left))
        told += [*faults, *left]
    _say_what_to_do(told)
    return status


def _notice(language: Language, number: int) -> None:
    """Say what is left to do; on GitHub, on top of the page of the run."""
    mark = "::notice title=Translation::" if "GITHUB_ACTIONS" in os.environ else ""
    shown = "there, pages show the older translation or the English, and say so"
    _say(f"{mark}{language.code}: {_plural(number, 'notice')}; {shown}")


def _say_what_to_do(found: Sequence[FileError]) -> None:
    outdated = [each for each in found if isinstance(each, OutdatedError)]
    if outdated:
        _say(f"To bring catalogs up to date with their sources, type: {COMMAND}")
    if len(outdated) < len(found):
        then = "Then mend" if outdated else "Mend"
        _say(f"{then} what is named in the catalogs, and type: {COMMAND} -- --check")


def _changes(each: Refreshed) -> str:
    """Return how a catalog has changed, in words."""
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
