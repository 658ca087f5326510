"""What the theme furo says in English only, in the language of the edition."""

from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup
from sphinx.locale import get_translation

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_ = get_translation("site")

TEMPLATES = (_("Edit this page"),)
"""What furo's templates say and Sphinx's catalogs don't; here, translators find it."""
TREE = "furo_navigation_tree"
"""Where furo puts the list of pages for its templates."""


def name_switches(
    _app: "Sphinx", _page: str, _template: str, context: dict[str, Any], _tree: object
) -> None:
    """Name the switches in the list of pages, which furo writes in Python."""
    if tree := context.get(TREE):
        context[TREE] = with_names(tree)


def with_names(tree: str) -> str:
    """Name each switch after the page whose subordinate pages it shows.

    Examples:
        >>> with_names('<li><a>One</a><input aria-label="Toggle"/></li>')
        '<li><a>One</a><input aria-label="Show or hide the pages of One"/></li>'
    """
    list_of_pages = BeautifulSoup(tree, "html.parser")
    for entry in list_of_pages.find_all("li"):
        link = entry.find("a")
        switch = entry.find("input", recursive=False)
        if link and switch:
            switch["aria-label"] = _("Show or hide the pages of %s") % link.get_text()
    # Not by `select`, whose first call in each build takes 0.2 s.
    for caption in list_of_pages.find_all(role="heading"):
        caption["aria-level"] = "2"  # Sphinx names none, and a heading needs one
    return str(list_of_pages)
