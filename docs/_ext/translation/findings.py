"""Find what is wrong with the catalogs of a language, what is left to do, and where.

What is wrong would break a page, or mislead its readers. What is left to do does
neither: the page shows the older translation or the English, and says so.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from translation.catalogs.catalog import Catalog, CatalogError
from translation.catalogs.languages import Language
from translation.checks.checks import Rules, problems
from translation.checks.glossary import Glossary, GlossaryError
from translation.fault import FileError
from translation.refusals import refusals
from translation.scripts import CodeChanged, translate
from translation.sources.sources import Page, text_of

_SHOWN = 50
"""How many characters of a message are shown."""


class OutdatedError(FileError):
    """A catalog is not as its sources are; a refresh puts it right."""


class UntranslatedError(FileError):
    """A message has no translation, or one of an older English text."""


def findings(
    language: Language, pages: Sequence[Page], project: Path, catalogs: Collection[str]
) -> Iterator[FileError]:
    """Find what is wrong with the catalogs of a language, and what is left to do.

    Args:
        language: The language.
        pages: All pages of the site, or some.
        project: The folder that holds `recipes/`.
        catalogs: The pages that there may be catalogs of.
    """
    glossary = None
    try:
        if language.glossary.is_file():
            glossary = Glossary.load(language.glossary)
    except GlossaryError as error:
        yield error
    rules = Rules(glossary, language.is_chinese)
    present = {page.name: page for page in pages if page.sources}
    for name in sorted({*present, *catalogs}):
        path = language.path(name)
        page = present.get(name)
        if page is None:
            yield OutdatedError(path, 1, "its page is gone")
        elif not path.is_file():
            yield OutdatedError(page.sources[0].path, 1, f"there is no {path}")
        else:
            try:
                catalog = Catalog.load(path)
            except CatalogError as error:
                yield error
                continue
            yield from refusals(catalog, page.syntax)
            yield from _in_translations(catalog, page, rules)
            yield from _in_code(catalog, page, project)
            yield from _untranslated(catalog, page)
            yield from _out_of_date(catalog, page)


def _in_translations(catalog: Catalog, page: Page, rules: Rules) -> Iterator[FileError]:
    """Check translations that are used: those of messages that are in the source."""
    entries = {each.msgid: each for each in catalog.entries() if not each.is_fuzzy}
    messages = dict.fromkeys((each.msgid, each.syntax) for each in page.sources)
    found: dict[tuple[int, str], None] = {}
    for msgid, syntax in messages:
        entry = entries.get(msgid)
        if entry and entry.msgstr.strip():
            for problem in problems(
                msgid, entry.msgstr, rules, syntax=syntax, comment=entry.comment
            ):
                found[entry.line, f"{problem.check}: {problem.text}"] = None
    for line, text in found:
        yield FileError(catalog.path, line, text)


def _in_code(catalog: Catalog, page: Page, project: Path) -> Iterator[FileError]:
    """Find the first translation that would change the code of a recipe."""
    if page.kind is None:
        return
    text = text_of(project, page.path)
    try:
        translate(text, catalog.translations(), page.kind, path=page.path)
    except CodeChanged as error:
        lines = {entry.msgid: entry.line for entry in catalog.entries()}
        cause = f"code: with this translation, {error.cause}"
        yield FileError(catalog.path, lines.get(error.message, 1), cause)


def _untranslated(catalog: Catalog, page: Page) -> Iterator[FileError]:
    """Find what translators have to do, in the catalog as it is."""
    messages = {each.msgid for each in page.sources}
    for entry in catalog.entries():
        if entry.msgid in messages and (entry.is_fuzzy or not entry.msgstr.strip()):
            said = entry.is_fuzzy and entry.msgstr.strip()
            cause = "English changed since" if said else "not translated"
            text = f"{cause}: {_short(entry.msgid)}"
            yield UntranslatedError(catalog.path, entry.line, text)


def _out_of_date(catalog: Catalog, page: Page) -> Iterator[FileError]:
    """Find what a refresh would change, other than lines that have moved."""
    lines = {each.msgid: each.line for each in catalog.entries()}
    places = {source.msgid: source for source in reversed(page.sources)}
    changes = catalog.update(page.sources)
    for msgid in (*changes.new, *changes.fuzzy):
        cause = f"not in {catalog.path} yet: {_short(msgid)}"
        yield OutdatedError(places[msgid].path, places[msgid].line, cause)
    for msgid in changes.obsolete:
        cause = f"no longer in its source: {_short(msgid)}"
        yield OutdatedError(catalog.path, lines[msgid], cause)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
