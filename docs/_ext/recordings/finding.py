"""Find a recipe by what people call it."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from recordings.model import Recipe


class UnknownRecipe(Exception):  # noqa: N818 - what was typed, not a fault here
    """A name is no recipe's, or several recipes'; the message says which are near."""


def find(recipes: Iterable[Recipe], name: str) -> Recipe:
    """Find a recipe by its path, its page or its bare name.

    Raises:
        UnknownRecipe: The name is no recipe's, or that of several.
    """
    known: dict[str, list[Recipe]] = {}
    for recipe in recipes:
        for each in {recipe.page, recipe.name, recipe.path.stem, recipe.path.name}:
            known.setdefault(each, []).append(recipe)
        if recipe.path.resolve() == Path(name).resolve():
            return recipe
    found = known.get(name, [])
    if len(found) == 1:
        return found[0]
    if found:
        pages = ", ".join(each.page for each in found)
        raise UnknownRecipe(f"{name} can be any of {pages}; name one of them")
    near = dict.fromkeys(known[each][0].page for each in get_close_matches(name, known))
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise UnknownRecipe(f"there is no recipe {name}{hint}")
