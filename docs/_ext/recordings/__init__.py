"""Keep what recipes print and draw, and make pages from that without running anything.

For any Sphinx-Gallery project: `extensions += ["recordings"]`. Recipes are run by
`python -m recordings run`, or before a build (`recordings_mode`); pages, notebook
downloads and thumbnails are made from the recordings.

Recipes are run with what `conf.py` alone sets: `-D` and `-t` of a build, and what other
extensions set, don't reach them. What a project always builds with belongs there.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def setup(app: "Sphinx") -> "ExtensionMetadata":
    """Add the settings, and connect to events in the order of a build's life."""
    # Not before: a recipe's process begins without Sphinx, to be small and fast.
    from recordings import settings as config  # noqa: PLC0415
    from recordings.gallery import replay  # noqa: PLC0415
    from recordings.page import additions, build, variant  # noqa: PLC0415

    config.register(app)
    app.setup_extension("sphinx_gallery.gen_gallery")

    # Sphinx-Gallery makes its pages at builder-inited, priority 500.
    app.connect("config-inited", build.check_gallery)
    app.connect("config-inited", build.take_no_recording_for_a_page)
    app.connect("builder-inited", build.before_gallery, priority=450)
    replay.surround_gallery(app, build.replaying)
    # What other extensions do to a guide's source counts.
    app.connect("source-read", build.before_guide, priority=900)
    app.add_transform(additions.KeepOutOfCatalogs)
    # Sphinx collects images and downloads of a page at priority 500.
    app.connect("doctree-read", additions.add_to_page, priority=400)
    app.connect("builder-inited", variant.copy_style)
    app.connect("html-page-context", variant.add_style)

    return {
        "version": "1.0",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
