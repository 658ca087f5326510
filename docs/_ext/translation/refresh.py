"""Bring the catalogs of a language up to date with the pages."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from translation.catalogs.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from translation.catalogs.catalog import Changes
    from translation.catalogs.languages import Language
    from translation.sources.sources import Page


class Refreshed(NamedTuple):
    """What has become of a catalog."""

    page: str
    changes: Changes | None
    """None where it was removed, since the page is gone."""
    was: str = ""
    """How its page was called, if that is another name now."""


def refresh(language: Language, pages: Sequence[Page]) -> list[Refreshed]:
    """Bring all catalogs of a language up to date; a page without messages has none.

    Args:
        language: The language; its folder need not exist.
        pages: All pages of the site.

    Returns:
        What has become of each catalog that was written or removed.

    Raises:
        BrokenCatalogs: Some cannot be read; then nothing is written.
    """
    catalogs = dict(language.load())
    present = {page.name: page for page in pages if page.messages}
    renamed = _renamed(catalogs, present.values())
    known = memory(catalogs, pages)
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


def memory(catalogs: Mapping[str, Catalog], pages: Iterable[Page]) -> dict[str, str]:
    """Give the translations that any page may take from another one.

    Where pages translate a message in different ways, none of them is taken. What a
    page has that is no longer in its source counts only if no other has it, so that a
    second refresh finds nothing to do.
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
    pages = list(pages)
    gone = {
        name: {entry.msgid for entry in catalog.entries()}
        for name, catalog in catalogs.items()
        if name not in {page.name for page in pages}
    }
    result = {}
    for page in pages:
        if page.name in catalogs or not gone:
            continue
        messages = {source.msgid for source in page.sources}
        name = max(gone, key=lambda name: len(gone[name] & messages))
        if 2 * len(gone[name] & messages) > len(gone[name]):
            result[page.name] = name
            del gone[name]
    return result


def _remove(language: Language, page: str) -> None:
    """Remove a catalog, what was compiled of it, and folders that are empty then."""
    path = language.path(page)
    path.unlink()
    path.with_suffix(".mo").unlink(missing_ok=True)
    for folder in path.parents:
        if folder == language.catalogs or any(folder.iterdir()):
            break
        folder.rmdir()
