"""Bring the catalogs of a language up to date with the pages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from translation.catalogs.catalog import Catalog, Changes
from translation.catalogs.languages import Language
from translation.sources.sources import Page


class Refreshed(NamedTuple):
    """How a catalog has changed."""

    page: str
    changes: Changes | None
    """None where it was removed, since the page is gone."""
    was: str = ""
    """The former name of its page, if that was renamed."""


def refresh(language: Language, pages: Sequence[Page]) -> list[Refreshed]:
    """Bring all catalogs of a language up to date; a page without messages has none.

    Args:
        language: The language; its folder need not exist.
        pages: All pages of the site.

    Returns:
        How each catalog has changed that was written or removed.

    Raises:
        TranslationError: Some cannot be read; then nothing is written.
    """
    catalogs = dict(language.load())
    present = {page.name: page for page in pages if page.sources}
    renamed = _renamed(catalogs, present.values())
    known = _memory(catalogs, pages)
    language.catalogs.mkdir(parents=True, exist_ok=True)
    result = []
    for name, page in present.items():
        path = language.path(name)
        catalog = catalogs.get(renamed.get(name, name))
        catalog = catalog or Catalog.new(path, language.code)
        catalog.path = path
        changes = catalog.update(page.sources, known)
        if catalog.save():
            result.append(Refreshed(name, changes, renamed.get(name, "")))
    for name in catalogs.keys() - present.keys():
        _remove(language, name)
        if name not in renamed.values():
            result.append(Refreshed(name, None))
    return result


def _memory(catalogs: Mapping[str, Catalog], pages: Iterable[Page]) -> dict[str, str]:
    """Return the translations that a page may take from the others.

    Where pages translate a message in different ways, none of them is taken. What a
    page has that is no longer in its source counts only if no other page has it, so
    that a second refresh finds nothing to do.
    """
    sources = {page.name: {source.msgid for source in page.sources} for page in pages}
    present: dict[str, set[str]] = defaultdict(set)
    gone: dict[str, set[str]] = defaultdict(set)
    for name, catalog in catalogs.items():
        there = sources.get(name, set())
        for msgid, msgstr in catalog.translations().items():
            (present if msgid in there else gone)[msgid].add(msgstr)
    return {
        msgid: next(iter(msgstrs))
        for msgid, msgstrs in {**gone, **present}.items()
        if len(msgstrs) == 1
    }


def _renamed(catalogs: Mapping[str, Catalog], pages: Iterable[Page]) -> dict[str, str]:
    """Find pages that are new, and the catalog of the same page by its former name."""
    sources = {page.name: {source.msgid for source in page.sources} for page in pages}
    gone = {
        name: {entry.msgid for entry in catalog.entries()}
        for name, catalog in catalogs.items()
        if name not in sources
    }
    result = {}
    for page in sources.keys() - catalogs.keys():
        shared = {name: len(old & sources[page]) for name, old in gone.items()}
        name = max(shared, key=lambda name: shared[name], default="")
        if name and 2 * shared[name] > len(gone[name]):
            result[page] = name
            del gone[name]
    return result


def _remove(language: Language, page: str) -> None:
    """Remove a catalog, its compiled form, and folders that are empty then."""
    path = language.path(page)
    path.unlink()
    path.with_suffix(".mo").unlink(missing_ok=True)
    for folder in path.parents:
        if folder == language.catalogs or any(folder.iterdir()):
            break
        folder.rmdir()
