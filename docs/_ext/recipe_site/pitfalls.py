"""The directive `pitfall-table`: all pitfalls, grouped by what one sees.

It is made from what the recipes of the page's section say of themselves:

    # sphinx_gallery_pitfall = {"type": "generic", "stage": "data", …}
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.locale import get_translation
from sphinx.util.docutils import SphinxDirective

from recipe_site.chips import KNOWN, filter_words, pitfall_chips, tag_chips
from recipe_site.recipes import link_to, position, settings_by_page

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_ = get_translation("site")

GROUPS = {
    "not learned": _("Nothing is learned, or not what should be"),
    "explodes": _("The loss explodes or is nan"),
    "grows": _("Memory or time grows"),
    "differs": _("Training and test disagree"),
    "error": _("An error or a warning"),
}
"""What one sees of a pitfall first, in the order of the page."""


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
        here, groups = self.env.docname, dict[str, list[str]]()
        for page in sorted(found, key=lambda page: position(found[page])):
            groups.setdefault(pitfall(page, found[page])["group"], []).append(page)
        sections = [
            self._section(key, table([(it, found[it]) for it in groups[key]], here))
            for key in GROUPS
            if key in groups
        ]
        return [filter_words(), *sections]

    def _section(self, key: str, filled: nodes.table) -> nodes.section:
        """Make the section of a group, with a title in the language of the edition."""
        title = nodes.title("", str(GROUPS[key]), translatable=False)
        section = nodes.section("", title, filled, classes=["pitfalls"])
        section["ids"].append(nodes.make_id(key))
        section["names"].append(key)
        self.state.document.note_implicit_target(section, section)
        self.set_source_info(section)
        return section


def pitfall(page: str, settings: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what a recipe's settings say of its pitfall.

    Raises:
        ExtensionError: They say nothing, or use a word that is not known.
    """
    said = settings.get("pitfall")
    name = "sphinx_gallery_pitfall"
    words_of = {**KNOWN, "group": GROUPS}
    if not isinstance(said, dict) or set(said) != {*words_of, "symptom"}:
        keys = ", ".join([*words_of, "symptom"])
        raise ExtensionError(f"{page}.py: add # {name} = {{…}} with the keys {keys}")
    for key, known in words_of.items():
        if said[key] not in known:
            words = ", ".join(map(repr, known))
            raise ExtensionError(
                f"{page}.py: {name}: {key} must be one of {words}, not {said[key]!r}"
            )
    return said


def table(pitfalls: Sequence[tuple[str, Mapping[str, Any]]], here: str) -> nodes.table:
    """Make the table of a group; `filter.js` lets a reader choose in all."""
    titles = (_("Pitfall"), _("What you see"), _("Kind"))
    group = nodes.tgroup(cols=len(titles))
    group += [nodes.colspec(colwidth=width) for width in (32, 42, 26)]
    head, body = nodes.thead(), nodes.tbody()
    head += _row([nodes.Text(title) for title in titles])
    for page, settings in pitfalls:
        chips = (
            pitfall_chips(page, settings, here)
            + f'<span class="chips-tags">{tag_chips(page, settings, here)}</span>'
        )
        symptom = nodes.Text(pitfall(page, settings)["symptom"])
        html = f'<span class="chips">{chips}</span>'
        kind = nodes.raw("", html, format="html")
        body += _row([link_to(page, here), symptom, kind])
    group += [head, body]
    return nodes.table("", group, classes=["pitfall-table"])


def _row(cells: list[nodes.Node]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        row += nodes.entry("", nodes.paragraph("", "", cell, translatable=False))
    return row


def setup_pitfalls(app: "Sphinx") -> None:
    """Add the directive."""
    app.add_directive("pitfall-table", PitfallTable)
