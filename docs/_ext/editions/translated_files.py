"""What an edition is built from, made of one English file and its catalog each."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import polib

from editions.page_facts import PageFacts
from translation.catalogs.catalog import Catalog, CatalogError, Translation
from translation.messages.forms import Syntax
from translation.messages.segments import UnreadableScript
from translation.older import older
from translation.refusals import refusals
from translation.scripts import CodeChanged, messages, translate
from translation.sources.sources import RecipeFile

OLDER = "older: "
"""Before a message in a compiled catalog, whose English has changed."""
_ANY_LINKS = "  # noqa"
"""Has Sphinx not compare the links of a translation with those of the new English."""


def load(
    file: Path, project: Path, faults: list[str], syntax: Syntax
) -> Catalog | None:
    """Read a catalog, if there is one; note what is wrong with it.

    One that adds what only authors may write is not used at all.
    """
    if not file.is_file():
        return None
    try:
        catalog = Catalog.load(file)
    except CatalogError as error:
        faults.append(f"{file.relative_to(project)}:{error.line}: {error.cause}")
        return None
    refused = [*refusals(catalog, syntax)]
    faults += [f"{file.relative_to(project)}:{it.line}: {it.cause}" for it in refused]
    return None if refused else catalog


def translated(
    recipe: RecipeFile, catalog: Catalog | None, project: Path, faults: list[str]
) -> tuple[bytes, PageFacts]:
    """Translate a recipe as far as its catalog goes.

    Not at all if a translation would change its code: that is noted as a fault.
    """
    path = recipe.path.relative_to(project).as_posix()
    entries = catalog.entries() if catalog else []
    known = catalog.translations() if catalog else {}
    try:
        english = recipe.path.read_text("utf-8")
        was = older(messages(english, recipe.kind), entries)
        shown = known | {message: each.translation for message, each in was.items()}
        made = translate(english, shown, recipe.kind, path=path)
    except (UnicodeDecodeError, UnreadableScript):
        # The English edition says what is wrong with it.
        return recipe.path.read_bytes(), PageFacts()
    except CodeChanged as error:
        assert catalog is not None  # noqa: S101 - without one, nothing changes
        lines = {each.msgid: each.line for each in entries}
        file = f"{catalog.path.relative_to(project)}:{lines.get(error.message, 1)}"
        faults.append(f"{file}: {error}")
        return translated(recipe, None, project, faults)
    outdated = [(each.translation, each.english, text) for text, each in was.items()]
    facts = PageFacts(made.titles, made.total, made.untranslated, outdated)
    return made.text.encode(), facts


def compiled_catalog(
    entries: Sequence[Translation], strings: Iterable[str] | None
) -> bytes:
    """Compile a catalog for gettext, with its older translations.

    For a page, those have names of their own, by which Sphinx is led to them; a string
    of the code finds its own.

    Args:
        entries: What the catalog has.
        strings: The strings that the code has; None if it is the catalog of a page.
    """
    was = older(dict.fromkeys(strings or (), "text"), entries)
    made = polib.POFile()
    made.metadata = {"Content-Type": "text/plain; charset=UTF-8"}
    for each in entries:
        if (
            not each.msgstr.strip()
            or each.msgid.startswith(OLDER)
            or "\0" in each.msgid
        ):
            continue  # gettext would find it under the name of another
        if not each.is_fuzzy:
            made.append(polib.POEntry(msgid=each.msgid, msgstr=each.msgstr))
        if strings is None:
            name, text = f"{OLDER}{each.msgid}", f"{each.msgstr}{_ANY_LINKS}"
            made.append(polib.POEntry(msgid=name, msgstr=text))
    for message, each_older in was.items():
        made.append(polib.POEntry(msgid=message, msgstr=each_older.translation))
    compiled: bytes = made.to_binary()
    return compiled
