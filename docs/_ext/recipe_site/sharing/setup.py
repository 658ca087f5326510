"""Connect all that has pages found and shared to a build."""

from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.locale import get_translation

from recipe_site.sharing import descriptions, feed, head, markdown_twins, sitemap
from recipe_site.sharing.pages import shared_pages, shared_site
from recipe_site.sharing.twin_words import setup_twin_words

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_ = get_translation("site")


def publish(app: "Sphinx", failure: Exception | None) -> None:
    """Write the edition's feed and sitemap, where its public address is known."""
    if failure is not None or app.builder.format != "html":
        return
    site, pages = shared_site(app), list(shared_pages(app))
    # For translators: the title of the feed; %s is the name of the site.
    title = str(_("%s: new and recorded again")) % site.name
    made = {
        feed.FILE: feed.feed(site, pages, title) if site.root else b"",
        sitemap.FILE: sitemap.sitemap(site, pages) if site.root else b"",
    }
    for name, content in made.items():
        file = Path(app.outdir, name)
        if content:
            file.write_bytes(content)
        else:
            file.unlink(missing_ok=True)


def setup_sharing(app: "Sphinx") -> None:
    """Connect to events in the order of a build's life."""
    app.add_js_file("copy-markdown.js", loading_method="defer")
    setup_twin_words(app)
    app.connect("doctree-read", descriptions.remember)
    app.connect("env-updated", head.say_which_titles_are_english)
    # sphinx-llm-friendly writes the twin at priority 500; then the tree is another.
    app.connect("html-page-context", head.describe, priority=300)
    app.connect("html-page-context", markdown_twins.prepare, priority=400)
    app.connect("build-finished", publish)
