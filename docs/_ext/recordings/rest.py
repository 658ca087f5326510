"""Read reStructuredText with docutils alone, whatever roles and directives it uses.

Recipes use roles and directives of Sphinx, which docutils does not know. Here any role
becomes a `role`, and a directive whose content need not be prose a `directive`; those
who read the tree decide what they mean. Nothing is reported, because Sphinx reads the
same text for the page and reports it there. Nothing is included from files.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Directive, Parser, directives
from docutils.parsers.rst.directives import body, images, tables
from docutils.utils import new_document, unescape
from sphinx.locale import admonitionlabels
from sphinx.util.docutils import CustomReSTDispatcher

_QUIET = {"report_level": 5, "halt_level": 5, "warning_stream": False}
_CLOSED = {"file_insertion_enabled": False, "raw_enabled": False}
_LABEL_AND_TARGET = re.compile(r"(.+?)\s*(?<!\0)<([^<]*)>", re.DOTALL)


class role(nodes.Inline, nodes.TextElement):  # noqa: N801 - named as nodes are
    """A role with its `name`, `target`, own `label` or None, and `code`, unescaped."""


class directive(nodes.General, nodes.TextElement):  # noqa: N801 - named as nodes are
    """A directive with its `name`, `argument`, `options`, and content as text."""


def parse(text: str) -> nodes.document:
    """Return the tree of a text, as the parser leaves it, without transforms.

    Each node has its `rawsource`, and those that hold text also have their `line`: of a
    section's title that is the line below it, of the others the first.
    """
    document = new_document("recipe", _settings().copy())
    with _AnyName():
        Parser().parse(text, document)
    return document


@cache
def _settings() -> Any:
    settings = get_default_settings(Parser)
    vars(settings).update(_QUIET | _CLOSED)
    return settings


def _role(
    name: str, source: str, text: str, *_rest: Any
) -> tuple[Sequence[nodes.Node], Sequence[nodes.system_message]]:
    """Return the node of any role, as docutils asks for it."""
    explicit = _LABEL_AND_TARGET.fullmatch(text)
    label, target = explicit.groups() if explicit else (None, text)
    about = {
        "name": name,
        "target": unescape(target),
        "label": label and unescape(label),
        "code": unescape(text, restore_backslashes=True),
    }
    return [role(source, unescape(label or target), **about)], []


class _AnyOptions(dict[str, Callable[[str], Any]]):
    """Options of a directive; those that it does not know are taken as they are."""

    def __missing__(self, name: str) -> Callable[[str], Any]:
        return directives.unchanged


class _Opaque(Directive):
    """A directive that is not known: its content may be code."""

    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = _AnyOptions(name=directives.unchanged)
    has_content = True

    def run(self) -> list[nodes.Node]:
        made = directive(self.block_text, "\n".join(self.content))
        made["name"], made["argument"] = self.name.lower(), "".join(self.arguments)
        made["options"] = self.options
        return [self.placed(made)]

    def placed(self, node: nodes.Element) -> nodes.Element:
        """Return a node with its line."""
        node.source, node.line = self.state_machine.get_source_and_line(self.lineno)
        return node

    def text(self, kind: type[nodes.TextElement], source: str) -> nodes.Element:
        """Return a node of a text that may have markup."""
        inline = self.state.inline_text(source, self.lineno)[0]
        return self.placed(kind(source, "", *inline))


class _Rubric(_Opaque):
    """A heading that is not a section's."""

    def run(self) -> list[nodes.Node]:
        return [self.text(nodes.rubric, "".join(self.arguments))]


class _Replace(_Opaque):
    """What is put in the place of a substitution."""

    optional_arguments = 0

    def run(self) -> list[nodes.Node]:
        return [self.text(nodes.inline, "\n".join(self.content))]


class _Frame(_Opaque):
    """A frame around prose, whose argument says how it looks."""

    def run(self) -> list[nodes.Node]:
        frame = self.placed(self.frame())
        self.state.nested_parse(self.content, self.content_offset, frame)
        return [frame]

    def frame(self) -> nodes.Element:
        return nodes.container()


class _Titled(_Frame):
    """A frame whose argument is its title."""

    def frame(self) -> nodes.Element:
        return nodes.admonition("", self.text(nodes.title, "".join(self.arguments)))


class _Note(_Frame):
    """A note, which has a label in the language of the site and no argument."""

    optional_arguments = 0

    def frame(self) -> nodes.Element:
        label = str(admonitionlabels[self.name.lower()])
        return nodes.admonition("", nodes.title("", label))


class _ListTable(tables.ListTable):
    """A table that is written as a list; other tables are drawn."""

    def run(self) -> Sequence[nodes.table | nodes.system_message]:
        made = super().run()
        for table in made:
            table["is_list"] = True
        return made


def _lenient(directive: type[Directive]) -> type[Directive]:
    options = _AnyOptions(directive.option_spec or {})
    return type(directive.__name__, (directive,), {"option_spec": options})


def _named(directive: type[Directive], names: str) -> Mapping[str, type[Directive]]:
    return dict.fromkeys(names.split(), directive)


class _AnyName(CustomReSTDispatcher):
    """Knows every role and directive: which of them there are, Sphinx says."""

    DIRECTIVES: ClassVar[Mapping[str, type[Directive]]] = {
        "figure": _lenient(images.Figure),
        "list-table": _lenient(_ListTable),
        "replace": _Replace,
        **_named(_lenient(images.Image), "image image-sg"),
        **_named(_Note, " ".join(admonitionlabels)),
        **_named(_Rubric, "centered rubric"),
        **_named(_Frame, "class container grid grid-item only rst-class tab-set"),
        **_named(_Titled, "admonition card dropdown grid-item-card sidebar tab-item"),
        **_named(_Titled, "table topic"),
        **_named(body.BlockQuote, "epigraph highlights pull-quote"),
    }

    def directive(self, directive_name: str, *_rest: Any) -> Any:
        return self.DIRECTIVES.get(directive_name.lower(), _Opaque), []

    def role(self, *_name: Any) -> Any:
        return _role, []
