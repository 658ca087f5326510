"""Put a list of recipes in the place of Sphinx-Gallery's thumbnails.

Each has its title, its answer in one sentence, and its tags. A page with the table of
pitfalls has no list: the table names them all.
"""

import re
from html import unescape
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.addnodes import pending_xref

from editions.wide_text import joined
from recipe_site.chips import filter_words, tag_chips
from recipe_site.recipes import link_to, settings_by_page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sphinx.application import Sphinx

_OPEN, _CLOSE = 'class="sphx-glr-thumbnails"', "thumbnail-parent-div-close"
_SENTENCE = re.compile(r".*?(?:[.!?](?=\s|$)|[。！？]|$)", re.DOTALL)  # noqa: RUF001


def replace_thumbnails(app: "Sphinx", document: nodes.document) -> None:
    """Replace Sphinx-Gallery's thumbnails, if the page has any."""
    has_table = any(
        "pitfalls" in it["classes"] for it in document.findall(nodes.section)
    )
    raws = list(document.findall(nodes.raw))
    if any(_OPEN in raw.astext() for raw in raws):
        _nest_sections(document)
    for raw in raws:
        if "sg-tag-list" in raw.astext():
            raw.parent.remove(raw)
        elif _OPEN in raw.astext():
            thumbnails = _thumbnails(raw)
            cards = _cards(app, thumbnails)
            if len(cards) and not has_table:
                raw.parent.insert(raw.parent.index(raw), cards)
                if app.env.docname.count("/") > 1:  # a section's own page
                    raw.parent.insert(raw.parent.index(cards), filter_words())
            for node in thumbnails:
                raw.parent.remove(node)


def _nest_sections(document: nodes.document) -> None:
    """Put sections that are beside the first into it, so that a page has one title."""
    first, *others = [it for it in document.children if isinstance(it, nodes.section)]
    for section in others:
        document.remove(section)
        first += section


def _thumbnails(opened: nodes.raw) -> list[nodes.Node]:
    """Return the nodes of a set of thumbnails, from its first to its last."""
    siblings = opened.parent.children
    start = siblings.index(opened)
    comments = (
        number
        for number, node in enumerate(siblings[start:], start)
        if isinstance(node, nodes.comment) and _CLOSE in node.astext()
    )
    return siblings[start : next(comments) + 2]  # and the raw `</div>` below it


def _cards(app: "Sphinx", thumbnails: list[nodes.Node]) -> nodes.bullet_list:
    cards = nodes.bullet_list(classes=["recipe-cards"])
    settings = settings_by_page(app)
    words = ""
    for node in thumbnails:
        if isinstance(node, nodes.raw):
            found = re.search(r'tooltip="(.*?)"', node.astext(), re.DOTALL)
            # Sphinx-Gallery leaves the marks of code that no space precedes.
            words = unescape(found[1]).replace("``", "") if found else words
        for link in node.findall(pending_xref):
            page = link["reftarget"].lstrip("/")
            cards += _card(page, words, settings.get(page, {}), app.env.docname)
    return cards


def _card(
    page: str, words: str, settings: "Mapping[str, Any]", here: str
) -> nodes.list_item:
    """Make the card of a recipe."""
    title = nodes.paragraph("", "", link_to(page, here), classes=["recipe-card-title"])
    answer = nodes.paragraph("", first_sentence(words), translatable=False)
    chips = f'<p class="chips">{tag_chips(page, settings, here)}</p>'
    return nodes.list_item("", title, answer, nodes.raw("", chips, format="html"))


def first_sentence(words: str) -> str:
    """Return the first sentence of a paragraph.

    Examples:
        >>> first_sentence("PyTorch 2.14 adds. It never clears.")
        'PyTorch 2.14 adds.'
        >>> first_sentence("梯度会累积。不会清零。")
        '梯度会累积。'
    """
    found = _SENTENCE.match(" ".join(joined(words).split()))
    return found[0] if found else words


def setup_cards(app: "Sphinx") -> None:
    """Replace thumbnails when a page is read, before downloads are (450)."""
    app.connect("doctree-read", replace_thumbnails, priority=440)
