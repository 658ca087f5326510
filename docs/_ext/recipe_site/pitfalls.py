"""The directive `pitfall-table`: all pitfalls by type, stage, effect and symptom.

It is made from what the recipes of the page's section say of themselves:

    # sphinx_gallery_pitfall = {"type": "generic", "stage": "data", …}
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from recipe_site import recipe_settings
from recipe_site.page_link import link_to
from recipe_site.strings import _

if TYPE_CHECKING:
    from sphinx.application import Sphinx

KNOWN = {
    "type": ("API-specific", "generic"),
    "stage": ("data", "model", "training", "evaluation"),
    "effect": ("error-prone", "slow", "memory", "wrong result"),
}
"""What a pitfall may say of itself, in words that every edition has its own for."""


def words() -> dict[str, str]:
    """Give those words in the language of the build."""
    return {
        "API-specific": _("API-specific"),
        "generic": _("generic"),
        "data": _("data"),
        "model": _("model"),
        "training": _("training"),
        "evaluation": _("evaluation"),
        "error-prone": _("error-prone"),
        "slow": _("slow"),
        "memory": _("memory"),
        "wrong result": _("wrong result"),
    }


class PitfallTable(SphinxDirective):
    """The table of the section's pitfalls."""

    def run(self) -> list[nodes.Node]:
        """Make the table; on the gallery's first page the header has none."""
        section = PurePosixPath(self.env.docname).parent
        found = {
            page: settings
            for page, settings in recipe_settings.by_page(self.env.app).items()
            if PurePosixPath(page).parent == section
        }
        if not found:
            return []
        for page in found:
            self.env.note_dependency(f"{page}.py")
        ordered = sorted(
            found.items(), key=lambda item: recipe_settings.position(item[1])
        )
        rows = [(page, pitfall(page, each)) for page, each in ordered]
        return [table(rows, self.env.docname)]


def pitfall(page: str, settings: Mapping[str, Any]) -> Mapping[str, str]:
    """Take from a recipe's settings what it says of its pitfall.

    Raises:
        ExtensionError: It says nothing, or what no other recipe would say.
    """
    said = settings.get("pitfall")
    name = "sphinx_gallery_pitfall"
    if not isinstance(said, dict) or set(said) != {*KNOWN, "symptom"}:
        keys = ", ".join([*KNOWN, "symptom"])
        raise ExtensionError(f"{page}.py: give it # {name} = {{…}} with {keys}")
    for key, known in KNOWN.items():
        if said[key] not in known:
            raise ExtensionError(
                f"{page}.py: {name}: {key} is {said[key]!r}; it can be "
                + ", ".join(map(repr, known))
            )
    return said


def table(pitfalls: list[tuple[str, Mapping[str, str]]], here: str) -> nodes.container:
    """Make the table of a page; `pitfalls.js` adds choosing and sorting."""
    titles = (_("Pitfall"), _("Type"), _("Stage"), _("Effect"), _("What you see"))
    group = nodes.tgroup(cols=len(titles))
    group += [nodes.colspec(colwidth=width) for width in (26, 12, 11, 13, 38)]
    head, body = nodes.thead(), nodes.tbody()
    head += _row([nodes.Text(title) for title in titles])
    own = words()
    for page, said in pitfalls:
        cells = [nodes.Text(own[said[key]]) for key in KNOWN]
        body += _row([link_to(page, here), *cells, nodes.Text(said["symptom"])])
    group += [head, body]
    made = nodes.table("", group, classes=["pitfall-table"])
    none = nodes.paragraph(
        "",
        _("No pitfall is of this kind."),
        classes=["pitfalls-none"],
        translatable=False,
    )
    return nodes.container("", made, none, classes=["pitfalls"])


def _row(cells: list[nodes.Node]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        line = nodes.paragraph("", "", cell, translatable=False)
        row += nodes.entry("", line)
    return row


def setup_pitfalls(app: "Sphinx") -> None:
    """Add the directive."""
    app.add_directive("pitfall-table", PitfallTable)
