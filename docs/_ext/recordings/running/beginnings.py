"""Choose what is imported once for several recipes of a run that begin alike."""

from collections.abc import Iterable
from importlib.util import find_spec

from recordings.gallery import scripts
from recordings.key import first_imports
from recordings.key.first_imports import Modules
from recordings.library import Library
from recordings.machine.reads import INSTALLED
from recordings.model import Entry, Recipe
from recordings.running import fork_server
from recordings.running.branches import Branches
from recordings.running.fork_server import Fork


def may_be_forked(recipe: Recipe) -> bool:
    """Tell whether a recipe need not be started afresh.

    The number of threads is fixed when modules are imported; a guide's code runs in a
    process that its kernel starts, which imports its own.
    """
    return recipe.kind == "guide" or recipe.settings.get("threads", 1) == 1


def waits(recipe: Recipe) -> bool:
    """Tell whether a recipe may have to wait until its imports are made for it.

    A guide's are made by its kernel, which is no fork.
    """
    return recipe.kind == "recipe" and may_be_forked(recipe)


def fork(branches: Branches, recipe: Recipe) -> Fork | None:
    """Return what forks a recipe's supervisor; None if it is to be started afresh."""
    return branches.fork(recipe.page) if may_be_forked(recipe) else None


def start() -> None:
    """Have the process begin that all others are forked from; it makes its imports."""
    fork_server.start(scripts.imported_first())


def branches(library: Library, entries: Iterable[Entry]) -> Branches:
    """Have ready what recipes are forked from."""
    forked = [each.recipe for each in entries if waits(each.recipe)]
    return Branches(
        shared(library, forked),
        library.packages,
        unseen=library.settings.preload is None,
    )


def shared(library: Library, recipes: Iterable[Recipe]) -> dict[str, Modules]:
    """Return what is imported beforehand for each recipe, by page, if anything is.

    Args:
        library: The project's; its `conf.py` may say what.
        recipes: Those that are forked.
    """
    if (given := library.settings.preload) is not None:
        found = {each.page: scripts.preload(each, given) for each in recipes}
        return {page: modules for page, modules in found.items() if modules}
    # Modules may read the environment, and warn, when they are imported.
    if library.environment or "warnings" in library.conf:
        return {}
    code = {each.page: each.blocks for each in recipes}
    names = {name for it in code.values() for name in first_imports.packages(it)}
    installed, known = {*filter(_is_installed, names)}, scripts.known_packages()
    return first_imports.shared(
        {
            page: first_imports.beginning(it, installed, known)
            for page, it in code.items()
        }
    )


def _is_installed(package: str) -> bool:
    """Tell whether a package is installed, and so none that the project changes."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):  # what stands for it has no file
        return False
    return bool(spec and spec.origin and spec.origin.startswith(INSTALLED))
