"""Fold the solutions of the exercises in a page's part "Try it".

In that part, a paragraph that is all bold, such as "**Solution**", opens a fold, which
ends where the next exercise begins, or with the part.
"""

from typing import TYPE_CHECKING

from docutils import nodes

from recipe_site.fold import fold

if TYPE_CHECKING:
    from sphinx.application import Sphinx

TRY_IT = "try-it"
"""The anchor of the part; anchors are English in every edition."""


def fold_solutions(_app: "Sphinx", document: nodes.document) -> None:
    """Put each solution into a fold of its own."""
    for section in document.findall(nodes.section):
        if TRY_IT not in section["ids"]:
            continue
        solution = None
        for child in list(section):
            if _is_bold(child):
                solution = fold(summary=child.astext(), classes=["solution"])
                section.replace(child, solution)
            elif isinstance(child, nodes.section) or _begins_bold(child):
                solution = None
            elif solution is not None:
                section.remove(child)
                solution += child


def _is_bold(node: nodes.Node) -> bool:
    """Tell whether a paragraph is all bold."""
    return _begins_bold(node) and len(node.children) == 1


def _begins_bold(node: nodes.Node) -> bool:
    return (
        isinstance(node, nodes.paragraph)
        and bool(node.children)
        and isinstance(node[0], nodes.strong)
    )


def setup_parts(app: "Sphinx") -> None:
    """Fold solutions once claims are folded (460)."""
    app.connect("doctree-read", fold_solutions, priority=470)
