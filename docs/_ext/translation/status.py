"""How much of each page is translated; what is fuzzy is not."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rich import box
from rich.table import Table

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


def counts(catalogs: Mapping[str, Catalog], pages: Iterable[Page]) -> list[Count]:
    """Count the messages of all pages that have any, and at the end their sum.

    A message that is on a page twice counts once. What a catalog holds besides does
    not count.
    """
    found = [_count(page, catalogs.get(page.name)) for page in pages if page.sources]
    columns = zip((0, 0, 0), *(each[1:] for each in found), strict=True)
    return [*found, Count("total", *(sum(column) for column in columns))]


def _count(page: Page, catalog: Catalog | None) -> Count:
    messages = {source.msgid for source in page.sources}
    if catalog is None:
        return Count(page.name, len(messages), 0, 0)
    translated = messages & catalog.translations().keys()
    fuzzy = {e.msgid for e in catalog.entries() if e.is_fuzzy and e.msgstr.strip()}
    return Count(page.name, len(messages), len(translated), len(messages & fuzzy))


def table(language: Language, found: Iterable[Count]) -> Table:
    """Write counts, of which the last one is the sum."""
    made = Table(title=language.code, title_justify="left", box=box.SIMPLE)
    made.add_column("page", overflow="fold")
    names = ("messages", "translated", "fuzzy", "missing")
    for name in names:
        made.add_column(name, justify="right")
    *_, last = rows = list(found)
    for each in rows:
        if each is last:
            made.add_section()
        made.add_row(each.page, *(f"{getattr(each, name):,}" for name in names))
    return made
