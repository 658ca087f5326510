"""A line on a page that opens to more: HTML's `details`, and open in other formats."""

from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator


class fold(nodes.General, nodes.Element):  # noqa: N801 - as docutils names nodes
    """What is folded; `summary` is the line that opens it."""


def _visit(translator: "HTML5Translator", node: fold) -> None:
    classes = translator.attval(" ".join(node["classes"]))
    summary = translator.encode(node["summary"])
    translator.body.append(f'<details class="{classes}"><summary>{summary}</summary>')


def _depart(translator: "HTML5Translator", _node: fold) -> None:
    translator.body.append("</details>\n")


def _pass(_translator: nodes.NodeVisitor, _node: nodes.Element) -> None:
    """Show what is inside."""


def setup_fold(app: "Sphinx") -> None:
    """Add the node."""
    open_ = (_pass, _pass)
    app.add_node(
        fold, html=(_visit, _depart), latex=open_, text=open_, man=open_, texinfo=open_
    )
