"""Which languages there are, and where the catalogs of each are."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from babel import Locale, UnknownLocaleError

from translation.catalogs.catalog import Catalog, CatalogError
from translation.fault import TranslationError

COMMAND = "nox -s translate"
"""What people type."""

SOURCE_LANGUAGE = "en"
"""The language that everything is written in; it needs no catalogs."""

_CODE = re.compile(r"([a-z]{2,3})(_[A-Z][a-z]{3})?(_[A-Z]{2}|_\d{3})?(@[a-z]+)?")


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
        """Return the file of a page's catalog."""
        return self.catalogs / f"{page}.po"

    def pages(self) -> list[str]:
        """Return the pages that have a catalog."""
        paths = sorted(self.catalogs.rglob("[!.]*.po"))
        return [p.relative_to(self.catalogs).with_suffix("").as_posix() for p in paths]

    def load(self) -> Mapping[str, Catalog]:
        """Read all catalogs.

        Raises:
            TranslationError: Some cannot be read.
        """
        found, faults = {}, []
        for page in self.pages():
            try:
                found[page] = Catalog.load(self.path(page))
            except CatalogError as error:
                faults.append(str(error))
        if faults:
            hint = "These catalogs are as they were. Repair them, and try again."
            raise TranslationError("\n".join([*faults, hint]))
        return found


def codes(project: Path) -> list[str]:
    """Return the codes of the languages that a project has catalogs for.

    Raises:
        TranslationError: A folder of catalogs is not named after a language, or after
            that of the sources.
    """
    found = sorted(each.parent.name for each in project.glob("locales/*/LC_MESSAGES"))
    for code in found:
        if code == SOURCE_LANGUAGE:
            # Sphinx would use them for the English pages, and nothing checks them.
            raise TranslationError(
                f"locales/{code}: the language of the sources has no catalogs; remove "
                "the folder LC_MESSAGES in it"
            )
        if not _exists(code):
            raise TranslationError(
                f"locales/{code}: {code!r} is not a language code; rename the folder "
                "as gettext does, such as ja or zh_CN"
            )
    return found


def complete_languages(project: Path) -> list[str]:
    """Return the codes of the languages that a release must have in full.

    They are in `pyproject.toml`, as `complete` below `[tool.translation]`.

    Raises:
        TranslationError: One of them has no catalogs.
    """
    file = project / "pyproject.toml"
    settings = tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}
    wanted = settings.get("tool", {}).get("translation", {}).get("complete", [])
    for code in wanted:
        if code not in codes(project):
            cause = f"[tool.translation] lists {code!r}, and there is no locales/{code}"
            raise TranslationError(f"pyproject.toml: {cause}")
    return [*wanted]


def languages(project: Path, wanted: str | None, *, new: bool) -> list[Language]:
    """Return the languages of a project, or the one that is wanted.

    Args:
        project: The folder that holds `locales/`.
        wanted: The code of one language; None for all that there are.
        new: Whether the one that is wanted may be new.

    Raises:
        TranslationError: There are none, or not the one that is wanted.
    """
    known = codes(project)
    if wanted is None and not known:
        cause = "locales/ has no language yet. To begin with Japanese, type: "
        raise TranslationError(f"{cause}{COMMAND} -- --language ja")
    if wanted is not None and wanted not in known:
        _check(wanted)
        if not new:
            cause = f"there is no locales/{wanted}. To begin with it, type: "
            raise TranslationError(f"{cause}{COMMAND} -- --language {wanted}")
    found = known if wanted is None else [wanted]
    return [Language(code, project / "locales" / code) for code in found]


def _check(code: str) -> None:
    """Make sure that there is a language of that code, other than the sources'."""
    if code == SOURCE_LANGUAGE:
        raise TranslationError("en is the language of the sources; it has no catalogs")
    if not _exists(code):
        cause = f"{code!r} is not a language code as gettext writes it"
        raise TranslationError(f"{cause}. Type one such as ja or zh_CN")


def _exists(code: str) -> bool:
    if not _CODE.fullmatch(code):
        return False
    try:
        Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return False
    return True
