"""Write what stands in a line: text, code, links, pictures."""

import re
from collections.abc import Callable

from docutils import nodes

from recordings.page.markdown import syntax
from recordings.page.markdown.rest import cross_reference

Resolve = Callable[[str, str, str | None], tuple[str, str | None]]
"""Takes a role, its target and its own label; gives the text and an address or None."""

CODE_ROLES = {
    *("attr", "class", "const", "data", "deco", "download", "envvar", "exc", "func"),
    *("meth", "mod", "obj", "option", "prop", "property", "type"),
}
MARKS: dict[type[nodes.Node], tuple[str, str]] = {
    nodes.emphasis: syntax.EMPHASIS,
    nodes.strong: syntax.STRONG,
}
LINKED = re.compile(r"(?:https?|ftp|mailto):|[^:]+$")
"""No `file:`, which viewers refuse; nor places in the recipe, whose anchors differ."""

TAGS: dict[type[nodes.Node], str] = {nodes.subscript: "sub", nodes.superscript: "sup"}


class Lines:
    """Has a method `_inline_…` for each kind of node that needs one."""

    def __init__(self, resolve: Resolve) -> None:
        """Take what says where a role leads."""
        self._resolve = resolve

    def line(self, *siblings: nodes.Node) -> str:
        """Write a paragraph, or what else is one line."""
        return syntax.finish(syntax.join(self.inline(node) for node in siblings))

    def strong(self, *siblings: nodes.Node) -> str:
        """Write a line, all of it strong."""
        return syntax.strong(syntax.join(self.inline(node) for node in siblings))

    def inline(self, node: nodes.Node) -> str:
        """Write a node; without a method of its own, as what is in it."""
        if method := getattr(self, f"_inline_{type(node).__name__}", None):
            return str(method(node))
        inner = syntax.join(self.inline(child) for child in node.children)
        if marks := MARKS.get(type(node)):
            return f"{marks[0]}{inner}{marks[1]}"
        if tag := TAGS.get(type(node)):
            return f"<{tag}>{inner}</{tag}>"
        return inner

    def _inline_Text(self, node: nodes.Text) -> str:  # noqa: N802 - docutils' name
        return syntax.escape(node.astext())

    def _inline_literal(self, node: nodes.literal) -> str:
        return syntax.code(node.astext(), in_table=_in_table(node))

    def _inline_math(self, node: nodes.math) -> str:
        return syntax.math(node.astext(), in_table=_in_table(node))

    def _inline_raw(self, node: nodes.raw) -> str:
        return node.astext() if "html" in node["format"].split() else ""

    def _inline_footnote_reference(self, node: nodes.Element) -> str:
        return syntax.escape(f"[{node.astext()}]")

    _inline_citation_reference = _inline_label = _inline_footnote_reference

    def _inline_reference(self, node: nodes.reference) -> str:
        inner = syntax.join(self.inline(child) for child in node.children)
        address = node.get("refuri")
        if not address or not LINKED.match(address):
            return inner
        if address in (node.astext(), f"mailto:{node.astext()}"):
            return f"<{node.astext()}>"
        return syntax.link(inner, address)

    def _inline_cross_reference(self, node: cross_reference) -> str:
        text, address = self._resolve(node["role"], node["target"], node["label"])
        if node["role"].rpartition(":")[2] in CODE_ROLES:
            label = syntax.code(text, in_table=_in_table(node))
        else:
            label = syntax.escape(text)
        return syntax.link(label, address) if address else label

    def _inline_image(self, node: nodes.image) -> str:
        alternative, address = node.get("alt", ""), node["uri"]
        if not re.match(r"https?:|data:", address):
            address = self._resolve("image", address, alternative or None)[1]
        alternative = syntax.escape(alternative)
        return "!" + syntax.link(alternative, address) if address else alternative


def _in_table(node: nodes.Node) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, nodes.entry):
            return True
    return False
