"""Write what stands alone: headings, paragraphs, lists, tables, code."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, repeat
from textwrap import indent

from docutils import nodes

from recordings.page.markdown import syntax
from recordings.page.markdown.lines import Lines

BULLETS: dict[type[nodes.Node], str] = {
    nodes.bullet_list: "-",
    nodes.definition_list: "-",
    nodes.enumerated_list: "1.",
    nodes.field_list: "-",
    nodes.option_list: "-",
}


class Blocks(Lines):
    """Has a method `_block_…` for each kind of node that needs one."""

    def blocks(self, siblings: Iterable[nodes.Node], gap: str = "\n\n") -> str:
        """Write blocks that follow one another."""
        written, last = [], None
        for node in siblings:
            if block := self.block(node):
                bullet = BULLETS.get(type(node))
                if bullet and bullet == last:
                    written.append("<!-- -->")  # or the two lists would become one
                written.append(block)
                last = bullet
        return gap.join(written)

    def block(self, node: nodes.Node) -> str:
        """Write one block; without a method of its own, as what is in it."""
        if method := getattr(self, f"_block_{type(node).__name__}", None):
            return str(method(node))
        if isinstance(node, (nodes.TextElement, nodes.Inline)):
            return self.line(node)
        return self.blocks(node.children)

    def _block_title(self, node: nodes.title) -> str:
        level, above = 0, node.parent
        while isinstance(above, nodes.section):
            level, above = level + 1, above.parent
        if not level:
            return self.strong(*node.children)
        text = re.sub(r"#$", r"\\#", self.line(node))
        return f"{'#' * min(level, 6)} {text}"

    def _block_rubric(self, node: nodes.Element) -> str:
        return self.strong(*node.children)

    _block_subtitle = _block_rubric

    def _block_transition(self, _node: nodes.transition) -> str:
        return "---"

    def _block_raw(self, node: nodes.raw) -> str:
        return re.sub(r"\n\s*\n", "\n", self._inline_raw(node).strip())

    def _block_literal_block(self, node: nodes.literal_block) -> str:
        return syntax.fence(node.astext(), node.get("language", ""))

    def _block_doctest_block(self, node: nodes.doctest_block) -> str:
        return syntax.fence(node.astext(), "pycon")

    def _block_math_block(self, node: nodes.math_block) -> str:
        text = node.astext().strip()
        if r"\\" in text and r"\begin" not in text:
            text = f"\\begin{{split}}\n{text}\n\\end{{split}}"
        return f"$$\n{text}\n$$"

    def _block_line_block(self, node: nodes.line_block) -> str:
        return "\\\n".join(self._each_line(node))

    def _each_line(self, node: nodes.line_block, depth: int = 0) -> Iterator[str]:
        for child in node.children:
            if isinstance(child, nodes.line_block):
                yield from self._each_line(child, depth + 1)
            else:
                yield "&nbsp;" * 4 * depth + self.line(child) or "&nbsp;"

    def _block_block_quote(self, node: nodes.Element) -> str:
        quoted = self.blocks(node.children).split("\n")
        return "\n".join(f"> {line}".rstrip() for line in quoted)

    _block_admonition = _block_topic = _block_sidebar = _block_block_quote

    def _block_attribution(self, node: nodes.attribution) -> str:
        return f"— {self.line(node)}"

    def _block_footnote(self, node: nodes.Element) -> str:
        label, *text = node.children
        return self._labelled(self.inline(label), text)

    _block_citation = _block_footnote

    # Lists

    def _block_bullet_list(self, node: nodes.bullet_list) -> str:
        return self._items(node, repeat("- "))

    def _block_enumerated_list(self, node: nodes.enumerated_list) -> str:
        return self._items(node, (f"{each}. " for each in count(node.get("start", 1))))

    def _items(self, node: nodes.Element, bullets: Iterator[str]) -> str:
        gap = "\n" if all(_is_short(item) for item in _elements(node)) else "\n\n"
        items = (self.blocks(item.children, gap) for item in _elements(node))
        return gap.join(map(_hang, bullets, items))

    def _block_definition_list_item(self, node: nodes.definition_list_item) -> str:
        *terms, definition = node.children
        head = self.strong(terms[0])
        for classifier in terms[1:]:
            head += f" ({self.line(classifier)})"
        return _hang("- ", f"{head}\n\n{self.block(definition)}")

    def _block_field(self, node: nodes.field) -> str:
        name, text = node.children
        if not text.children:  # `:orphan:` and its like are for Sphinx
            return ""
        head = self.strong(*name.children, nodes.Text(":"))
        return _hang("- ", self._labelled(head, text.children))

    def _block_option_list_item(self, node: nodes.option_list_item) -> str:
        options, text = node.children
        head = ", ".join(syntax.code(each.astext()) for each in options.children)
        return _hang("- ", self._labelled(f"{head}:", text.children))

    def _labelled(self, head: str, text: Sequence[nodes.Node]) -> str:
        gap = " " if text and isinstance(text[0], nodes.paragraph) else "\n\n"
        return f"{head}{gap}{self.blocks(text)}"

    # Tables

    def _block_tgroup(self, node: nodes.tgroup) -> str:
        width = node["cols"]
        parts = {type(part): part for part in node.children}
        head = self._rows(parts.get(nodes.thead), width)
        body = self._rows(parts.get(nodes.tbody), width)
        titles = [
            "<br>".join(filter(None, column)) for column in zip(*head, strict=True)
        ]
        stubs = [each.get("stub") for each in node.findall(nodes.colspec)]
        for row in body:
            for number, (cell, stub) in enumerate(zip(row, stubs, strict=True)):
                row[number] = syntax.strong(cell) if stub else cell
        rows = [titles or [""] * width, ["---"] * width, *body]
        return "\n".join(syntax.row(row) for row in rows)

    def _rows(self, part: nodes.Node | None, width: int) -> list[list[str]]:
        """Write the cells; where one spans several, the others are empty."""
        rows = []
        below = [0] * width
        for row in _elements(part):
            cells: list[str] = []
            entries = iter(_elements(row))
            while len(cells) < width:
                if below[len(cells)]:
                    below[len(cells)] -= 1
                    cells.append("")
                    continue
                entry = next(entries)
                for text in [self._cell(entry), *[""] * entry.get("morecols", 0)]:
                    below[len(cells)] = entry.get("morerows", 0)
                    cells.append(text)
            rows.append(cells)
        return rows

    def _cell(self, entry: nodes.Element) -> str:
        """Write all that is in a cell in one line."""
        found: list[str] = []
        for node in _elements(entry):
            if isinstance(node, nodes.bullet_list):
                found += [f"• {self._cell(item)}" for item in _elements(node)]
            elif isinstance(node, nodes.enumerated_list):
                items = enumerate(_elements(node), node.get("start", 1))
                found += [f"{number}. {self._cell(item)}" for number, item in items]
            elif isinstance(node, (nodes.literal_block, nodes.doctest_block)):
                code = node.astext().splitlines()
                found += [syntax.code(line, in_table=True) for line in code]
            elif isinstance(node, (nodes.TextElement, nodes.Inline)):
                found.append(self.block(node).replace("\n", " "))
            else:
                found.append(self._cell(node))
        return "<br>".join(filter(None, found))


def _elements(node: nodes.Node | None) -> list[nodes.Element]:
    children = node.children if node else ()
    return [child for child in children if isinstance(child, nodes.Element)]


def _is_short(item: nodes.Element) -> bool:
    """Say whether a list item needs no blank line: one block, or text and a list."""
    match item.children:
        case [] | [_]:
            return True
        case [nodes.paragraph(), node]:
            return _may_follow_at_once(node)
    return False


def _may_follow_at_once(node: nodes.Node) -> bool:
    if isinstance(node, nodes.enumerated_list):
        return bool(node.get("start", 1) == 1)
    return isinstance(node, nodes.bullet_list)


def _hang(bullet: str, text: str) -> str:
    return bullet + indent(text, " " * len(bullet))[len(bullet) :] if text else bullet
