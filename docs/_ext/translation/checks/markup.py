"""See what is in a message besides its words: links, literals, roles and the like."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from docutils import nodes

from recordings import rest
from translation.messages.forms import Syntax

LITERAL = "\ue000"
"""Takes the place of a literal or a formula where only the words of a message count."""

LABEL = "\ue001"
"""Takes the place of what is shown for a footnote, or for a role without words."""

_WARNING = 2
_LITERAL_ROLES = frozenset({"code", "literal", "math", "samp", "file", "kbd"})
_STRESS = {
    nodes.emphasis: "*…*",
    nodes.strong: "**…**",
    "": "*…*",
    "emphasis": "*…*",
    "strong": "**…**",
}
# Of what kind it is, what it looks like, and what its reader sees.
_TEXT = (
    ("literals", r"(`+[^`]+`+)", LITERAL),
    ("links", r"(https?://[^\s<>]+)", LITERAL),
)
_MARKDOWN = (
    ("roles", r"(\{[\w.:+-]+\}`[^`]+`)", LABEL),
    ("literals", r"(`+[^`]+`+)", LITERAL),
    ("footnotes", r"(\[\^[^\]]+\])", LABEL),
    ("links", r"\[(?=[^\]]*\]\()|\]\(([^)]*)\)", ""),
    ("links", r"<(https?://[^>]+)>", LITERAL),
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_PLACEHOLDER = re.compile(
    r"\{[A-Za-z_][\w.]*(?:![rsa])?(?::[^{}]*)?\}|%\(\w+\)[a-z]|(?<![\w%])%[sdr](?!\w)"
)


@dataclass(frozen=True)
class Markup:
    """What a message consists of."""

    words: str
    """What is read, with a character for each literal and for each unknown label."""
    marks: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What must be in a translation too: of what kind it is, and how it reads."""
    shape: Sequence[str] = ()
    """The body elements that the message is on its own."""
    faults: Sequence[str] = ()
    """What docutils finds wrong."""


def markup(text: str, syntax: Syntax) -> Markup:
    """Look at a message."""
    if syntax == "rest":
        return _rest_markup(text)
    marks: Counter[tuple[str, str]] = Counter()
    for kind, pattern, shown in _MARKDOWN if syntax == "markdown" else _TEXT:
        marks.update(
            (kind, match[1]) for match in re.finditer(pattern, text) if match[1]
        )
        text = re.sub(pattern, shown, text)
    if syntax == "markdown":
        text = _ESCAPED.sub(r"\1", text)
    marks.update(_placeholders(text))
    return Markup(text, marks)


def _rest_markup(text: str) -> Markup:
    """Look at a message that is reST, as if it were a paragraph of its own."""
    ends_open = text.endswith("::")
    shown = re.sub(r"\s+::$|^::$", "", text) if ends_open else text
    shown = shown.removesuffix(":") if ends_open and shown.endswith("::") else shown
    document = rest.parse(shown)
    placed = list(document.findall(nodes.system_message))
    for message in placed:
        message.parent.remove(message)
    messages = [*placed, *document.parse_messages]
    marks: Counter[tuple[str, str]] = Counter()
    if ends_open:
        marks["rest", "::"] += 1
    for node in document.findall(nodes.Element):
        marks.update(_marks(node))
    words = "\n".join(_words(node) for node in document.children).strip()
    marks.update(_placeholders(words))
    shape = [str(node.tagname) for node in document.findall() if _is_block(node)]
    faults = [
        _with_hint(message.children[0].astext())
        for message in messages
        if message["level"] >= _WARNING
    ]
    return Markup(words, marks, shape, faults)


def _with_hint(fault: str) -> str:
    """Add what to type where a word stands right at a mark, as in Chinese or Korean."""
    if "start-string without end-string" not in fault:
        return fault
    return rf"{fault} Where no space may follow a mark, type `\ ` behind it: ``a``\ b"


def _placeholders(text: str) -> Iterable[tuple[str, str]]:
    return (("placeholders", found) for found in _PLACEHOLDER.findall(text))


def _is_block(node: nodes.Node) -> TypeGuard[nodes.Element]:
    return isinstance(node, nodes.Element) and not isinstance(
        node, (nodes.Inline, nodes.document)
    )


def _marks(node: nodes.Element) -> Iterable[tuple[str, str]]:
    """Yield what a node asks of a translation."""
    kind = node["name"] if isinstance(node, rest.role) else type(node)
    if kind in _STRESS:
        yield "emphasis", _STRESS[kind]
    elif isinstance(node, rest.role):
        yield "roles", f":{node['name']}:`{node['target']}`"
    elif isinstance(node, nodes.literal):
        yield "literals", f"``{node.astext()}``"
    elif isinstance(node, (nodes.footnote_reference, nodes.citation_reference)):
        yield "footnotes", node.rawsource
    elif isinstance(node, nodes.substitution_reference):
        yield "placeholders", f"|{node.astext()}|"
    elif isinstance(node, nodes.reference):
        yield "links", str(node.get("refuri") or node.get("refname") or "__")
    elif isinstance(node, nodes.image):
        yield "links", str(node["uri"])


def _words(node: nodes.Node) -> str:
    """Return the words of a node that a reader sees."""
    if isinstance(node, rest.role) and node["name"] not in _STRESS:
        return LITERAL if node["name"] in _LITERAL_ROLES else node["label"] or LABEL
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, nodes.literal):
        return LITERAL
    if isinstance(node, (nodes.footnote_reference, nodes.citation_reference)):
        return LABEL
    if isinstance(node, nodes.Invisible):
        return ""
    separator = "" if isinstance(node, nodes.TextElement) else "\n"
    return separator.join(_words(child) for child in node.children)
