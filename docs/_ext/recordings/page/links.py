"""Turn links between pages into links that work in a notebook download."""

import re
from collections.abc import Iterable, Mapping

from recordings.model import Recipe
from recordings.page.markdown.writer import Resolve


def title(text: str) -> str:
    r"""Return the title of a recipe: the first line of a text block that has words.

    Examples:
        >>> title("\n=====\nA title\n=====\n\nWords.")
        'A title'
    """
    lines = (line.strip() for line in text.splitlines())
    return next((line for line in lines if re.search(r"\w", line)), "")


Targets = Mapping[str, tuple[str, str]]
"""Title and page of all that may be linked to, by what a link says."""


def targets(recipes: Iterable[Recipe]) -> Targets:
    """Return how recipes are linked to; to be asked for once in a build."""
    found: dict[str, tuple[str, str]] = {}
    for recipe in recipes:
        name = _title_of(recipe)
        label = f"sphx_glr_{recipe.name.replace('/', '_')}"
        found[label] = found[f"/{recipe.page}"] = (name, recipe.page)
    return found


def resolver(known: Targets, site: str) -> Resolve:
    """Make a function that resolves `:ref:` and `:doc:` to recipes.

    Args:
        known: What may be linked to.
        site: The published site's address; empty: links become plain text.
    """

    def resolve(_role: str, target: str, own: str | None) -> tuple[str, str | None]:
        name, page = known.get(target, (target, ""))
        address = f"{site.rstrip('/')}/{page}.html" if site and page else None
        return own or name, address

    return resolve


def _title_of(recipe: Recipe) -> str:
    """Return the title of a page; its document name where that can't be read."""
    if recipe.fault:
        return recipe.page
    if recipe.kind == "guide":
        text = recipe.path.read_text("utf-8-sig", errors="replace")
        heading = re.search(r"(?m)^# +(.+)$", text)
        return heading[1].strip() if heading else recipe.page
    return title(recipe.blocks[0].content)
