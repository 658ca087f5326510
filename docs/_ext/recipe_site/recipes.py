"""The recipes by page, and what they say of themselves in their last lines.

# sphinx_gallery_tags = ["optimizer", "momentum"]
# sphinx_gallery_position = 3
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx_gallery.py_source_parser import (
    INFILE_CONFIG_PATTERN,
    extract_file_config,
)

from recordings.gallery import scripts

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from recordings.page.build import Build


def settings_by_page(app: "Sphinx") -> dict[str, Mapping[str, Any]]:
    """Return all recipes' settings, in the language of the edition."""
    found = scripts.pages(app.config.sphinx_gallery_conf, Path(app.srcdir))
    return {page: _settings(script) for script, page in found}


def recordings_of(app: "Sphinx") -> "Build | None":
    """Return what a build knows of recordings; nothing where it has none."""
    # Not before: each recipe's process reads conf.py, which names a class of this.
    from recordings.page.build import build_of  # noqa: PLC0415

    return build_of(app) if "recordings" in app.extensions else None


def position(settings: Mapping[str, Any]) -> float:
    """Return a recipe's place in its section; one that names none comes last."""
    place: float = settings.get("position", float("inf"))
    return place


class ReadingOrder:
    """Sort a section's recipes by their `# sphinx_gallery_position`, then by name.

    For Sphinx-Gallery's `within_subsection_order`.
    """

    def __init__(self, section: str) -> None:
        """Remember the folder of the section."""
        self.section = Path(section)

    def __call__(self, filename: str) -> tuple[float, str]:
        """Return the sort key of a recipe."""
        return position(_settings(self.section / filename)), filename


def link_to(page: str, here: str) -> pending_xref:
    """Link from a page to another by its title; Sphinx warns if there is none."""
    about = {"refdomain": "std", "reftype": "doc", "refexplicit": False}
    target = {"reftarget": f"/{page}", "refdoc": here, "refwarn": True}
    return pending_xref("", nodes.inline(), **about, **target)


def written_settings(source: str) -> Iterator[tuple[int, str, str | None]]:
    """Yield line, name and value, as text, of each setting in a recipe's code."""
    for match in INFILE_CONFIG_PATTERN.finditer(source):
        line = source.count("\n", 0, match.start(1)) + 1
        yield line, match[1], match[3] and match[3].strip()


def _settings(script: Path) -> Mapping[str, Any]:
    text = script.read_text("utf-8", errors="replace")
    found: dict[str, Any] = extract_file_config(text)
    return found
