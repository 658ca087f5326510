"""Editions: the site in one language each, from one run of the recipes.

`python -m editions` makes the folder that an edition is built from; this extension adds
to its pages what Sphinx and Sphinx-Gallery don't know of.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def setup(app: "Sphinx") -> "ExtensionMetadata":
    """Connect to events in the order of a build's life."""
    # Not before: `python -m editions` needs none of it.
    from editions import configuration, furo  # noqa: PLC0415
    from editions.anchors import EnglishAnchors  # noqa: PLC0415
    from editions.outdated import MarkOutdated, ShowOlder  # noqa: PLC0415
    from editions.untranslated import MarkUntranslated  # noqa: PLC0415
    from editions.wide_text import CloseGaps  # noqa: PLC0415

    # Before other extensions read the address of the site.
    app.connect("config-inited", configuration.name_editions, priority=400)
    app.connect("config-inited", configuration.load_strings)
    app.connect("builder-inited", configuration.tell_faults)
    app.add_transform(EnglishAnchors)
    app.add_transform(ShowOlder)
    app.add_transform(MarkOutdated)
    app.add_transform(MarkUntranslated)
    app.add_transform(CloseGaps)
    app.add_js_file("language-switch.js", loading_method="defer")
    # furo itself writes its list of pages at priority 500.
    app.connect("html-page-context", furo.name_switches, priority=600)
    return {
        "version": "1.0",
        "env_version": 2,  # raised where pages that were read hold other nodes
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
