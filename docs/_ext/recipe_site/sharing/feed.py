"""The Atom feed (RFC 4287) of recipes that are new or were recorded again."""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from recipe_site.sharing.pages import SharedPage, SharedSite

FILE = "feed.atom"
LENGTH = 30
"""How many entries there are at most."""
_ATOM = "http://www.w3.org/2005/Atom"


def feed(site: SharedSite, pages: Iterable[SharedPage], title: str) -> bytes:
    """Return the feed of an edition, the newest recording first.

    Nothing where no page is recorded: a feed has to say when it changed.
    """
    recorded = [page for page in pages if page.modified]
    newest = sorted(recorded, key=lambda page: (page.modified, page.name), reverse=True)
    if not newest:
        return b""
    home = site.address(site.home)
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": site.edition.tag})
    _add(root, "id", home)
    _add(root, "title", title)
    _add(root, "updated", newest[0].modified)
    _add(_add(root, "author"), "name", site.author)
    _add(root, "link", rel="self", type="application/atom+xml", href=site.address(FILE))
    _add(root, "link", rel="alternate", type="text/html", href=home)
    for page in newest[:LENGTH]:
        entry = _add(root, "entry")
        address = site.address(page.path)
        _add(entry, "id", address)
        _add(entry, "title", page.title)
        _add(entry, "updated", page.modified)
        if page.published:
            _add(entry, "published", page.published)
        _add(entry, "link", rel="alternate", type="text/html", href=address)
        _add(entry, "summary", page.description)
    return _written(root)


def _add(parent: ET.Element, name: str, text: str = "", **about: str) -> ET.Element:
    added = ET.SubElement(parent, name, about)
    added.text = text or None
    return added


def _written(root: ET.Element) -> bytes:
    ET.indent(root)
    text: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
    return text + b"\n"
