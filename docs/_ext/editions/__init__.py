"""Make an edition of the site from catalogs, and what all editions share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from editions.chinese_search import setup_chinese_search
from editions.language_links import setup_language_links

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add each part, in the order of a build's life."""
    setup_language_links(app)
    setup_chinese_search(app)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
