"""Write the files at the site's root, such as the page that asks for a language."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from editions.edition import Edition
from editions.translated_files import load

FOLDER = "root"
"""Where their templates are, among the others."""
Words = Callable[[str], str]
"""Says a text in a language."""


def root_files(
    editions: Sequence[Edition],
    templates: Path,
    title: str,
    site: str = "",
    words: Mapping[str, Words] | None = None,
) -> dict[str, str]:
    """Return the files at the site's root by name; an empty one is not wanted.

    Args:
        editions: Those that the site has.
        templates: The folder of all templates.
        title: The site's.
        site: The site's address, if known; else it is taken to be a host's root.
        words: Texts in the language of each edition, by its tag.
    """
    environment = Environment(
        loader=FileSystemLoader(templates / FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    site = f"{site.rstrip('/')}/" if site else ""
    known = {
        "editions": editions,
        "title": title,
        "folders": {edition.tag: edition.name for edition in editions},
        "source": next(edition for edition in editions if edition.is_source),
        "site": site,
        "base": urlsplit(site).path or "/",
        "words": {each.tag: (words or {}).get(each.tag, str) for each in editions},
    }
    return {
        name: environment.get_template(name).render(known)
        for name in environment.list_templates()
    }


def words(project: Path, editions: Sequence[Edition]) -> dict[str, Words]:
    """Return what says a text of templates in each edition, by its tag."""
    return {each.tag: _words(project, each) for each in editions}


def _words(project: Path, edition: Edition) -> Words:
    file = project / "locales" / edition.language / "LC_MESSAGES" / "site.po"
    # If it is broken, that was told where the edition was made.
    catalog = load(file, project, [], "text")
    known = catalog.translations() if catalog else {}
    return lambda text: known.get(text, text)
