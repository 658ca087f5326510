"""The directive `search-box`: a field that leads to the site's search.

Raw HTML cannot be translated, so the words of the field are strings of the site.
"""

from html import escape
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.locale import get_translation
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_ = get_translation("site")

_FORM = """\
<form class="home-search" role="search" action="{action}">
<input type="search" name="q" aria-label="{label}" placeholder="{example}" \
autocomplete="off" data-search-open>
</form>
"""


class SearchBox(SphinxDirective):
    """A form that works without scripts; with them, the field opens the search."""

    def run(self) -> list[nodes.Node]:
        """Make the form; without a builder for HTML, it is left out."""
        builder = self.env.app.builder
        if builder.format != "html":
            return []
        here = builder.get_target_uri(self.env.docname)
        form = _FORM.format(
            action=escape(relative_uri(here, builder.get_target_uri("search"))),
            label=escape(str(_("Search this site"))),
            example=escape(str(_("Your question, or an error message"))),
        )
        return [nodes.raw("", form, format="html")]


def setup_search_box(app: "Sphinx") -> None:
    """Add the directive."""
    app.add_directive("search-box", SearchBox)
