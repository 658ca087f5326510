"""Chips: small links from what a recipe says of itself to all that say the same."""

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlencode

from docutils import nodes
from sphinx.locale import get_translation
from sphinx.util.osutil import relative_uri

from recipe_site.script_words import script_words

_ = get_translation("site")

KNOWN = {
    "type": {"API-specific": _("API-specific"), "generic": _("generic")},
    "stage": {
        "data": _("data"),
        "model": _("model"),
        "training": _("training"),
        "evaluation": _("evaluation"),
    },
    "effect": {
        "error-prone": _("error-prone"),
        "slow": _("slow"),
        "memory": _("memory"),
        "wrong result": _("wrong result"),
    },
}
"""What a pitfall may say of itself, and how a page says it in its language."""


def pitfall_chips(page: str, settings: Mapping[str, Any], here: str) -> str:
    """Write links to the pitfalls of one type, stage or effect.

    Args:
        page: The recipe's.
        settings: The recipe's.
        here: The page that the chips are on.
    """
    said = settings.get("pitfall", {})
    found = ((key, said.get(key)) for key in KNOWN)
    chips = (
        _chip(page, here, key, value, str(KNOWN[key][value]))
        for key, value in found
        if value in KNOWN[key]
    )
    return "".join(chips)


def tag_chips(page: str, settings: Mapping[str, Any], here: str) -> str:
    """Write links to the section's recipes with one tag; see `pitfall_chips`."""
    return "".join(_tags(page, settings, here))


def _tags(page: str, settings: Mapping[str, Any], here: str) -> Iterator[str]:
    for tag in settings.get("tags", ()):
        yield _chip(page, here, "tag", tag, tag)


def filter_words() -> nodes.raw:
    """Make what `filter.js` needs to let a reader choose on a page: its words."""
    labels = (_("Type"), _("Stage"), _("Effect"), _("Tag"))
    words = {
        "label": dict(zip((*KNOWN, "tag"), map(str, labels), strict=True)),
        "all": str(_("%s: all")),
        "find": str(_("Find in this list")),
        "none": str(_("Nothing here is of this kind.")),
        "search": str(_("Search all pages")),
    }
    return script_words("filter-words", words)


def _chip(page: str, here: str, key: str, value: str, label: str) -> str:
    section = relative_uri(here, f"{PurePosixPath(page).parent}/index.html")
    address = escape(f"{section}?{urlencode({key: value})}")
    about = f'class="chip chip-{key}" data-key="{key}" data-value="{escape(value)}"'
    return f'<a {about} href="{address}">{escape(label)}</a>'
