"""What only this site has: downloads, search, tags, pitfalls, messages, sharing."""

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def setup(app: "Sphinx") -> "ExtensionMetadata":
    """Set up each feature of the site."""
    # Not before: `recipe_site.fashion_mnist` is also used where there is no Sphinx.
    from recipe_site.api_links import setup_api_links  # noqa: PLC0415
    from recipe_site.cards import setup_cards  # noqa: PLC0415
    from recipe_site.claims import setup_claims  # noqa: PLC0415
    from recipe_site.diff_blocks import setup_diff_blocks  # noqa: PLC0415
    from recipe_site.downloads import setup_downloads  # noqa: PLC0415
    from recipe_site.errors import setup_errors  # noqa: PLC0415
    from recipe_site.faulty_pages import setup_faulty_pages  # noqa: PLC0415
    from recipe_site.first_screen import setup_first_screen  # noqa: PLC0415
    from recipe_site.fold import setup_fold  # noqa: PLC0415
    from recipe_site.images import setup_images  # noqa: PLC0415
    from recipe_site.last_lines import setup_last_lines  # noqa: PLC0415
    from recipe_site.messages.directives import setup_messages  # noqa: PLC0415
    from recipe_site.page_top import setup_page_top  # noqa: PLC0415
    from recipe_site.parts import setup_parts  # noqa: PLC0415
    from recipe_site.pitfalls import setup_pitfalls  # noqa: PLC0415
    from recipe_site.search import setup_search  # noqa: PLC0415
    from recipe_site.search_box import setup_search_box  # noqa: PLC0415
    from recipe_site.sharing.setup import setup_sharing  # noqa: PLC0415
    from recipe_site.tags import setup_tags  # noqa: PLC0415
    from recipe_site.unreadable import setup_unreadable  # noqa: PLC0415

    # A build makes many objects and drops few, and Python would search all of them for
    # garbage again and again: without, it takes a quarter less time, and 150 MB more.
    gc.disable()
    setup_diff_blocks(app)
    setup_pitfalls(app)
    setup_messages(app)
    setup_faulty_pages(app)  # sees where a warning is before the next moves that
    setup_errors(app)
    setup_last_lines(app)
    setup_downloads(app)
    setup_search(app)
    setup_tags(app)
    setup_api_links(app)
    setup_cards(app)
    setup_fold(app)
    setup_images(app)
    setup_page_top(app)
    setup_claims(app)
    setup_parts(app)
    setup_search_box(app)
    setup_first_screen(app)
    setup_unreadable(app)
    setup_sharing(app)
    return {
        "version": "1.0",
        "env_version": 1,  # raised where pages that were read hold other nodes
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
