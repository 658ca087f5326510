"""The site's root page: it sends readers to the edition in their language.

With JavaScript that is the first of the browser's languages that has an edition, else
English. Without, the page shows a link to each.
"""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from editions.edition import Edition

TEMPLATE = "root.html"


def root_page(editions: Sequence[Edition], templates: Path, title: str) -> str:
    """Write the root page.

    Args:
        editions: The editions of the site, English first.
        templates: The folder that holds `root.html`.
        title: What the site is called.
    """
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    template = environment.get_template(TEMPLATE)
    return template.render(editions=editions, title=title)
