"""What a page says of itself to search engines, in the words of schema.org."""

import json
from typing import Any

from recipe_site.sharing.pages import SharedPage, SharedSite

LICENSE = "https://creativecommons.org/licenses/by/4.0/"


def json_ld(site: SharedSite, page: SharedPage, image: str = "") -> str:
    """Return a page's JSON-LD, such that it can stand in a `<script>`."""
    text = json.dumps(
        _without_unknown(statement(site, page, image)), ensure_ascii=False
    )
    return text.replace("<", "\\u003c")


def statement(site: SharedSite, page: SharedPage, image: str) -> dict[str, Any]:
    """Return what is said of a page; what is unknown is empty."""
    home = {
        "@type": "WebSite",
        "name": site.name,
        "inLanguage": site.edition.tag,
        "url": site.root and site.address(site.home),
    }
    context = {"@context": "https://schema.org"}
    if page.path == site.home:
        return {**context, **home, "description": page.description, "image": image}
    is_list = page.name.endswith("/index")
    address = site.root and site.address(page.path)
    author = {"@type": "Organization", "name": site.author}
    return {
        **context,
        "@type": "CollectionPage" if is_list else "TechArticle",
        "headline": page.title,
        "description": page.description,
        "inLanguage": site.edition.tag,
        "datePublished": page.published,
        "dateModified": page.modified,
        "dependencies": ", ".join(map(" ".join, page.versions.items())),
        "author": author,
        "publisher": author,
        "license": LICENSE,
        "image": image,
        "url": address,
        "mainEntityOfPage": address,
        "isPartOf": home,
    }


def _without_unknown(known: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_unknown(it) if isinstance(it, dict) else it
        for name, it in known.items()
        if it
    }
