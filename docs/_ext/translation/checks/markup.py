"""See what is in a message besides its words: links, literals, roles and the like."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeGuard

from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Directive, Parser
from docutils.utils import new_document, unescape
from sphinx.util.docutils import CustomReSTDispatcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LITERAL: Final = "\ue000"
"""Stands for a literal or a formula where only the words of a message count."""

LABEL: Final = "\ue001"
"""Stands for what is shown for a footnote, or for a role that has no words."""

Syntax: TypeAlias = Literal["rest", "markdown", "text"]
"""How a message is written; text is shown as it stands."""

_WARNING: Final = 2
_SETTINGS: Final = {
    "report_level": 5,
    "halt_level": 5,
    "warning_stream": False,
    "file_insertion_enabled": False,
    "raw_enabled": False,
}
# Of what kind it is, what it looks like, and what its reader sees.
_TEXT: Final = (
    ("literals", r"(`+[^`]+`+)", LITERAL),
    ("links", r"(https?://[^\s<>]+)", LITERAL),
)
_MARKDOWN: Final = (
    ("roles", r"(\{[\w.:+-]+\}`[^`]+`)", LABEL),
    ("literals", r"(`+[^`]+`+)", LITERAL),
    ("footnotes", r"(\[\^[^\]]+\])", LABEL),
    ("links", r"\[(?=[^\]]*\]\()|\]\(([^)]*)\)", ""),
    ("links", r"<(https?://[^>]+)>", LITERAL),
)
_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_PLACEHOLDER: Final = re.compile(
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


def of_message(text: str, syntax: Syntax) -> Markup:
    """Look at a message."""
    if syntax == "rest":
        return _of_rest(text)
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


def _of_rest(text: str) -> Markup:
    """Look at a message that is reST, as it would stand in a paragraph of its own."""
    ends_open = text.endswith("::")
    shown = re.sub(r"\s+::$|^::$", "", text) if ends_open else text
    shown = shown.removesuffix(":") if ends_open and shown.endswith("::") else shown
    document = new_document("message", _settings().copy())
    with _AnyName():
        Parser().parse(shown, document)
    marks: Counter[tuple[str, str]] = Counter()
    if ends_open:
        marks["rest", "::"] += 1
    for node in document.findall(nodes.Element):
        marks.update(_marks(node))
    words = "\n".join(_words(node) for node in document.children).strip()
    marks.update(_placeholders(words))
    messages = [
        *document.findall(nodes.system_message),
        *document.parse_messages,
    ]
    return Markup(
        words,
        marks,
        [str(node.tagname) for node in document.findall() if _is_block(node)],
        [m.children[0].astext() for m in messages if m["level"] >= _WARNING],
    )


@cache
def _settings() -> Any:
    settings = get_default_settings(Parser)
    for name, value in _SETTINGS.items():
        setattr(settings, name, value)
    return settings


def _placeholders(text: str) -> Iterable[tuple[str, str]]:
    return (("placeholders", found) for found in _PLACEHOLDER.findall(text))


def _is_block(node: nodes.Node) -> TypeGuard[nodes.Element]:
    return isinstance(node, nodes.Element) and not (
        isinstance(node, (nodes.Inline, nodes.system_message, nodes.document))
        or any(isinstance(p, nodes.system_message) for p in _parents(node))
    )


def _parents(node: nodes.Node) -> Iterable[nodes.Node]:
    while node.parent is not None:
        node = node.parent
        yield node


def _marks(node: nodes.Element) -> Iterable[tuple[str, str]]:
    """Yield what a node asks of a translation."""
    if isinstance(node, nodes.literal):
        yield "literals", f"``{node.astext()}``"
    elif isinstance(node, _role):
        yield "roles", f":{node['name']}:`{node['target']}`"
    elif isinstance(node, (nodes.emphasis, nodes.title_reference)):
        yield "emphasis", "*…*"
    elif isinstance(node, nodes.strong):
        yield "emphasis", "**…**"
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
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, nodes.literal):
        return LITERAL
    if isinstance(node, (nodes.footnote_reference, nodes.citation_reference)):
        return LABEL
    if isinstance(node, _role):
        return str(node["words"])
    if isinstance(node, (nodes.Invisible, nodes.system_message)):
        return ""
    separator = "" if isinstance(node, nodes.TextElement) else "\n"
    return separator.join(_words(child) for child in node.children)


# Roles and directives ----------------------------------------------------------------

_EXPLICIT: Final = re.compile(r"(.+?)\s*(?<!\0)<([^<]*)>", re.DOTALL)
_LITERAL_ROLES: Final = frozenset({"code", "literal", "math", "samp", "file", "kbd"})
_STYLES: Final = {"emphasis": nodes.emphasis, "strong": nodes.strong}


class _role(nodes.Inline, nodes.TextElement):  # noqa: N801 - named as nodes are
    """Any role, with its name, its target, and the words that it shows."""


def _any_role(
    name: str, source: str, text: str, *_rest: Any
) -> tuple[Sequence[nodes.Node], Sequence[nodes.system_message]]:
    if style := _STYLES.get(name):
        return [style(source, unescape(text))], []
    match = _EXPLICIT.fullmatch(text)
    label, target = match.groups() if match else (LABEL, text)
    if name in _LITERAL_ROLES:
        label, target = LITERAL, text
    about = {"name": name, "target": unescape(target), "words": unescape(label)}
    return [_role(source, **about)], []


class _AnyDirective(Directive):
    """A directive where none belongs."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Make a node that makes the shape another one."""
        return [nodes.container()]


class _AnyName(CustomReSTDispatcher):
    """Knows every role and directive: which there are, Sphinx tells on the page."""

    def directive(self, *_name: Any) -> Any:
        return _AnyDirective, []

    def role(self, *_name: Any) -> Any:
        return _any_role, []
