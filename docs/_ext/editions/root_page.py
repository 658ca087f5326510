"""Write the page at the site's root: it sends readers to their language."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from editions.edition import Edition

TEMPLATE = "root.html"


def root_page(
    editions: Sequence[Edition], templates: Path, title: str, site: str = ""
) -> str:
    """Return the text of `index.html` at the site's root.

    Its script takes the first of the browser's languages that there is an edition of.
    Without scripts it is a list of links. `site` is the site's address, if known.
    """
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(
        editions=editions,
        title=title,
        folders={edition.tag: edition.name for edition in editions},
        source=next(edition for edition in editions if edition.is_source),
        site=f"{site.rstrip('/')}/" if site else "",
    )
