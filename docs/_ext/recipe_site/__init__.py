"""What only this site has: downloads, tags, pitfalls, messages about recipes."""

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from recipe_site.diff_blocks import setup_diff_blocks
from recipe_site.downloads import setup_downloads
from recipe_site.errors import setup_errors
from recipe_site.garbage_collection import setup_garbage_collection
from recipe_site.pitfalls import setup_pitfalls
from recipe_site.removed_recipes import setup_removed_recipes
from recipe_site.tags import setup_tags


def setup(app: Sphinx) -> ExtensionMetadata:
    """Set up each feature of the site."""
    setup_garbage_collection(app)
    setup_diff_blocks(app)
    setup_pitfalls(app)
    setup_errors(app)
    setup_downloads(app)
    setup_tags(app)
    setup_removed_recipes(app)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
