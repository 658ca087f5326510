"""Find what is wrong with the catalogs of a language, and where."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from translation.catalogs.catalog import Catalog, CatalogError
from translation.checks import checks
from translation.checks.glossary import Glossary, GlossaryError
from translation.scripts import CodeChanged, translate
from translation.sources.sources import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from translation.catalogs.catalog import Entry
    from translation.catalogs.languages import Language
    from translation.checks.markup import Syntax
    from translation.sources.sources import Page

_SHOWN: Final = 50
"""How many characters of a message are told."""


class Finding(NamedTuple):
    """Something that is wrong, and where."""

    path: str
    line: int
    text: str
    is_outdated: bool = False
    """Whether a refresh of the catalogs puts it right."""

    def __str__(self) -> str:
        """Write it as compilers do, so that editors find the place."""
        return f"{self.path}:{self.line}: {self.text}"


def findings(
    language: Language, pages: Sequence[Page], project: Path
) -> Iterator[Finding]:
    """Find what is wrong with the catalogs of a language.

    Args:
        language: The language.
        pages: All pages of the site.
        project: The folder that `recipes/` stands in.
    """
    glossary = None
    try:
        if language.glossary.is_file():
            glossary = Glossary.load(language.glossary)
    except GlossaryError as error:
        yield Finding(str(error.path), error.line, error.cause)
    rules = checks.Rules(glossary, language.is_chinese)
    present = {page.name: page for page in pages if page.messages}
    for name in sorted({*present, *language.pages()}):
        path = language.path(name)
        page = present.get(name)
        if page is None:
            yield Finding(str(path), 1, "its page is gone", is_outdated=True)
        elif not path.is_file():
            place = page.messages[0].source
            yield Finding(place.path, 1, f"there is no {path}", is_outdated=True)
        else:
            try:
                catalog = Catalog.load(path)
            except CatalogError as error:
                yield Finding(str(path), error.line, f"broken: {error.cause}")
                continue
            yield from _in_translations(catalog, page, rules)
            yield from _in_code(catalog, page, project)
            yield from _out_of_date(catalog, page)


def _in_translations(
    catalog: Catalog, page: Page, rules: checks.Rules
) -> Iterator[Finding]:
    """Check translations that are used: those of messages that are in the source."""
    syntaxes: dict[str, dict[Syntax, None]] = defaultdict(dict)
    for message in page.messages:
        syntaxes[message.source.msgid][message.syntax] = None
    for entry in catalog.entries():
        if entry.is_fuzzy or not entry.msgstr.strip():
            continue
        found = {
            f"{problem.check}: {problem.text}": None
            for syntax in syntaxes.get(entry.msgid, ())
            for problem in checks.problems(
                entry.msgid, entry.msgstr, rules, syntax=syntax, comment=entry.comment
            )
        }
        for text in found:
            yield Finding(str(catalog.path), entry.line, text)


def _in_code(catalog: Catalog, page: Page, project: Path) -> Iterator[Finding]:
    """Find the first translation that would change the code of a recipe."""
    if page.kind is None:
        return
    text = text_of(project, page.path)
    try:
        translate(text, catalog.translations(), page.kind, path=page.path)
    except CodeChanged as error:
        lines = {entry.msgid: entry.line for entry in catalog.entries()}
        cause = f"code: with this translation, {error.cause}"
        yield Finding(str(catalog.path), lines.get(error.message, 1), cause)


def _out_of_date(catalog: Catalog, page: Page) -> Iterator[Finding]:
    """Find what a refresh would change, other than lines that have moved."""
    entries: Mapping[str, Entry] = {each.msgid: each for each in catalog.entries()}
    places = {source.msgid: source for source in reversed(page.sources)}
    changes = catalog.update(page.sources)
    for msgid in (*changes.new, *changes.fuzzy):
        cause = f"not in {catalog.path} yet: {_short(msgid)}"
        yield Finding(places[msgid].path, places[msgid].line, cause, is_outdated=True)
    for msgid in changes.obsolete:
        cause = f"no longer in its source: {_short(msgid)}"
        line = entries[msgid].line
        yield Finding(str(catalog.path), line, cause, is_outdated=True)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
