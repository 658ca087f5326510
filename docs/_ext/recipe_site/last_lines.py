"""Warn of what is wrong with the settings in the last lines of recipes.

Sphinx-Gallery takes any name for a setting, and two recipes may claim one place.
"""

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.util.logging import getLogger

from recipe_site.recipes import written_settings
from recordings.gallery import scripts

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_logger = getLogger(__name__)

KNOWN = (
    *("position", "tags", "cost", "needs", "pitfall", "threads", "time_limit"),
    *("tolerance", "tolerance_block", "compare", "compare_block", "alt_block"),
    *("thumbnail_number", "thumbnail_path", "line_numbers", "dummy_images"),
    *("defer_figures", "multi_image", "multi_image_block"),
    *("capture_repr", "capture_repr_block", "parallel"),
)
"""Names of settings: ours, and in the last three lines Sphinx-Gallery's own."""


def misspelled(source: str) -> Iterator[tuple[int, str]]:
    r"""Yield the line and what is wrong with each name that is nearly a setting's.

    Examples:
        >>> [*misspelled("x\n# sphinx_gallery_costs = '1 s'\n")]
        [(2, 'there is no setting sphinx_gallery_costs; did you mean cost?')]
    """
    for line, name, _value in written_settings(source):
        near = get_close_matches(name, KNOWN, n=1, cutoff=0.8)
        if name not in KNOWN and near:
            yield (
                line,
                f"there is no setting sphinx_gallery_{name}; did you mean {near[0]}?",
            )


def warn(app: "Sphinx") -> None:
    """Warn of names that are misspelled, and of places that two recipes have."""
    known: dict[tuple[Path, str], str] = {}
    settings, source = app.config.sphinx_gallery_conf, Path(app.srcdir)
    for script, _page in sorted(scripts.pages(settings, source)):
        text = script.read_text("utf-8", errors="replace")
        faults = [*misspelled(text)]
        for line, name, value in written_settings(text):
            if name == "position" and re.fullmatch(r"-?\d+", value or ""):
                other = known.setdefault((script.parent, str(value)), script.name)
                if other != script.name:
                    told = f"place {value} of this section is that of {other}"
                    faults.append((line, f"{told}; give it another"))
        for line, told in faults:
            where = f"{os.path.relpath(script)}:{line}"
            _logger.warning(told, location=where, type="recipe", subtype="setting")


def setup_last_lines(app: "Sphinx") -> None:
    """Connect to the build's beginning."""
    app.connect("builder-inited", warn, priority=100)
