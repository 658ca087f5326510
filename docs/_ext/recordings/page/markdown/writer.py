"""Write the nodes of a text block as Markdown."""

import re
from collections.abc import Callable
from functools import partial
from textwrap import indent
from xml.sax.saxutils import quoteattr

from docutils import nodes

from recordings import rest
from recordings.page.markdown import syntax

Resolve = Callable[[str, str, str | None], tuple[str, str | None]]
"""Takes a role, its target and its own label; returns the text and any address."""

Show = Callable[[str], str | None]
"""Takes a picture's address on the page; returns that in the notebook, if any."""

_HINT = "use paragraphs, lists, list-tables, code blocks, notes and links"
_CODE = {"code", "code-block", "sourcecode"}
_TESTS = {"doctest": "pycon", "testcode": "python", "testoutput": "text"}
"""Blocks of code that Sphinx tests, and their language."""
_ONLY_ON_THE_PAGE = {
    *("contents", "currentmodule", "highlight", "index", "meta", "minigallery", "raw"),
    *("role", "default-role", "tabularcolumns", "tags", "testcleanup", "testsetup"),
    *("toctree", "todo", "todolist"),
}
_CODE_ROLES = {
    *(
        "any",
        "attr",
        "class",
        "const",
        "data",
        "download",
        "exc",
        "func",
        "meth",
        "mod",
    ),
    *("obj", "option", "property", "type"),
}
_STYLES = {
    **dict.fromkeys(("", "dfn", "emphasis", "title-reference"), syntax.EMPHASIS),
    **dict.fromkeys(("command", "guilabel", "program", "strong"), syntax.STRONG),
    **dict.fromkeys(("sub", "subscript"), ("<sub>", "</sub>")),
    **dict.fromkeys(("sup", "superscript"), ("<sup>", "</sup>")),
}
_LINKED = re.compile(r"(?:https?|ftp|mailto):|[^:]+$")
"""No `file:`, which viewers refuse; nor places in the recipe, whose anchors differ."""

_TRANSPARENT = (
    *(nodes.document, nodes.section, nodes.container, nodes.table, nodes.figure),
    nodes.legend,
    *(nodes.target, nodes.inline, nodes.problematic),
)


_LEAVES: dict[str, Callable[[str], str]] = {
    "Text": syntax.escape,
    "literal": syntax.code,
    "literal_block": syntax.fence,
    "doctest_block": partial(syntax.fence, language="pycon"),
    "transition": lambda _: "---",
    **dict.fromkeys(
        ("footnote_reference", "citation_reference", "label"),
        lambda text: syntax.escape(f"[{text}]"),
    ),
}


class Writer:
    """Has a method for each kind of node, by its name; of others, writes the text."""

    def __init__(self, resolve: Resolve, show: Show, default_role: str) -> None:
        """Take what says where a role leads, and where a picture is."""
        self._resolve, self._show, self._default_role = resolve, show, default_role
        self.problems: list[tuple[int, str]] = []
        """The lines of what could not be written, and what it is."""

    def write(self, node: nodes.Node) -> str:
        """Write a node with all that is in it."""
        kind = type(node).__name__
        if leaf := _LEAVES.get(kind):
            return leaf(node.astext())
        if kind in {"emphasis", "strong"}:
            return self._inside(node).join(_STYLES[kind])
        if method := getattr(self, f"_{kind}", None):
            return str(method(node))
        if isinstance(node, _TRANSPARENT):
            return self._inside(node)
        if isinstance(node, (nodes.Invisible, nodes.system_message)):
            return ""
        self._complain(node, f"a{'n' * (kind[0] in 'aeiou')} {kind.replace('_', ' ')}")
        return syntax.escape(node.astext())

    def _inside(self, node: nodes.Node, gap: str = "\n\n") -> str:
        """Write what is in a node: a line, or blocks that follow one another."""
        written = map(self.write, node.children)
        is_line = isinstance(node, (nodes.TextElement, nodes.Inline))
        return syntax.join(written) if is_line else gap.join(filter(None, written))

    def _complain(self, node: nodes.Node, what: str) -> None:
        while not (lines := [each.line for each in node.findall() if each.line]):
            node = node.parent
        cause = f"{what} can't be written to the notebook, only its text; {_HINT}"
        self.problems.append((lines[0], cause))

    # Blocks

    def _paragraph(self, node: nodes.Element) -> str:
        return syntax.finish(self._inside(node))

    _caption = _paragraph

    def _rubric(self, node: nodes.Element) -> str:
        return syntax.strong(self._inside(node))

    def _title(self, node: nodes.title) -> str:
        level, above = 0, node.parent
        while isinstance(above, nodes.section):
            level, above = level + 1, above.parent
        if not level:
            return self._rubric(node)
        text = re.sub("#$", r"\\#", self._paragraph(node))
        return f"{'#' * min(level, 6)} {text}"

    def _block_quote(self, node: nodes.Element) -> str:
        quoted = self._inside(node).split("\n")
        return "\n".join(f"> {line}".rstrip() for line in quoted)

    _admonition = _block_quote

    def _footnote(self, node: nodes.Element) -> str:
        return self._inside(node).replace("\n\n", " ", 1)

    _citation = _footnote

    def _directive(self, node: rest.directive) -> str:
        name, argument, text = node["name"], node["argument"], node.astext()
        if name == "math":
            formula = f"{argument}\n{text}".strip()
            return f"$$\n{formula}\n$$"
        if name == "raw" and argument == "html":
            return re.sub(r"\n\s*\n", "\n", text.strip())
        if name in _ONLY_ON_THE_PAGE:
            return ""
        caption = node["options"].get("caption", "")
        if name in _CODE:
            language = argument
        elif name in _TESTS:
            language = _TESTS[name]
        else:
            self._complain(node, f'the directive "{name}"')
            language, caption = name, caption or argument
        caption = syntax.strong(syntax.escape(caption))
        code = syntax.fence(text, language) if text else ""
        return f"{caption}\n\n{code}".strip()

    # Lists and tables

    def _bullet_list(self, node: nodes.Element) -> str:
        gap = "\n" if all(map(_is_short, node.children)) else "\n\n"
        is_numbered = isinstance(node, nodes.enumerated_list)
        items = []
        for number, item in enumerate(node.children, node.get("start", 1)):
            bullet = f"{number}. " if is_numbered else "- "
            text = indent(self._inside(item, gap), " " * len(bullet))
            items.append(bullet + text[len(bullet) :])
        return gap.join(items)

    _enumerated_list = _bullet_list

    def _tgroup(self, node: nodes.tgroup) -> str:
        rows = [[*map(self.write, row.children)] for row in node.findall(nodes.row)]
        if not any(node.findall(nodes.thead)):
            rows.insert(0, [""] * node["cols"])
        rows.insert(1, ["---"] * node["cols"])
        return "\n".join(map(syntax.row, rows))

    def _entry(self, node: nodes.entry) -> str:
        is_plain = all(isinstance(each, nodes.paragraph) for each in node.children)
        if not is_plain or {"morecols", "morerows"} & node.attributes.keys():
            self._complain(node, "a cell that spans others or is not just paragraphs")
        return self._inside(node, "<br>").replace("\n", " ")

    # Lines

    def _image(self, node: nodes.image) -> str:
        text = node.get("alt", "")
        address = self._show(node["uri"])
        if address is None:
            self._complain(node, "an image")
            return syntax.escape(text)
        sizes = {name: node[name] for name in ("width", "height") if name in node}
        about = {"src": address, "alt": text, **sizes}
        return (
            f"<img {' '.join(f'{name}={quoteattr(it)}' for name, it in about.items())}>"
        )

    def _reference(self, node: nodes.reference) -> str:
        text, address = node.astext(), node.get("refuri", ":")
        if not _LINKED.match(address):
            return self._inside(node)
        if address in (text, f"mailto:{text}"):
            return f"<{text}>"
        return syntax.link(self._inside(node), address)

    def _role(self, node: rest.role) -> str:
        name = node["name"] or self._default_role
        kind = name.rpartition(":")[2]
        if name in _STYLES:
            return syntax.escape(node.astext()).join(_STYLES[name])
        if name == "math":
            return f"${node['code']}$"
        if name in {"code", "file", "kbd", "literal", "samp"}:
            return syntax.code(node["code"])
        text, address = self._resolve(name, *_target_and_label(kind, node))
        label = syntax.code(text) if kind in _CODE_ROLES else syntax.escape(text)
        return syntax.link(label, address) if address else label


def _target_and_label(kind: str, node: rest.role) -> tuple[str, str | None]:
    """Return the target of a role, and what is shown, if that is not the target."""
    target, label = node["target"], node["label"]
    name = target.lstrip("~!")
    if label:
        return name, " ".join(label.split())
    shown = name.rpartition(".")[2] if target.startswith("~") else name
    if kind in ("func", "meth") and not shown.endswith(")"):
        shown += "()"
    return name, shown if shown != name else None


def _is_short(item: nodes.Node) -> bool:
    """Return whether a list item needs no blank line: one block, or text and a list."""
    kinds = [type(each) for each in item.children]
    return len(kinds) <= 1 or kinds == [nodes.paragraph, nodes.bullet_list]
