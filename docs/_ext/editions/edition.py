"""Which editions there are: English, and one for each folder in `locales/`."""

from dataclasses import dataclass
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.core import get_global

SOURCE_LANGUAGE = "en"
"""The language that everything is written in; it needs no catalogs."""


class NotALanguage(ValueError):  # noqa: N818 - what it is, not that it failed
    """A folder in `locales/` is called by no language; the message says which."""


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
        """Tell whether it is the edition that the others are made from."""
        return self.language == SOURCE_LANGUAGE


def editions(project: Path) -> list[Edition]:
    """List the editions of a project, English first.

    Args:
        project: The folder that `docs/`, `recipes/` and `locales/` stand in.

    Raises:
        NotALanguage: A folder of catalogs is called by no language.
    """
    names = sorted(each.parent.name for each in project.glob("locales/*/LC_MESSAGES"))
    for name in names:
        try:
            Locale.parse(name)
        except (UnknownLocaleError, ValueError) as error:
            raise NotALanguage(
                f"locales/{name}: {name!r} is no code of a language; name the folder "
                "as gettext does, such as ja or zh_CN"
            ) from error
    return [Edition(SOURCE_LANGUAGE), *(Edition(name) for name in names)]
