"""Where the catalogs of a language are, and which languages there are."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, NamedTuple

from babel import Locale, UnknownLocaleError

from translation.catalogs.catalog import Catalog, CatalogError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

COMMAND: Final = "nox -s translate"
"""What people type."""

SOURCE_LANGUAGE: Final = "en"
"""The language that everything is written in; it needs no catalogs."""

_CODE: Final = re.compile(r"([a-z]{2,3})(_[A-Z][a-z]{3})?(_[A-Z]{2}|_\d{3})?(@[a-z]+)?")


class UnknownLanguage(ValueError):  # noqa: N818 - what it is, not that it failed
    """There is no such language; the message says what to type."""


class BrokenCatalogs(Exception):  # noqa: N818 - what they are, not that it failed
    """Catalogs cannot be read; the message has a line for each."""


class Language(NamedTuple):
    """A language that the site is translated into."""

    code: str
    """As gettext writes it: `zh_CN`."""
    folder: Path
    """`locales/<language>`."""

    @property
    def catalogs(self) -> Path:
        """The folder of the catalogs."""
        return self.folder / "LC_MESSAGES"

    @property
    def glossary(self) -> Path:
        """The table of words, if there is one."""
        return self.folder / "glossary.csv"

    @property
    def is_chinese(self) -> bool:
        """Whether there are rules for its typography."""
        return self.code.partition("_")[0] == "zh"

    def path(self, page: str) -> Path:
        """Say where the catalog of a page stands."""
        return self.catalogs / f"{page}.po"

    def pages(self) -> list[str]:
        """Name the pages that there are catalogs of."""
        paths = sorted(self.catalogs.rglob("[!.]*.po"))
        return [p.relative_to(self.catalogs).with_suffix("").as_posix() for p in paths]

    def load(self) -> Mapping[str, Catalog]:
        """Read all catalogs.

        Raises:
            BrokenCatalogs: Some cannot be read.
        """
        found, faults = {}, []
        for page in self.pages():
            try:
                found[page] = Catalog.load(self.path(page))
            except CatalogError as error:
                faults.append(str(error))
        if faults:
            raise BrokenCatalogs("\n".join(faults))
        return found


def codes(project: Path) -> list[str]:
    """Return the codes of the languages that a project has catalogs for.

    Raises:
        UnknownLanguage: A folder of catalogs is not named after a language.
    """
    found = sorted(each.parent.name for each in project.glob("locales/*/LC_MESSAGES"))
    for code in found:
        if not _exists(code):
            raise UnknownLanguage(
                f"locales/{code}: {code!r} is not a language code; rename the folder "
                "as gettext does, such as ja or zh_CN"
            )
    return found


def languages(project: Path, wanted: str | None, *, new: bool) -> list[Language]:
    """List the languages of a project, or the one that is wanted.

    Args:
        project: The folder that `locales/` stands in.
        wanted: The code of one language; None for all that there are.
        new: Whether the one that is wanted may be new.

    Raises:
        UnknownLanguage: There are none, not the one that is wanted, or a folder is
                called by none.
    """
    known = codes(project)
    if wanted is None:
        found = known
        if not found:
            cause = "locales/ has no language yet. To begin with Japanese, type: "
            raise UnknownLanguage(f"{cause}{COMMAND} -- --language ja")
    else:
        found = [wanted]
        if wanted not in known:
            _check(wanted)
            if not new:
                cause = f"there is no locales/{wanted}. To begin with it, type: "
                raise UnknownLanguage(f"{cause}{COMMAND} -- --language {wanted}")
    return [Language(code, project / "locales" / code) for code in found]


def _check(code: str) -> None:
    """Make sure that there is a language of that code, other than the sources'."""
    if code == SOURCE_LANGUAGE:
        raise UnknownLanguage("en is the language of the sources; it has no catalogs")
    if _exists(code):
        return
    guesses = _guesses(code)
    typed = [f"{COMMAND} -- --language {guess}" for guess in guesses]
    how = f"Type: {' or: '.join(typed)}" if typed else "Type one such as ja or zh_CN"
    raise UnknownLanguage(f"{code!r} is no code of a language. {how}")


def _exists(code: str) -> bool:
    if not _CODE.fullmatch(code):
        return False
    try:
        Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return False
    return True


def _guesses(code: str) -> list[str]:
    """Say what may have been meant: another spelling, or the name of a language."""
    language, *others = re.split(r"[-_]", code.strip())
    spelled = [language.lower()]
    for other in others:
        is_script = len(other) == len("Hans")
        spelled.append(other.title() if is_script else other.upper())
    if _exists("_".join(spelled)):
        return ["_".join(spelled)]
    names = {name.lower(): each for each, name in _names() if _exists(each)}
    close = get_close_matches(code.lower(), names, n=1, cutoff=0.8)
    if close:
        return [names[close[0]]]
    return [spelled[0]] if others and _exists(spelled[0]) else []


def _names() -> Iterable[tuple[str, str]]:
    names: Mapping[str, str] = Locale(SOURCE_LANGUAGE).languages
    return names.items()
