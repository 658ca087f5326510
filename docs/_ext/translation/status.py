"""How much of each page is translated; what is fuzzy is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich import box
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from translation.catalogs.catalog import Catalog
    from translation.catalogs.languages import Language
    from translation.sources.sources import Page


class Count(NamedTuple):
    """How many messages a page has, and in which state they are."""

    page: str
    messages: int
    translated: int
    fuzzy: int

    @property
    def missing(self) -> int:
        """How many have no translation at all."""
        return self.messages - self.translated - self.fuzzy


def count(page: Page, catalog: Catalog | None) -> Count:
    """Count the messages of a page; one that is there twice counts once.

    Args:
        page: The page, by whose sources it goes, whatever the catalog holds.
        catalog: What is translated; None where there is none yet.
    """
    messages = {source.msgid for source in page.sources}
    if catalog is None:
        return Count(page.name, len(messages), 0, 0)
    translated = messages & catalog.translations().keys()
    fuzzy = {e.msgid for e in catalog.entries() if e.is_fuzzy and e.msgstr.strip()}
    return Count(page.name, len(messages), len(translated), len(messages & fuzzy))


def counts(catalogs: Mapping[str, Catalog], pages: Iterable[Page]) -> list[Count]:
    """Count the messages of all pages that have any, and at the end their sum."""
    found = [count(page, catalogs.get(page.name)) for page in pages if page.messages]
    return [*found, total(found)]


def total(found: Iterable[Count]) -> Count:
    """Add counts up."""
    columns = zip((0, 0, 0), *(each[1:] for each in found), strict=True)
    return Count("total", *(sum(column) for column in columns))


def table(language: Language, found: Iterable[Count]) -> Table:
    """Write counts, of which the last one is the sum."""
    made = Table(title=language.code, title_justify="left", box=box.SIMPLE)
    made.add_column("page", overflow="fold")
    for name in ("messages", "translated", "fuzzy", "missing"):
        made.add_column(name, justify="right")
    *rows, last = found
    for each in rows:
        made.add_row(*_cells(each))
    made.add_section()
    made.add_row(*_cells(last))
    return made


def _cells(each: Count) -> list[str]:
    numbers = (each.messages, each.translated, each.fuzzy, each.missing)
    return [each.page, *(f"{number:,}" for number in numbers)]
