"""Put run cards and block times on pages.

Texts that change from run to run are not messages for translators.
"""

import os
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from recordings.library import Library
from recordings.model import Recording
from recordings.page import build, run_card, variant
from recordings.settings import Settings

VOLATILE = {"recording-block-time", "sphx-glr-timing"}
"""Classes of texts that change from run to run: ours, and Sphinx-Gallery's."""


class KeepOutOfCatalogs(SphinxTransform):
    """Mark times on a recipe's page as not translatable."""

    default_priority = 5  # Sphinx collects messages and translates from 10 on

    def apply(self, **_: Any) -> None:
        """Mark them."""
        for node in self.document.findall(nodes.Element):
            if VOLATILE.intersection(node.get("classes", ())):
                for text in node.findall(nodes.TextElement):
                    text["translatable"] = False


def add_to_page(app: Sphinx, document: nodes.document) -> None:
    """Put the run card, or the note that there is none, on a recipe's page."""
    page, known = app.env.docname, build.build_of(app)
    entry, settings = known.entries.get(page), known.library.settings
    section = next(iter(document.findall(nodes.section)), None)
    if entry is None or section is None:
        return
    app.env.note_dependency(build.note_of(app, page))
    if entry.failure and entry.failure.recording:
        return  # the page shows how it failed, as Sphinx-Gallery's own
    if entry.state != "fresh" or entry.recording is None:
        section.insert(1, run_card.as_note(entry, settings.command))
        return
    _add_block_times(document, entry.recording, settings)
    link = _link(known.library, app.srcdir, entry.found_at or entry.recipe.file)
    language = app.config.language
    shown: list[nodes.Element] = [
        run_card.as_nodes(entry.recording, language, link, settings.commits)
    ]
    if entry.variant:
        rules = known.library.rules(entry.recipe)
        shown += [variant.as_nodes(entry.recording, entry.variant, rules, language)]
    for footer in document.findall(nodes.container):
        if "sphx-glr-footer" in footer["classes"]:
            # The footer is in an `only` node, within the last section.
            is_only = isinstance(footer.parent, addnodes.only)
            place = footer.parent if is_only else footer
            place.parent.insert(place.parent.index(place), shown)
            return
    section += shown


def _add_block_times(
    document: nodes.document, recording: Recording, settings: Settings
) -> None:
    """Say below each cell of a guide how long it ran.

    On a recipe's page `recordings.gallery.replay` did that, and no cell is found here.
    """
    for cell in list(document.findall(nodes.container)):
        # MyST-NB numbers cells as their recording does: see `guides.rendering`.
        if cell.get("nb_element") != "cell_code" or not cell.get("exec_count"):
            continue
        took = run_card.block_time(settings, recording.blocks[cell["exec_count"] - 1])
        if took and cell.parent is not None:
            words = nodes.paragraph("", took, translatable=False)
            time = nodes.container("", words, classes=["recording-block-time"])
            # Not in the cell: MyST-NB takes its last child for the output.
            cell.parent.insert(cell.parent.index(cell) + 1, time)


def _link(library: Library, source: Path, name: str) -> nodes.Node | None:
    """Link to a recording, if a reader can get it: a download or a web address."""
    text = nodes.Text(Path(name).name)
    if address := library.store.link(name):
        return nodes.reference("", "", text, refuri=address)
    if file := library.store.file(name):
        # The folder may be outside of Sphinx's source folder.
        target = f"/{Path(os.path.relpath(file, source)).as_posix()}"
        return addnodes.download_reference("", "", text, reftarget=target, refdoc=name)
    return None
