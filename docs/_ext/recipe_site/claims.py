"""Fold the assertions of a page's code into one line that opens to the claims.

Assertions hold a page to what it says, but they are no code to read. A script and a
notebook keep them where they are.
"""

import re
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.locale import get_translation

from recipe_site.assertions import Claim, claims, split
from recipe_site.fold import fold
from recipe_site.recipes import recordings_of
from recordings.model import Recording
from recordings.page.run_card import day, machine

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_ = get_translation("site")

PYTHON = {"python", "python3", "ipython", "ipython3"}
TIME = "recording-block-time"
_CONFIRMATIONS = 2
"""How many later runs are named."""


def fold_assertions(app: "Sphinx", document: nodes.document) -> None:
    """Fold the assertions on a page that is made from a recording."""
    build = recordings_of(app)
    recording = build.recording(app.env.docname) if build else None
    if recording is None:
        return  # nothing was checked
    checked = _checked(recording, app.config.language)
    for block in list(document.findall(nodes.literal_block)):
        if block.get("language", "").lower() not in PYTHON or block["classes"]:
            continue
        shown, asserted = split(block.astext())
        if not asserted:
            continue
        folded = _fold(asserted, checked)
        if shown:
            _place_below_output(_whole(block), folded)
            block.replace_self(_code(shown, block))
        else:
            _replace(_whole(block), folded)


def _checked(recording: Recording, language: str) -> str:
    """Say when and on what a page's claims were checked."""
    run = recording.run
    found = [(run.date, run.gpu or run.processor)]
    found += [(it.date, it.gpu or it.processor) for it in recording.confirmations]
    runs = (
        _("%(date)s (%(machine)s)")
        % {"date": day(date, language), "machine": machine(name)}
        if name
        else day(date, language)
        for date, name in found[: 1 + _CONFIRMATIONS]
    )
    # Runs of one day on one machine say the same.
    return str(_("Checked on %s.") % _("; ").join(dict.fromkeys(runs)))


def _fold(code: str, checked: str) -> fold:
    """Make the line, and the list of claims that it opens to."""
    found = list(claims(code))
    summary = (
        _("1 claim checked when this ran")
        if len(found) == 1
        else _("%d claims checked when this ran") % len(found)
    )
    made = fold(summary=str(summary), classes=["claims"])
    made += nodes.bullet_list("", *map(_item, found), classes=["claims-list"])
    made += nodes.paragraph("", checked, classes=["claims-run"], translatable=False)
    return made


def _item(claim: Claim) -> nodes.list_item:
    """Make the line of a claim: its words, if it has any, and its code."""
    code = nodes.literal("", claim.code)
    parts = [nodes.Text(f"{_sentence(claim.words)}: "), code]
    line = nodes.paragraph("", "", *parts[not claim.words :], translatable=False)
    # docutils writes this class as the attribute `lang`: code is English everywhere.
    return nodes.list_item("", line, classes=["language-en"])


def _sentence(words: str) -> str:
    """Begin with a capital, unless that would change a name of the code.

    Examples:
        >>> [_sentence(it) for it in ("the loss falls", "no_grad: it falls", "x.y(1)")]
        ['The loss falls', 'no_grad: it falls', 'x.y(1)']
        >>> [_sentence(it) for it in ("total += loss keeps a graph", "z is a leaf")]
        ['total += loss keeps a graph', 'z is a leaf']
    """
    is_code = re.match(r"\S*[_(=.\d]|(?!a\b)\w\b|\w+ [-+*/]?= |lr ", words)
    return words if is_code else words[:1].upper() + words[1:]


def _code(code: str, block: nodes.literal_block) -> nodes.literal_block:
    made = nodes.literal_block(code, code, **block.attributes)
    made.source, made.line = block.source, block.line
    return made


def _whole(block: nodes.Element) -> nodes.Element:
    """Return what a block is all of: a guide's code is in its cell's input."""
    while "cell" not in block["classes"] and isinstance(block.parent, nodes.container):
        block = block.parent
    return block


def _place_below_output(block: nodes.Element, folded: nodes.Element) -> None:
    """Put a node below what a block of code printed and drew."""
    parent, place = block.parent, block.parent.index(block) + 1
    while place < len(parent) and _is_output(parent[place]):
        place += 1
    parent.insert(place, folded)


def _is_output(node: nodes.Node) -> bool:
    if isinstance(node, nodes.literal_block):
        return "sphx-glr-script-out" in node["classes"]
    # Sphinx-Gallery's comment names the lines of the next block.
    return isinstance(node, nodes.container | nodes.image | nodes.raw | nodes.figure)


def _replace(block: nodes.Element, folded: nodes.Element) -> None:
    """Put a node in the place of a block, without the time that it took."""
    below = block.next_node(descend=False, siblings=True)
    if isinstance(below, nodes.Element) and TIME in below["classes"]:
        below.parent.remove(below)
    block.replace_self(folded)


def setup_claims(app: "Sphinx") -> None:
    """Fold assertions once run cards and block times are on the page (400)."""
    app.connect("doctree-read", fold_assertions, priority=460)
