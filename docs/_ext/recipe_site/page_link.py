"""Link to a page of the site by its name; the link reads as the page's title."""

from docutils import nodes
from sphinx.addnodes import pending_xref


def link_to(page: str, here: str) -> pending_xref:
    """Make a link that Sphinx resolves, and warns of if there is no such page.

    Args:
        page: Document name of the page.
        here: That of the page that the link stands on.
    """
    return pending_xref(
        "",
        nodes.inline(),
        refdomain="std",
        reftype="doc",
        reftarget=f"/{page}",
        refdoc=here,
        refexplicit=False,
        refwarn=True,
    )
