"""The directive `first-screen`: how another page begins, up to its first output.

    ```{first-screen} recipes/gradients/zeroing_out_gradients
    ```

It is taken from the page, so its words are translated and its output is what ran.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.util.docutils import SphinxDirective

from recipe_site.recipes import link_to

if TYPE_CHECKING:
    from sphinx.application import Sphinx

IN_SHORT = "in-short"
"""The anchor of the part with the smallest code; anchors are English everywhere."""
OUTPUT = "sphx-glr-script-out"
"""The class of what a block printed."""


class FirstScreen(SphinxDirective):
    """A frame with a page's title, to be filled once all pages were read."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make the frame."""
        page = self.arguments[0]
        self.env.note_dependency(f"{page}.rst")
        title = nodes.paragraph("", "", link_to(page, self.env.docname))
        title["classes"].append("first-screen-title")
        return [nodes.container("", title, begins=page, classes=["first-screen"])]


def fill(app: "Sphinx", document: nodes.document, _page: str) -> None:
    """Fill each frame; one whose page is missing keeps its title alone."""
    for frame in document.findall(nodes.container):
        if frame.get("begins") in app.env.all_docs:
            frame.extend(_beginning(app.env.get_doctree(frame["begins"])))


def _beginning(document: nodes.document) -> Iterator[nodes.Node]:
    """Yield the answer, and what `In short` holds up to its first output."""
    page = next(document.findall(nodes.section))
    for node in page:
        if isinstance(node, nodes.paragraph):
            yield _without_links(node)
    for part in page.findall(nodes.section):
        if IN_SHORT not in part["ids"]:
            continue
        for node in part:
            if isinstance(node, nodes.paragraph | nodes.literal_block):
                yield _without_links(node)
                if OUTPUT in node["classes"]:
                    return


def _without_links(node: nodes.Element) -> nodes.Element:
    """Copy a node; what links in it point to was relative to its own page."""
    copied = node.deepcopy()
    for link in list(copied.findall(pending_xref)):
        link.replace_self(link.children)
    return copied


def setup_first_screen(app: "Sphinx") -> None:
    """Add the directive, and fill its frames once all pages were read."""
    app.add_directive("first-screen", FirstScreen)
    app.connect("doctree-resolved", fill)
