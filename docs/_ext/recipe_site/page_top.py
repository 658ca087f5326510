"""The rows at the top of a page: take it along, on what it ran, what it is about."""

import os
from html import escape
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from docutils import nodes
from sphinx.locale import get_translation
from sphinx.util.osutil import relative_uri

from editions.edition import Edition
from recipe_site import downloads
from recipe_site.chips import pitfall_chips, tag_chips
from recipe_site.recipes import recordings_of
from recordings.model import Recording
from recordings.page.run_card import day, machine
from recordings.units import duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx
    from sphinx.config import Config

_ = get_translation("site")

NOTEBOOKS = "notebooks"
"""The branch of the repository from which Colab opens downloads."""

SIZES = {"Fashion-MNIST": "Fashion-MNIST (30 MB)"}
"""What a recipe downloads, by the name under which it needs it."""


def _repository() -> str:
    """Return the repository's name on GitHub, as owner/name, or an empty string."""
    name = os.environ.get("REPOSITORY", os.environ.get("GITHUB_REPOSITORY", ""))
    return name.strip("/")


def link_commits(_app: "Sphinx", config: "Config") -> None:
    """Have run cards link to the commits of the repository, if it is known."""
    if config.repository and not config.recordings_commits:
        config.recordings_commits = (
            f"https://github.com/{config.repository}/commit/{{}}"
        )


def add_top(app: "Sphinx", document: nodes.document) -> None:
    """Put the rows below the title of a recipe's or a guide's page."""
    page, build = app.env.docname, recordings_of(app)
    section = next(iter(document.findall(nodes.section)), None)
    entry = build.entries.get(page) if build else None
    if build is None or entry is None or section is None:
        return
    suffix = entry.recipe.path.suffix
    rows = [_actions(page, app.config.language, app.config.repository, suffix)]
    settings = entry.recipe.settings
    if recording := build.recording(page):
        rows.append(_run(recording, app.config.language, settings.get("needs", ())))
    chips = pitfall_chips(page, settings, page) + tag_chips(page, settings, page)
    if chips:
        rows.append(_row("chips", chips))
    html = "".join(rows)
    section.insert(
        1, nodes.raw("", f'<div class="page-top">{html}</div>', format="html")
    )


def _actions(page: str, language: str, repository: str, suffix: str) -> str:
    """Write the row of links by which a reader takes a page along."""
    links = []
    address, name = downloads.address(page), PurePosixPath(page).name
    edition = Edition(language).name
    if repository:
        notebook = quote(f"{edition}/{address}.ipynb")
        branch = f"{repository}/blob/{NOTEBOOKS}"
        colab = f"https://colab.research.google.com/github/{branch}/{notebook}"
        links.append(_link(_("Run in Colab"), colab))
    for label, kind in (
        (_("Download script"), ".py"),
        (_("Download notebook"), ".ipynb"),
    ):
        to = relative_uri(page, address + kind)
        links.append(_link(label, to, f' download="{escape(name + kind)}"'))
    if repository:
        source = page + suffix if suffix == ".py" else f"docs/{page}{suffix}"
        links.append(
            _link(_("Source"), f"https://github.com/{repository}/blob/main/{source}")
        )
    return _row("page-actions", "".join(links))


def _run(recording: Recording, language: str, needs: "Iterable[str]") -> str:
    """Write when a page's output was made, on what, how long it took, what it needs."""
    run = recording.run
    ran = _("Ran on %s") % day(run.date, language)
    said = [f'<a href="#run-card">{escape(ran)}</a>']
    if name := run.gpu or run.processor:
        said.append(escape(machine(name)))
    said.append(escape(duration(run.seconds)))
    if torch := run.versions.get("torch"):
        said.append(f"PyTorch {escape(torch)}")
    said += (escape(_("data: %s") % SIZES[name]) for name in needs if name in SIZES)
    return _row("page-run", "".join(f"<span>{each}</span>" for each in said))


def _link(label: str, address: str, attributes: str = "") -> str:
    return f'<a href="{escape(address)}"{attributes}>{escape(label)}</a>'


def _row(name: str, html: str) -> str:
    return f'<p class="{name}">{html}</p>'


def setup_page_top(app: "Sphinx") -> None:
    """Connect to a page's reading, once its run card is there (400)."""
    app.connect("doctree-read", add_top, priority=455)
    # A page holds the name, so where it changes, pages are made again.
    app.add_config_value("repository", _repository(), "env", str)
    app.connect("config-inited", link_commits)
