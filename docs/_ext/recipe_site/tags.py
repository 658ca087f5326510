"""Add to "Learn more" the recipes that share most tags; rare ones weigh more."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.transforms.post_transforms import SphinxPostTransform

from recipe_site.recipes import link_to, settings_by_page

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

COUNT = 3
"""How many are named."""
LEARN_MORE = "learn-more"
"""The anchor of the list; anchors are English in every edition."""


def related(tags: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Find for each page those that share tags with it, the nearest first.

    Examples:
        >>> related({"a": ["x", "y"], "b": ["x"], "c": ["x", "y"], "d": ["z"]})
        {'a': ['c', 'b'], 'b': ['a', 'c'], 'c': ['a', 'b'], 'd': []}
    """
    used = Counter(tag for of_page in tags.values() for tag in {*of_page})

    def nearness(one: str, other: str) -> float:
        shared = {*tags[one]} & {*tags[other]}
        # Exactly, so that the order of a set makes no difference.
        return math.fsum(math.log(1 + len(tags) / used[tag]) for tag in shared)

    found = {}
    for page in tags:
        near = {other: nearness(page, other) for other in tags if other != page}
        ordered = sorted((-value, other) for other, value in near.items() if value)
        found[page] = [other for _value, other in ordered[:COUNT]]
    return found


class AddRelated(SphinxPostTransform):
    """Add the links to the list "Learn more", below those to recipes that it has."""

    default_priority = 3  # before references are resolved

    def run(self, **_options: Any) -> None:
        """Add those that the author didn't."""
        pages = _related_of(self.env).get(self.env.docname, [])
        for section in self.document.findall(nodes.section):
            lists = [each for each in section if isinstance(each, nodes.bullet_list)]
            if LEARN_MORE in section["ids"] and lists:
                _add(lists[-1], pages, self.env.docname)


def _add(listed: nodes.bullet_list, pages: Sequence[str], here: str) -> None:
    """Add links to pages that a list doesn't link to yet."""
    links = [[*item.findall(pending_xref)] for item in listed]
    there = {link["reftarget"].lstrip("/") for of_item in links for link in of_item}
    place = max((number for number, found in enumerate(links, 1) if found), default=0)
    for page in reversed(pages):
        if not there & {page, f"sphx_glr_{page.replace('/', '_')}.py"}:
            line = nodes.paragraph("", "", link_to(page, here))
            listed.insert(place, nodes.list_item("", line))


def find_related(app: "Sphinx", env: "BuildEnvironment") -> list[str]:
    """Find what is related, and name the pages on which that has changed."""
    settings = settings_by_page(app)
    old = _related_of(env)
    new = related({page: each.get("tags", []) for page, each in settings.items()})
    env.related_recipes = new  # type: ignore[attr-defined]
    return [page for page in new if page in old and new[page] != old[page]]


def _related_of(env: "BuildEnvironment") -> dict[str, list[str]]:
    found: dict[str, list[str]] = getattr(env, "related_recipes", {})
    return found


def setup_tags(app: "Sphinx") -> None:
    """Find what is related once all pages are read; add it when they are written."""
    app.connect("env-updated", find_related)
    app.add_post_transform(AddRelated)
