"""The sitemap of an edition; that at the site's root names all of them."""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from recipe_site.sharing.pages import SharedPage, SharedSite

FILE = "sitemap.xml"
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_XHTML = "http://www.w3.org/1999/xhtml"


def sitemap(site: SharedSite, pages: Iterable[SharedPage]) -> bytes:
    """Return the addresses of an edition's pages, each in all languages."""
    root = ET.Element("urlset", {"xmlns": _SITEMAP, "xmlns:xhtml": _XHTML})
    for page in pages:
        url = ET.SubElement(root, "url")
        ET.SubElement(url, "loc").text = site.address(page.path)
        if page.modified:
            ET.SubElement(url, "lastmod").text = page.modified
        for language, address in alternates(site, page.path).items():
            about = {"rel": "alternate", "hreflang": language, "href": address}
            ET.SubElement(url, "xhtml:link", about)
    ET.indent(root)
    text: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
    return text + b"\n"


def alternates(site: SharedSite, path: str) -> dict[str, str]:
    """Return the addresses of one page by language, as the page's own head has them."""
    found = {each.tag: site.address(path, each) for each in site.editions}
    source = next((each for each in site.editions if each.is_source), None)
    if source:
        is_home = path == site.home
        found["x-default"] = site.root if is_home else site.address(path, source)
    return found
