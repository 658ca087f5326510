"""The directive `pitfall-table`: all pitfalls by type, stage, effect and symptom.

It is made from what the recipes of the page's section say of themselves:

    # sphinx_gallery_pitfall = {"type": "generic", "stage": "data", …}
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.locale import get_translation
from sphinx.util.docutils import SphinxDirective

from recipe_site.recipes import link_to, position, settings_by_page

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_ = get_translation("site")

KNOWN = {
    "type": {"API-specific": _("API-specific"), "generic": _("generic")},
    "stage": {
        "data": _("data"),
        "model": _("model"),
        "training": _("training"),
        "evaluation": _("evaluation"),
    },
    "effect": {
        "error-prone": _("error-prone"),
        "slow": _("slow"),
        "memory": _("memory"),
        "wrong result": _("wrong result"),
    },
}
"""What a pitfall may say of itself, and how a page says it in its language."""


class PitfallTable(SphinxDirective):
    """The table of the section's pitfalls."""

    def run(self) -> list[nodes.Node]:
        """Make the table; on the gallery's first page the header has none."""
        section = PurePosixPath(self.env.docname).parent
        found = {
            page: settings
            for page, settings in settings_by_page(self.env.app).items()
            if PurePosixPath(page).parent == section
        }
        if not found:
            return []
        for page in found:
            self.env.note_dependency(f"{page}.py")
        ordered = sorted(found, key=lambda page: position(found[page]))
        rows = [(page, pitfall(page, found[page])) for page in ordered]
        return [table(rows, self.env.docname)]


def pitfall(page: str, settings: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what a recipe's settings say of its pitfall.

    Raises:
        ExtensionError: They say nothing, or use a word that is not known.
    """
    said = settings.get("pitfall")
    name = "sphinx_gallery_pitfall"
    if not isinstance(said, dict) or set(said) != {*KNOWN, "symptom"}:
        keys = ", ".join([*KNOWN, "symptom"])
        raise ExtensionError(f"{page}.py: add # {name} = {{…}} with the keys {keys}")
    for key, known in KNOWN.items():
        if said[key] not in known:
            words = ", ".join(map(repr, known))
            raise ExtensionError(
                f"{page}.py: {name}: {key} must be one of {words}, not {said[key]!r}"
            )
    return said


def table(pitfalls: list[tuple[str, Mapping[str, str]]], here: str) -> nodes.container:
    """Make the table of a page; `pitfalls.js` adds choosing and sorting."""
    titles = (_("Pitfall"), _("Type"), _("Stage"), _("Effect"), _("What you see"))
    group = nodes.tgroup(cols=len(titles))
    group += [nodes.colspec(colwidth=width) for width in (26, 12, 11, 13, 38)]
    head, body = nodes.thead(), nodes.tbody()
    head += _row([nodes.Text(title) for title in titles])
    for page, said in pitfalls:
        words = [nodes.Text(known[said[key]]) for key, known in KNOWN.items()]
        body += _row([link_to(page, here), *words, nodes.Text(said["symptom"])])
    group += [head, body]
    made = nodes.table("", group, classes=["pitfall-table"])
    none = nodes.paragraph("", _("No pitfall is of this kind."), translatable=False)
    none["classes"] = ["pitfalls-none"]
    return nodes.container("", made, none, classes=["pitfalls"])


def _row(cells: list[nodes.Node]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        row += nodes.entry("", nodes.paragraph("", "", cell, translatable=False))
    return row


def setup_pitfalls(app: "Sphinx") -> None:
    """Add the directive."""
    app.add_directive("pitfall-table", PitfallTable)
