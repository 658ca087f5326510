"""Choose what is imported once for several recipes of a run that begin alike."""

from collections.abc import Iterable
from importlib.util import find_spec

from recordings.gallery import scripts
from recordings.key import first_imports
from recordings.key.first_imports import Modules
from recordings.library import Library
from recordings.machine.reads import INSTALLED
from recordings.model import Recipe


def shared(library: Library, recipes: Iterable[Recipe]) -> dict[str, Modules]:
    """Return what is imported beforehand for each recipe, by page, if anything is.

    Args:
        library: The project's; its `conf.py` may say what.
        recipes: Those that may be forked.
    """
    if library.settings.preload is not None:
        given = {each.page: library.preload(each) for each in recipes}
        return {page: modules for page, modules in given.items() if modules}
    if not library.imports_alike:
        return {}
    code = {each.page: each.blocks for each in recipes if each.kind == "recipe"}
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
