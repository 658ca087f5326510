"""Functions of the project that Sphinx-Gallery calls as a recipe runs."""

import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sphinx_gallery import gen_gallery, gen_rst

from recordings.key import conf_code

SETTINGS = ("image_scrapers", "reset_modules", "reset_argv")


def names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what these settings are, for the key."""
    named = {
        key: [
            _whole_name(each)
            for each in listed(settings[key])
            # A default is named as this version of Sphinx-Gallery names it.
            if not isinstance(each, gen_gallery.DefaultResetArgv)
        ]
        for key in SETTINGS
    }
    return {**named, "reset_modules_order": settings["reset_modules_order"]}


def name(hook: object) -> str:
    """Name a function, or an object that can be called, as its code does."""
    hook = _function(hook)
    if isinstance(hook, str):
        return hook
    return str(getattr(hook, "__qualname__", type(hook).__qualname__))


def _function(hook: Any) -> Any:
    """Return what a hook calls, if some of its arguments are given beforehand."""
    while isinstance(hook, partial):
        hook = hook.func
    return hook


def _whole_name(hook: object) -> str:
    module = getattr(_function(hook), "__module__", None)
    # What `conf.py` defines is in no module.
    return name(hook) if module in {None, "builtins"} else f"{module}.{name(hook)}"


def files(settings: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """Yield the name of each, and the file that its code is in."""
    for key in SETTINGS:
        for hook in gen_rst._get_callables(settings, key):
            for file in _files(hook):
                yield name(hook), file


def _files(hook: Any) -> Iterator[Path]:
    hook = inspect.unwrap(_function(hook))
    call = hook if inspect.isroutine(hook) else type(hook).__call__
    if code := getattr(call, "__code__", None):
        yield Path(code.co_filename)
    # A class may inherit what is called from another file.
    module = sys.modules.get(type(hook).__module__)
    if file := getattr(module, "__file__", None):
        yield Path(file)


def listed(value: Any) -> list[Any]:
    """Return what a setting lists; it may also be one alone."""
    return [*value] if isinstance(value, list | tuple) else [value]


def ingredients(settings: Mapping[str, Any], conf: Path) -> dict[str, Any]:
    """Return what recordings depend on by them: their names, and what is in `conf.py`.

    Args:
        settings: Sphinx-Gallery's.
        conf: The file `conf.py`.
    """
    own = {
        f"code of {name} in conf.py": conf_code.definition(conf, name)
        for name, file in files(settings)
        if file.resolve() == conf.resolve()
    }
    return {**names(settings), **own, **conf_code.modules(conf)}
