"""Find what a translation adds that only an author may write.

A translation holds words, code in backticks and stress. Everything else, such as a
link, a role, a directive, a picture or HTML, is there only if the English has it, too.
Nothing switches this off: the build of an edition and the check ask it of all catalogs.
"""

import re
from collections.abc import Iterator

from docutils import nodes
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

from recordings import rest
from translation.messages.forms import Syntax
from translation.messages.wrapping import one_line

_WORDS = re.compile(
    r"[^\0-\x1f!-/:-@\[-`{-\x9f\u2022\u2023\u2028-\u202e\u2043\u2066-\u2069]*"
)
"""Text that is nothing but words in any syntax: half of all, which need no parsing."""
_HIDDEN = re.compile(
    r"[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069]"
)
"""Control characters: some end lines, and some show code in another order."""

_REST_WORDS = (
    *(nodes.document, nodes.paragraph, nodes.emphasis, nodes.strong, nodes.literal),
    nodes.problematic,  # what docutils can't read is shown as it is
)
_STRESS = {"", "emphasis", "strong", "code", "literal"}
"""Roles that show nothing but their words; without a name, it is the default one."""

_MARKDOWN_WORDS = {
    *("paragraph_open", "inline", "softbreak", "hardbreak"),
    *("em_open", "strong_open", "code_inline"),
}
# What a page may switch on, so that this holds whatever `conf.py` says.
_MYST = MdParserConfig(
    enable_extensions={
        *("colon_fence", "substitution", "fieldlist", "attrs_inline", "attrs_block"),
    }
)
_MARKDOWN = create_md_parser(_MYST, RendererHTML)
_TAG = re.compile(r"<[^<>]*>")
_ADDRESS = re.compile(r"\w+://[^\s<>]+")
_LABEL_AND_TARGET = re.compile(r"[^<>]+<([^<>]+)>")


def additions(msgid: str, msgstr: str, syntax: Syntax) -> list[str]:
    """Name what is in a translation and not in its message.

    Args:
        msgid: The message.
        msgstr: Its translation.
        syntax: How the page is written. A text is a string of templates and code, which
            may stand in HTML as it is.
    """
    if msgid == msgstr or _WORDS.fullmatch(msgstr):
        return []
    parts = {"rest": _in_rest, "markdown": _in_markdown, "text": _in_text}[syntax]
    added = dict.fromkeys((*_hidden(msgstr), *parts(msgstr)))
    if not added:
        return []
    return [it for it in added if it not in {*_hidden(msgid), *parts(msgid)}]


def _hidden(text: str) -> Iterator[str]:
    return (f"the hidden character U+{ord(it):04X}" for it in _HIDDEN.findall(text))


def _in_text(text: str) -> Iterator[str]:
    yield from (f"the tag {each}" for each in _TAG.findall(text))
    rest = _TAG.sub("", text)
    yield from (f"the character {each}" for each in rest if each in '<>"')


def _in_rest(text: str) -> Iterator[str]:
    """Yield what is in a text besides words: on one line as in a script, and as it is.

    Pages that Sphinx translates are read line by line.
    """
    for each in dict.fromkeys((one_line(text), text.strip())):
        yield from _in_paragraph(each)


def _in_paragraph(text: str) -> Iterator[str]:
    if text.endswith("::"):
        yield "a mark for code (::)"
        text = text.rstrip(":")
    document = rest.parse(text)
    for message in [*document.findall(nodes.system_message)]:
        message.parent.remove(message)
    for node in document.findall(nodes.Element):
        if isinstance(node, rest.role):
            if node["name"] not in _STRESS:
                yield _role(node["name"], node["label"], node["target"])
        elif isinstance(node, rest.directive):
            yield f"the directive {node['name']}"
        elif isinstance(node, (nodes.reference, nodes.target)):
            yield f"a link to {_target(node)}"
        elif isinstance(node, nodes.image):
            yield f"the picture {node['uri']}"
        elif not isinstance(node, _REST_WORDS):
            name = node.tagname.replace("_", " ")
            yield f"{name} {'' if node.children else node.rawsource}".strip()


def _target(node: nodes.Element) -> str:
    return str(node.get("refuri") or node.get("refname") or node.astext() or "__")


def _role(name: str, label: str | None, target: str) -> str:
    """Name a role and where it leads; its label is words, if it has no HTML."""
    if label and re.search("[<>]", label):
        target = f"{label} <{target}>"
    return f"the role {name} with {target}"


def _in_markdown(text: str) -> Iterator[str]:
    for token in _MARKDOWN.parse(text):
        for each in (token, *(token.children or ())):
            if each.type == "text":
                # Some viewers of notebooks and twins make links of addresses.
                yield from (f"a link to {it}" for it in _ADDRESS.findall(each.content))
            elif each.nesting >= 0 and each.type not in _MARKDOWN_WORDS:
                yield _markdown_part(each)


def _markdown_part(token: Token) -> str:
    match token.type:
        case "link_open":
            return f"a link to {token.attrs['href']}"
        case "image":
            return f"the picture {token.attrs['src']}"
        case "html_inline" | "html_block":
            return f"HTML: {token.content.strip()}"
        case "myst_role":
            found = _LABEL_AND_TARGET.fullmatch(token.content)
            target = found[1] if found else token.content
            return f"the role {token.meta['name']} with {target}"
        case "fence" | "colon_fence":
            return f"the directive {token.info.strip() or token.markup}"
    name = token.type.removesuffix("_open").replace("_", " ")
    return f"{name} {token.content}".strip()
