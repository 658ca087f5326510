"""Turn links between pages into links that work in a notebook download."""

import re
from collections.abc import Callable, Iterable

from recordings.library import Recipe

Resolve = Callable[[str, str, str | None], tuple[str, str | None]]
"""Takes a role, its target and its own text; gives the text and an address or None."""


def title(text: str) -> str:
    r"""Give the title of a recipe: the first line of a text block that has words.

    Examples:
        >>> title("\n=====\nA title\n=====\n\nWords.")
        'A title'
    """
    lines = (line.strip() for line in text.splitlines())
    return next((line for line in lines if re.search(r"\w", line)), "")


def resolver(recipes: Iterable[Recipe], site: str) -> Resolve:
    """Make a function that resolves `:ref:` and `:doc:` to recipes.

    Args:
        recipes: All that may be linked to.
        site: The published site's address; empty: links become plain text.
    """
    titles: dict[str, tuple[str, str]] = {}
    for recipe in recipes:
        name = title(recipe.blocks[0].content) if recipe.blocks else recipe.page
        label = f"sphx_glr_{recipe.name.replace('/', '_')}"
        titles[label] = titles[f"/{recipe.page}"] = (name, recipe.page)

    def resolve(_role: str, target: str, own: str | None) -> tuple[str, str | None]:
        name, page = titles.get(target, (target, ""))
        address = f"{site.rstrip('/')}/{page}.html" if site and page else None
        return own or name, address

    return resolve
