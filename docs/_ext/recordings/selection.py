"""Find the recipes that people name on the command line."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from recordings.library import Library
from recordings.model import Entry, Recipe


class UnknownRecipe(Exception):  # noqa: N818 - what was typed, not a fault here
    """A name is no recipe's, or several recipes'; the message says which are near."""


def select(library: Library, names: Sequence[str]) -> list[Entry]:
    """Give the named recipes, and how their recordings stand; no name means all.

    Raises:
        UnknownRecipe: A name is no recipe's, or that of several.
    """
    if not library.recipes:
        raise UnknownRecipe(f"{library.conf_dir / 'conf.py'}: it knows of no recipe")
    chosen = {_find(library.recipes, name).page for name in names}
    return [
        library.entry(recipe)
        for recipe in library.recipes
        if recipe.page in chosen or not names
    ]


def _find(recipes: Iterable[Recipe], name: str) -> Recipe:
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
        pages = ", ".join(recipe.page for recipe in found)
        raise UnknownRecipe(f"{name} may be any of these: {pages}; name one of them")
    near = get_close_matches(name, known)
    recipes_near = dict.fromkeys(known[each][0].page for each in near)
    hint = f"; did you mean {' or '.join(recipes_near)}?" if near else ""
    raise UnknownRecipe(f"there is no recipe {name}{hint}")
