"""Parse the reST of a recipe into a docutils tree, apart from Sphinx and its state.

Recipes are written for Sphinx: they use roles and directives that docutils does not
know, and while Sphinx runs it replaces many of docutils' own. So all names are looked
up here. Nothing is reported: Sphinx reads the same text for the page, and reports it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Directive, Parser, directives
from docutils.parsers.rst.directives import admonitions, body, images, misc, tables
from docutils.transforms import misc as misc_transforms
from docutils.transforms import references
from docutils.utils import new_document, unescape
from sphinx.domains.changeset import versionlabels
from sphinx.locale import admonitionlabels
from sphinx.util.docutils import CustomReSTDispatcher
from sphinx.util.tags import Tags

TRANSFORMS = (
    references.Substitutions,
    references.PropagateTargets,
    references.AnonymousHyperlinks,
    references.IndirectHyperlinks,
    references.Footnotes,
    references.ExternalTargets,
    references.InternalTargets,
    references.DanglingReferences,
    misc_transforms.Transitions,
)
SETTINGS = {
    "report_level": 5,
    "halt_level": 5,
    "warning_stream": False,
    "file_insertion_enabled": False,
    "language_code": "en",
}


class cross_reference(nodes.Inline, nodes.TextElement):  # noqa: N801 - named as nodes are
    """A role that leads elsewhere, with its name, its target and its own label."""


def parse(text: str) -> nodes.document:
    """Parse a recipe's reST; links, footnotes and substitutions are put in place."""
    settings = get_default_settings(Parser)
    for name, value in SETTINGS.items():
        setattr(settings, name, value)
    settings.own_roles = {}
    document = new_document("recipe", settings)
    with _Names():
        Parser().parse(text, document)
    document.transformer.add_transforms(list(TRANSFORMS))
    document.transformer.apply_transforms()
    for node in list(document.findall(_is_hidden)):
        node.parent.remove(node)
    return document


def _is_hidden(node: nodes.Node) -> bool:
    if isinstance(node, nodes.target):  # in a line, it has text
        return not node.children
    return isinstance(node, (nodes.Invisible, nodes.system_message))


# Roles -------------------------------------------------------------------------------

_STYLES: dict[str, type[nodes.TextElement]] = {
    "": nodes.emphasis,
    "abbr": nodes.inline,
    "code": nodes.literal,
    "command": nodes.strong,
    "dfn": nodes.emphasis,
    "emphasis": nodes.emphasis,
    "file": nodes.literal,
    "guilabel": nodes.strong,
    "kbd": nodes.literal,
    "literal": nodes.literal,
    "math": nodes.math,
    "menuselection": nodes.strong,
    "program": nodes.strong,
    "samp": nodes.literal,
    "strong": nodes.strong,
    "sub": nodes.subscript,
    "subscript": nodes.subscript,
    "sup": nodes.superscript,
    "superscript": nodes.superscript,
    "title-reference": nodes.emphasis,
}
_SERIES = {
    "pep": ("PEP {}", "https://peps.python.org/pep-{:0>4}/"),
    "rfc": ("RFC {}", "https://datatracker.ietf.org/doc/html/rfc{}.html"),
}
_LABEL_AND_TARGET = re.compile(r"(.+?)\s*(?<!\0)<([^<]*)>", re.DOTALL)


def _role(
    name: str, source: str, text: str, _line: int, inliner: Any, *_rest: Any
) -> tuple[Sequence[nodes.Node], Sequence[nodes.system_message]]:
    """Do what docutils asks of a role."""
    name = inliner.document.settings.own_roles.get(name, name)
    return [_node(name, source, text)], []


def _node(role: str, source: str, text: str) -> nodes.Node:
    """Make the node of any role."""
    verbatim = unescape(text, restore_backslashes=True)
    if role == "raw":
        return nodes.raw(source, verbatim, format="html")
    if role in ("code", "literal", "math"):
        return _STYLES[role](source, verbatim)
    if role in ("file", "samp"):
        text = text.replace("{", "").replace("}", "")
    if style := _STYLES.get(role):
        return style(source, unescape(text))
    explicit = _LABEL_AND_TARGET.fullmatch(text)
    label, target = explicit.groups() if explicit else (None, text)
    label = label and " ".join(unescape(label).split())
    target = " ".join(unescape(target).split())
    if role in _SERIES:
        words, address = _SERIES[role]
        label, address = label or words.format(target), address.format(target)
        return nodes.reference(source, label, refuri=address)
    name = target.lstrip("~!")
    if not explicit:
        shown = name.rpartition(".")[2] if target.startswith("~") else name
        if role.rpartition(":")[2] in ("func", "meth") and not shown.endswith(")"):
            shown += "()"
        label = shown if shown != name else None
    return cross_reference(source, label or name, role=role, target=name, label=label)


# Directives --------------------------------------------------------------------------


class _AnyOptions(dict[str, Callable[[str], Any]]):
    """Options of a directive; those that it does not know are taken as they are."""

    def __missing__(self, name: str) -> Callable[[str], Any]:
        return directives.unchanged


_ANY = _AnyOptions(name=directives.unchanged)


class _Nothing(Directive):
    """A directive that has no place outside of its site."""

    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = _ANY
    has_content = True

    def run(self) -> list[nodes.Node]:
        return []


class _Code(_Nothing):
    """Code; and whatever is unknown, since its content may be no prose."""

    def run(self) -> list[nodes.Node]:
        known = self.name.lower() in ("code", "code-block", "sourcecode")
        language = " ".join(self.arguments) if known else self.name.lower()
        code = "\n".join(self.content)
        found: list[nodes.Node] = []
        if caption := self.options.get("caption"):
            found += [nodes.rubric("", "", *self.state.inline_text(caption, 0)[0])]
        if code.strip():
            found += [nodes.literal_block(code, code, language=language)]
        return found


class _Content(_Nothing):
    """A frame that is left out; what is in it stays."""

    def run(self) -> list[nodes.Node]:
        frame = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, frame)
        return [*self.heading(), *frame.children]

    def heading(self) -> list[nodes.Node]:
        return []


class _Titled(_Content):
    """A frame whose argument is a title."""

    def heading(self) -> list[nodes.Node]:
        text = " ".join(self.arguments)
        if label := versionlabels.get(self.name.lower()):
            text = str(label % text)
        return [nodes.rubric("", "", *self.state.inline_text(text, self.lineno)[0])]


class _Only(_Content):
    """Content for some outputs; a notebook gets that for HTML."""

    def run(self) -> list[nodes.Node]:
        try:
            shown = Tags(["html"]).eval_condition(" ".join(self.arguments))
        except Exception:  # noqa: BLE001 - Sphinx reports it, and then shows the content
            shown = True
        return super().run() if shown else []


class _Note(Directive):
    """An admonition that has a label of its own, in the language of the site."""

    option_spec = _ANY
    has_content = True

    def run(self) -> list[nodes.Node]:
        label = str(admonitionlabels[self.name.lower()])
        note = nodes.admonition("", nodes.title("", label))
        self.state.nested_parse(self.content, self.content_offset, note)
        return [note]


class _OwnRole(_Nothing):
    """`role` and `default-role`: another name for a role."""

    def run(self) -> list[nodes.Node]:
        name, _, base = "".join(self.arguments).rstrip(")").partition("(")
        if self.name.lower() == "default-role":
            name, base = "", name
        self.state.document.settings.own_roles[name] = base
        return []


def _lenient(directive: type[Directive]) -> type[Directive]:
    """Let a directive of docutils take the options that Sphinx adds to it."""
    options = _AnyOptions(directive.option_spec or _ANY)
    return type(directive.__name__, (directive,), {"option_spec": options})


def _named(directive: type[Directive], names: str) -> Mapping[str, type[Directive]]:
    return dict.fromkeys(names.split(), directive)


class _Names(CustomReSTDispatcher):
    """Looks up roles and directives here, and nowhere else."""

    DIRECTIVES: ClassVar[Mapping[str, type[Directive]]] = {
        "admonition": _lenient(admonitions.Admonition),
        "compound": _lenient(body.Compound),
        "container": _lenient(body.Container),
        "csv-table": _lenient(tables.CSVTable),
        "date": misc.Date,
        "epigraph": body.Epigraph,
        "figure": _lenient(images.Figure),
        "highlights": body.Highlights,
        "line-block": _lenient(body.LineBlock),
        "list-table": _lenient(tables.ListTable),
        "math": _lenient(body.MathBlock),
        "only": _Only,
        "parsed-literal": _lenient(body.ParsedLiteral),
        "pull-quote": body.PullQuote,
        "raw": _lenient(misc.Raw),
        "replace": misc.Replace,
        "rubric": _lenient(body.Rubric),
        "sidebar": _lenient(body.Sidebar),
        "table": _lenient(tables.RSTTable),
        "topic": _lenient(body.Topic),
        "unicode": misc.Unicode,
        **_named(_lenient(images.Image), "image image-sg"),
        **_named(_Note, " ".join(admonitionlabels)),
        **_named(_OwnRole, "role default-role"),
        **_named(_Content, "glossary grid grid-item hlist tab-set"),
        **_named(_Titled, "card centered dropdown grid-item-card tab-item"),
        **_named(_Titled, " ".join(versionlabels)),
        **_named(
            _Nothing,
            "class contents currentmodule footer header highlight include index "
            "literalinclude meta minigallery module rst-class sectnum tabularcolumns "
            "target-notes title toctree",
        ),
    }

    def directive(self, directive_name: str, *_rest: Any) -> Any:
        return self.DIRECTIVES.get(directive_name.lower(), _Code), []

    def role(self, *_name: Any) -> Any:
        return _role, []
