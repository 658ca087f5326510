"""Editions: the site in one language each, from one run of the recipes.

`python -m editions make` makes the folder that an edition is built from; this extension
adds to its pages what Sphinx and Sphinx-Gallery don't know of.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.util.typing import ExtensionMetadata


def setup(app: "Sphinx") -> "ExtensionMetadata":
    """Connect to events in the order of a build's life."""
    # Not before: `python -m editions` needs no Sphinx.
    from editions import page_facts  # noqa: PLC0415
    from editions.anchors import EnglishAnchors  # noqa: PLC0415
    from editions.chinese_search import ChineseSearch  # noqa: PLC0415
    from editions.language_links import setup_language_links  # noqa: PLC0415
    from editions.page_list import setup_page_list  # noqa: PLC0415
    from editions.untranslated import MarkUntranslated  # noqa: PLC0415

    app.connect("config-inited", load_strings)
    app.connect("env-get-outdated", page_facts.with_other_facts)
    app.add_transform(EnglishAnchors)
    app.add_transform(MarkUntranslated)
    app.add_search_language(ChineseSearch)
    setup_language_links(app)
    setup_page_list(app)
    return {
        "version": "1.0",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }


def load_strings(app: "Sphinx", config: "Config") -> None:
    """Have Sphinx know the strings of extensions in the language of the edition."""
    from sphinx import locale  # noqa: PLC0415

    from editions.folder import STRINGS  # noqa: PLC0415

    for folder in config.locale_dirs:
        for catalog in STRINGS:
            locale.init([Path(app.srcdir) / folder], config.language, catalog)
