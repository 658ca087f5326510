"""Write the page at the site's root: it sends readers to their language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from editions.edition import Edition

_TEMPLATES: Final = Path(__file__).parents[2] / "_templates"


def root_page(editions: Sequence[Edition], site: str = "") -> str:
    """Give the text of `index.html` at the site's root.

    Its script takes the first of the browser's languages that there is an edition of.
    Without scripts it is a list of links.

    Args:
        editions: All of the site, English among them.
        site: The published site's address, as `html_baseurl` has it; empty: unknown.
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("root.html").render(
        editions=editions,
        folders={edition.tag: edition.name for edition in editions},
        source=next(edition for edition in editions if edition.is_source),
        site=f"{site.rstrip('/')}/" if site else "",
    )
