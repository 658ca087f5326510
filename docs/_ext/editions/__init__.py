"""Editions: the site in one language each, from one run of the recipes.

`python -m editions` makes the folder that an edition is built from; this extension adds
to its pages what Sphinx and Sphinx-Gallery don't know of.
"""

import hashlib
from pathlib import Path

from sphinx import locale
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.typing import ExtensionMetadata

from editions import page_facts
from editions.anchors import EnglishAnchors
from editions.chinese_search import ChineseSearch
from editions.folder import STRINGS
from editions.language_links import setup_language_links
from editions.page_list import setup_page_list
from editions.untranslated import MarkUntranslated


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect to events in the order of a build's life."""
    app.connect("config-inited", load_strings)
    setup_language_links(app)
    app.connect("env-get-outdated", page_facts.with_other_facts)
    app.add_transform(EnglishAnchors)
    app.add_transform(MarkUntranslated)
    app.add_search_language(ChineseSearch)
    setup_page_list(app)
    return {
        "version": "1.0",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }


def load_strings(app: Sphinx, config: Config) -> None:
    """Have Sphinx know the strings of extensions in the language of the edition.

    They stand on any page, so where one changed, all pages are made again.
    """
    digest = hashlib.sha256()
    for folder in config.locale_dirs:
        place = Path(app.srcdir) / folder
        for catalog in STRINGS:
            locale.init([place], config.language, catalog)
            compiled = place / (config.language or "") / f"LC_MESSAGES/{catalog}.mo"
            if compiled.is_file():
                digest.update(compiled.read_bytes())
    app.add_config_value("editions_strings", digest.hexdigest(), "env")
