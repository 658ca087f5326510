"""Link every page to the same page in the other editions.

`html_baseurl` in `conf.py` is the address of the whole site, the folder that holds the
root page and one folder an edition. A build is of one edition, so while it runs the
setting is that edition's folder: Sphinx then names each page's canonical address right.
Where it is empty, all links are relative, and the site works from any place.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.util.osutil import relative_uri

from editions.edition import Edition, editions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.config import Config

BUILDERS = ("html", "dirhtml")
"""The builders that make a site of editions that stand side by side."""


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """A page as it stands in one edition."""

    tag: str
    """The language, as HTML writes it: `zh-CN`."""

    own_name: str
    """What the language calls itself: `简体中文`."""

    address: str
    """Where the page stands, relative to the page that is being written."""

    published: str
    """The same for search engines: absolute where the site's address is known."""

    is_current: bool
    """Whether it is the page that is being written."""


def setup_language_links(app: Sphinx) -> None:
    """Give the links to every page's template."""
    # Before other extensions read where the edition will stand.
    app.connect("config-inited", _set_base, priority=400)
    app.connect("html-page-context", _add_links)
    app.add_js_file("language-switch.js", loading_method="defer")


def language_links(
    known: Iterable[Edition], current: Edition, page: str, site: str = ""
) -> list[LanguageLink]:
    """Find a page in every edition.

    Args:
        known: The editions of the site.
        current: The edition that the page is written for.
        page: The page's address within its edition; it is the same in each.
        site: The published site's address; empty: unknown.

    Examples:
        >>> known = [Edition("en"), Edition("zh_CN")]
        >>> [link.address for link in language_links(known, known[0], "a/b.html")]
        ['b.html', '../../zh-cn/a/b.html']
    """
    links = []
    for edition in known:
        there = f"{edition.name}/{page}"
        address = _relative(current, page, there)
        published = _join(site, there) if site else address
        own = edition == current
        links.append(
            LanguageLink(edition.tag, edition.own_name, address, published, own)
        )
    return links


def default_address(
    known: Iterable[Edition], current: Edition, page: str, home: str, site: str = ""
) -> str:
    """Say where a page stands for readers of languages that have no edition.

    That is the English page, but for the home page the root page, which chooses.

    Args:
        known: The editions of the site.
        current: The edition that the page is written for.
        page: The page's address within its edition.
        home: The home page's address within its edition.
        site: The published site's address; empty: unknown.

    Examples:
        >>> known = [Edition("en"), Edition("zh_CN")]
        >>> default_address(known, known[1], "a.html", home="index.html")
        '../en/a.html'
        >>> default_address(known, known[1], "index.html", home="index.html")
        '../index.html'
    """
    if page == home:
        return _join(site, "") if site else _relative(current, page, "index.html")
    source = next(edition for edition in known if edition.is_source)
    there = f"{source.name}/{page}"
    return _join(site, there) if site else _relative(current, page, there)


def _relative(current: Edition, page: str, there: str) -> str:
    """Say how to get from a page to an address that begins at the site's root."""
    # Of the way from a page to itself, `relative_uri` says nothing.
    own = page.rpartition("/")[2] or "./"
    return relative_uri(f"{current.name}/{page}", there) or own


def _join(site: str, address: str) -> str:
    return f"{site.rstrip('/')}/{address}"


def _set_base(app: Sphinx, config: Config) -> None:
    """Make `html_baseurl` the address of this edition, from that of the site."""
    site = config.html_baseurl
    app.add_config_value("editions_site", site, "")
    # A new language stands in the switch of every page.
    known = [edition.language for edition in editions(Path(app.confdir).parent)]
    app.add_config_value("editions_known", known, "html")
    if site:
        config.html_baseurl = _join(site, f"{Edition(config.language).name}/")


def _add_links(
    app: Sphinx,
    pagename: str,
    _templatename: str,
    context: dict[str, Any],
    _doctree: nodes.document | None,
) -> None:
    """Give a page's template its links; event `html-page-context`."""
    if app.builder.name not in BUILDERS:
        return
    known = [Edition(language) for language in app.config.editions_known]
    current = Edition(app.config.language)
    page = app.builder.get_target_uri(pagename)
    home = app.builder.get_target_uri(app.config.root_doc)
    site = app.config.editions_site
    context["language_links"] = language_links(known, current, page, site)
    context["default_address"] = default_address(known, current, page, home, site)
