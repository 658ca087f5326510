"""Put into each page's head what others read of it, and draw its preview picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel import Locale
from babel.core import get_global
from docutils import nodes
from sphinx.util import logging
from sphinx.util.osutil import relative_uri

from editions.edition import Edition
from recipe_site.sharing import feed, social_cards
from recipe_site.sharing.card_fonts import has_font
from recipe_site.sharing.pages import (
    SharedPage,
    SharedSite,
    has_recordings,
    shared_page,
    shared_site,
)
from recipe_site.sharing.structured_data import json_ld
from recipe_site.sharing.titles import search_title

if TYPE_CHECKING:
    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)


def describe(
    app: "Sphinx",
    name: str,
    _template: str,
    context: dict[str, Any],
    document: nodes.document | None,
) -> None:
    """Tell the page's template what to say of the page."""
    site, is_home = shared_site(app), name == app.config.root_doc
    title = app.env.titles[name].astext() if document else str(context.get("title", ""))
    context["search_title"] = search_title(name, title, site.name, is_home=is_home)
    context["is_listed"] = document is not None
    if document is None:
        return
    page = shared_page(app, name)
    image = _picture(app, site, page, document)
    has_twin = "sphinx_llm_friendly" in app.extensions
    has_feed = site.root and has_recordings(app)
    context["sharing"] = {
        "description": "" if _has_description(context) else page.description,
        "open_graph": open_graph(site, page, context["search_title"], image),
        "json_ld": json_ld(site, page, image),
        "feed": relative_uri(page.path, feed.FILE) if has_feed else "",
        "markdown": relative_uri(page.path, f"{name}.md") if has_twin else "",
    }


def territory(language: str) -> str:
    """Return a language with a country, as Open Graph wants it.

    Examples:
        >>> territory("en")
        'en_US'
    """
    likely = get_global("likely_subtags").get(language, language)
    found = Locale.parse(likely)
    return f"{found.language}_{found.territory}" if found.territory else language


def _has_description(context: dict[str, Any]) -> bool:
    return 'name="description"' in context.get("metatags", "")


def open_graph(
    site: SharedSite, page: SharedPage, title: str, image: str
) -> dict[str, str]:
    """Return what previews show of a page, in the words of ogp.me."""
    is_home = page.path == site.home
    known = {
        "og:type": "website" if is_home else "article",
        "og:site_name": site.name,
        "og:title": title,
        "og:description": page.description,
        "og:locale": territory(site.edition.language),
        "og:url": site.root and site.address(page.path),
        "og:image": image,
    }
    if image:
        known["og:image:width"] = str(social_cards.WIDTH)
        known["og:image:height"] = str(social_cards.HEIGHT)
        known["og:image:alt"] = page.title
    if not is_home:
        known["article:published_time"] = page.published
        known["article:modified_time"] = page.modified
    return {name: it for name, it in known.items() if it}


def _picture(
    app: "Sphinx", site: SharedSite, page: SharedPage, document: nodes.document
) -> str:
    """Draw a page's picture and return its public address, if there is one."""
    if not site.root:
        return ""
    path = social_cards.path(page.name)
    if not has_font(site.edition):
        # That of the English page has the same figure.
        source = next((each for each in site.editions if each.is_source), Edition("en"))
        return site.address(path, source)
    favicon = app.config.html_favicon
    mark = Path(app.confdir, favicon) if favicon else None
    published = app.builder.images
    figure = social_cards.figure(document, Path(app.srcdir), published)
    name = f"{site.name} · PyTorch"
    card = social_cards.Card(page.title, name, site.edition, mark, figure)
    social_cards.write(card, Path(app.outdir, path))
    return site.address(path)


def say_which_titles_are_english(app: "Sphinx", _env: object) -> None:
    """Say once that pictures have English titles, and what would change that."""
    site = shared_site(app)
    if site.root and not has_font(site.edition):
        logger.info(
            "preview pictures of %s show the English titles: fontconfig finds no font "
            "for %s; on Debian, fonts-noto-cjk has the Chinese ones",
            site.edition.name,
            site.edition.tag,
        )
