"""Take a page apart into its sections, and each into prose, code and output."""

import re
from collections.abc import Iterator
from typing import Final

from docutils import nodes

from recipe_site.printed_messages import has_message

_ELSEWHERE: Final = frozenset(
    {
        "claims",
        "page-license",
        "recording-block-time",
        "recording-note",
        "run-card",
        "toctree-wrapper",
        "translation-progress",
    }
)
"""Classes of what is on a page and says nothing about its subject."""
_NAVIGATION: Final = frozenset({"learn-more", "sources"})
"""Anchors of sections of links, which would be found instead of where they lead."""
_OUTPUT: Final = frozenset({"sphx-glr-script-out", "cell_output", "output"})
# The last is what Sphinx-Gallery makes of a block whose names are links.
_CODE: Final = frozenset({"literal_block", "doctest_block", "code_links_block"})
_PROSE: Final = (nodes.paragraph, nodes.term, nodes.caption, nodes.rubric)
_NAME: Final = re.compile(r"\.([^\W\d]\w\w+)|([^\W\d]\w\w+)(?:\(|=(?!=))")
"""An attribute, a call, or a keyword: what readers search, unlike a local variable."""
LONGEST_MESSAGE: Final = 80
LONGEST_IN_INDEX: Final = 300
"""Characters of a message that are searched on a page, and in the index of messages."""

Section = dict[str, str]
"""A section's anchor, title, and its texts by kind: prose, code, output."""


def sections(document: nodes.document) -> list[Section]:
    """Return a page's sections in order; the first is the page up to its first heading.

    The title of that one is the page's, and its anchor is empty.
    """
    found: list[Section] = []
    names: set[str] = set()
    for node in document.findall(nodes.section):
        anchor = node["ids"][0] if found and node["ids"] else ""
        if anchor in _NAVIGATION:
            continue
        texts: dict[str, list[str]] = {"prose": [], "code": [], "output": []}
        for kind, text in _texts(node):
            said = text
            if kind == "code":
                said = "\n".join(_new(text, names))
            elif kind == "output":
                is_index = "message" in node["classes"]
                longest = LONGEST_IN_INDEX if is_index else LONGEST_MESSAGE
                said = "\n".join(_messages(text, longest))
            if said:
                texts[kind].append(said)
        filled = {kind: "\n".join(each) for kind, each in texts.items() if each}
        found.append({"anchor": anchor, "title": _title(node), **filled})
    return found


def _texts(node: nodes.Element) -> Iterator[tuple[str, str]]:
    """Yield the texts below a node with their kinds, except those of its sections."""
    for child in node.children:
        if not isinstance(child, nodes.Element) or _is(child, _ELSEWHERE):
            continue
        if child.tagname in _CODE:
            kind = "output" if is_output(child) else "code"
            yield kind, _lines(child.astext())
        elif isinstance(child, nodes.raw):
            yield "code", _lines(child.get("code", ""))
        elif isinstance(child, _PROSE):
            if not _is_navigation(child):
                yield "prose", _one_line(child.astext())
        elif not isinstance(child, nodes.section | nodes.title):
            yield from _texts(child)


def _is(node: nodes.Element, classes: frozenset[str]) -> bool:
    return not classes.isdisjoint(node.get("classes", ()))


def is_output(block: nodes.Element) -> bool:
    """Return whether a block is what a recipe or a guide printed."""
    around: nodes.Element | None = block
    while around is not None and not isinstance(around, nodes.section):
        if _is(around, _OUTPUT):
            return True
        around = around.parent
    return False


def _is_navigation(paragraph: nodes.Element) -> bool:
    """Return whether a paragraph is nothing but links."""
    children = [each for each in paragraph.children if each.astext().strip()]
    return all(isinstance(each, nodes.reference) for each in children)


def _new(code: str, names: set[str]) -> Iterator[str]:
    """Yield the lines with a name that the page's code did not have yet.

    A search for a name finds its first line, and readers load a third less.
    """
    for line in code.splitlines():
        said = {name for found in _NAME.findall(line) for name in found if name}
        if said - names and not line.startswith("assert "):
            names |= said
            yield line


def _messages(output: str, longest: int) -> Iterator[str]:
    """Yield how the messages in an output begin; nobody searches its numbers."""
    for line in output.splitlines():
        if has_message(line):
            yield line[:longest]


def _title(section: nodes.section) -> str:
    title = section.next_node(nodes.title)
    return _one_line(title.astext()) if title else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _lines(text: str) -> str:
    """Return the lines that have words, without indentation and columns."""
    lines = map(_one_line, text.splitlines())
    return "\n".join(line for line in lines if any(map(str.isalpha, line)))
