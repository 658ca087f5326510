"""Name the switches in furo's list of pages in the language of the edition.

furo writes them in Python, in English, and out of reach of any catalog.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup

from recipe_site.strings import _

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

FURO = "furo_navigation_tree"
"""Where furo puts the list for its templates."""


def setup_page_list(app: Sphinx) -> None:
    """Translate after furo, which writes the list at priority 500."""
    app.connect("html-page-context", _translate, priority=600)


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
    return str(list_of_pages)


def _translate(
    _app: Sphinx,
    _pagename: str,
    _templatename: str,
    context: dict[str, Any],
    _doctree: nodes.document | None,
) -> None:
    """Event `html-page-context`."""
    if tree := context.get(FURO):
        context[FURO] = with_names(tree)
