"""Show an older translation where the English has changed since, and what changed.

In a recipe it is there already, since that is translated before Sphinx reads it. A page
in Markdown is translated by Sphinx itself, which is told here under which name its
catalog has the older text.
"""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from html import escape
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.locale import get_translation
from sphinx.transforms import SphinxTransform
from sphinx.util.nodes import extract_messages

from editions.page_facts import read_facts
from editions.page_note import put_on_top
from editions.translated_files import OLDER
from translation.catalogs.languages import SOURCE_LANGUAGE
from translation.older import Older, older

if TYPE_CHECKING:
    from translation.messages.forms import Syntax

_ = get_translation("site")

CLASS = "english-changed"
_CHANGE = "english_change"
"""Attribute of a node: the English of its translation, and that of now."""


class ShowOlder(SphinxTransform):
    """Lead Sphinx to the older translations of a page that it translates."""

    default_priority = 15  # before Sphinx's own (20)

    def apply(self, **_options: object) -> None:
        """Name each message whose English has changed as its catalog does."""
        facts = read_facts(self.env)
        if facts is None or facts.catalog is None:
            return
        syntax: Syntax = (
            "markdown" if self.document["source"].endswith("md") else "rest"
        )
        found = list(extract_messages(self.document))
        was = older({message: syntax for _node, message in found}, facts.catalog)
        for node, message in found:
            if each := was.get(message):
                _rename(node, message, each)


def _rename(node: nodes.Element, message: str, was: Older) -> None:
    name = f"{OLDER}{was.msgid}"
    if isinstance(node, nodes.meta):
        node["content"] = name
    elif isinstance(node, nodes.image):
        node["alt"] = name
    elif isinstance(node, nodes.TextElement):
        node.rawsource = name
    else:  # a list of pages keeps its titles to itself
        return
    node[_CHANGE] = (was.english, message)


class MarkOutdated(SphinxTransform):
    """Say of each older translation that the English has changed, and how."""

    default_priority = 25  # between Sphinx's own (20) and the marks of English text

    def apply(self, **_options: object) -> None:
        """Put what changed below each text, and their number on top."""
        if self.config.language in {None, SOURCE_LANGUAGE}:
            return
        facts = read_facts(self.env)
        changes = (
            {_plain(it): (was, now) for it, was, now in facts.outdated} if facts else {}
        )
        number = len(changes)
        for text in self.document.findall(nodes.TextElement):
            if change := changes.get(_plain(text.rawsource)):
                text[_CHANGE] = change
        for node in list(self.document.findall(nodes.Element)):
            if _CHANGE in node:
                was, now = node.attributes.pop(_CHANGE)
                number += now not in {each for _was, each in changes.values()}
                if isinstance(node, nodes.paragraph | nodes.title):
                    place = node.parent.index(node) + 1
                    node.parent.insert(place, _details(was, now))
        if number:
            said = _("The English of %d texts has changed since they were translated.")
            put_on_top(self.document, said % number)


def _plain(text: str) -> str:
    """Return a text without what may differ where it is broken into lines."""
    return re.sub(r"[\s\\]", "", text)


def _details(was: str, now: str) -> nodes.raw:
    """Return what changed, as a line that opens to it."""
    summary, said = escape(_("English changed since")), "".join(_compared(was, now))
    text = f'<p lang="{SOURCE_LANGUAGE}">{said}</p>'
    html = f'<details class="{CLASS}"><summary>{summary}</summary>{text}</details>'
    return nodes.raw("", html, format="html")


def _compared(was: str, now: str) -> Iterator[str]:
    """Yield a text in HTML, with the words marked that are gone and that are new."""
    if not was:
        yield escape(now)
        return
    old, new = (re.findall(r"\s+|\w+|[^\w\s]", text) for text in (was, now))
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    gone = come = ""
    for kind, *(a, b, c, d) in matcher.get_opcodes():
        before, after = "".join(old[a:b]), "".join(new[c:d])
        if kind == "equal" and not after.isspace():
            yield _marked(gone, come) + escape(after)
            gone = come = ""
        else:  # a space between two changed words is part of the change
            gone, come = gone + before, come + after
    yield _marked(gone, come)


def _marked(gone: str, come: str) -> str:
    marked = f"<del>{escape(gone)}</del>" if gone else ""
    return f"{marked}<ins>{escape(come)}</ins>" if come else marked
