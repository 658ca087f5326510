"""Check the translation of one message.

A translator who knows better switches a check off, for one message and with a reason,
by a comment above it in the catalog::

    # check: typography off: the title of a page in English
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from docutils.parsers.rst.states import Body
from markdown_it import MarkdownIt
from markdown_it.token import Token

from translation.checks import typography
from translation.checks.glossary import Glossary
from translation.checks.markup import Markup, markup
from translation.messages.forms import Syntax
from translation.messages.wrapping import RULE, one_line

CHECKS = (
    *("roles", "links", "literals", "placeholders", "footnotes", "emphasis"),
    *("rest", "markdown", "glossary", "typography"),
)
"""What can be switched off."""

_MAY_BE_NEW = {"literals", "placeholders", "emphasis", "rest"}
"""What a translation may have more of, with a reason; a literal needs none."""

_COMMENT = re.compile(r"check:\s*(?P<name>[\w-]*)\s*off\b\s*:?\s*(?P<why>.*)")
_OPTION = re.compile(Body.patterns["option_marker"])
_MARKDOWN = MarkdownIt("commonmark").enable("table")
_STRESS = {"em_open": "*…*", "strong_open": "**…**"}


class Problem(NamedTuple):
    """What is wrong with a translation."""

    check: str
    text: str


class Rules(NamedTuple):
    """What a language asks of a translation."""

    glossary: Glossary | None = None
    is_chinese: bool = True
    """Whether there are rules for typography."""


def problems(
    msgid: str,
    msgstr: str,
    rules: Rules,
    *,
    syntax: Syntax = "rest",
    comment: str = "",
) -> list[Problem]:
    """Check a translation.

    Args:
        msgid: The message.
        msgstr: Its translation; not empty.
        rules: What the language asks of it.
        syntax: How the message is written.
        comment: The translator's comment, which may switch checks off.

    Returns:
        What is wrong, less what the comment switches off.
    """
    off, found = _switched_off(comment)
    source = markup(msgid, syntax)
    target = markup(one_line(msgstr) if syntax == "rest" else msgstr, syntax)
    found += _compared(source.marks, target.marks)
    if syntax == "rest":
        found += _rest_problems(source, target, msgid, msgstr)
    if syntax == "markdown":
        found += _markdown_problems(msgid, msgstr)
    if rules.glossary:
        texts = rules.glossary.problems(source.words, target.words)
        found += [Problem("glossary", text) for text in texts]
    if rules.is_chinese:
        texts = typography.problems(target.words)
        found += [Problem("typography", text) for text in texts]
    return [problem for problem in found if problem.check not in off]


def _switched_off(comment: str) -> tuple[set[str], list[Problem]]:
    """Read which checks a comment switches off, and what is wrong with it."""
    off, found = set(), []
    for line in comment.splitlines():
        match = _COMMENT.match(line.strip())
        if match is None:
            continue
        name = match["name"]
        if name not in CHECKS:
            text = f"no check is called {name!r}; there are {', '.join(CHECKS)}"
            found.append(Problem("comment", text))
        elif not match["why"]:
            text = f"why is {name} off? Write the reason after it"
            found.append(Problem("comment", text))
        else:
            off.add(name)
    return off, found


def _compared(
    source: Counter[tuple[str, str]], target: Counter[tuple[str, str]]
) -> Iterator[Problem]:
    """Compare what must be in both; what may be new nowhere, `additions` finds."""
    for kind, text in source:
        if target[kind, text] < source[kind, text]:
            yield Problem(kind, f"{text} is lost")
    for kind, text in target:
        wanted, given = source[kind, text], target[kind, text]
        if (
            given > wanted
            and kind in _MAY_BE_NEW
            and not (kind == "literals" and wanted)
        ):
            yield Problem(kind, f"{text} is new")


def _rest_problems(
    source: Markup, target: Markup, msgid: str, msgstr: str
) -> Iterator[Problem]:
    for fault in target.faults:
        if fault not in source.faults:
            yield Problem("rest", fault)
    if target.shape != source.shape:
        yield Problem("rest", _other_shape(target.shape))
    text = one_line(msgstr)
    if RULE.fullmatch(text) or (_OPTION.match(text) and not _OPTION.match(msgid)):
        cause = "it may be read as a line across or an option: escape its beginning"
        yield Problem("rest", f"{cause} with \\")
    if "\n" in msgstr.strip() and "\n" not in msgid:
        yield Problem("rest", "a line break; on the page it is a space")


def _markdown_problems(msgid: str, msgstr: str) -> Iterator[Problem]:
    """Find what Sphinx leaves out in silence, for it takes one paragraph only.

    Stress, too: beside Chinese punctuation, CommonMark may show the asterisks.
    """
    source, target = (_MARKDOWN.parse(text) for text in (msgid, msgstr))
    if (shape := _elements(target)) != _elements(source):
        yield Problem("markdown", _other_shape(shape))
    yield from _compared(_stress(source), _stress(target))


def _other_shape(shape: Sequence[str]) -> str:
    shapes = " and ".join(shape or ["nothing"])
    return f"it is read as {shapes}: escape its beginning with \\"


def _elements(tokens: Sequence[Token]) -> list[str]:
    """Return the elements that a text in Markdown is on its own."""
    return [
        token.type.removesuffix("_open")
        for token in tokens
        if token.level == 0 and token.nesting >= 0
    ]


def _stress(tokens: Sequence[Token]) -> Counter[tuple[str, str]]:
    """Count what is stressed in a text in Markdown."""
    inline = (child.type for token in tokens for child in token.children or ())
    return Counter(("emphasis", _STRESS[kind]) for kind in inline if kind in _STRESS)
