"""Which editions there are: English, and one for each folder in `locales/`."""

from dataclasses import dataclass
from pathlib import Path

from babel import Locale
from babel.core import get_global

from translation.catalogs.languages import SOURCE_LANGUAGE, codes


@dataclass(frozen=True, slots=True)
class Edition:
    """The site in one language."""

    language: str
    """As Sphinx and gettext write it: `zh_CN`."""

    @property
    def name(self) -> str:
        """Its folder on the site: `zh-cn`."""
        return self.language.replace("_", "-").lower()

    @property
    def tag(self) -> str:
        """As HTML writes the language (BCP 47): `zh-CN`."""
        return self.language.replace("_", "-")

    @property
    def own_name(self) -> str:
        """What the language calls itself, after CLDR: `简体中文`."""
        locale = Locale.parse(self.language)
        likely = get_global("likely_subtags")
        full = likely.get(self.language) or likely.get(locale.language, self.language)
        script = locale.script or Locale.parse(full).script
        names = locale.languages
        name: str = names.get(f"{locale.language}_{script}") or names[locale.language]
        return name[:1].upper() + name[1:]

    @property
    def is_source(self) -> bool:
        """Whether it is the edition that the others are made from."""
        return self.language == SOURCE_LANGUAGE


def editions(project: Path) -> list[Edition]:
    """Return the editions of a project, English first.

    Raises:
        TranslationError: A folder of catalogs is not named after a language.
    """
    return [Edition(language) for language in (SOURCE_LANGUAGE, *codes(project))]
