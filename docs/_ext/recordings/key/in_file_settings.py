"""Read in-file settings of a recipe, where a hand may have written anything."""

import math
from collections.abc import Mapping
from typing import Any


def number(settings: Mapping[str, Any], name: str, default: float) -> float:
    """Read a setting that is a number above 0.

    Raises:
        ValueError: It is not.
    """
    if name not in settings:
        return default
    value = settings[name]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value < math.inf:
        raise ValueError(f"its sphinx_gallery_{name} is {value!r}; a number above 0")
    return float(value)


def whole_number(settings: Mapping[str, Any], name: str, default: int) -> int:
    """Read a setting that is a whole number above 0.

    Raises:
        ValueError: It is not.
    """
    value = settings.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(
            f"its sphinx_gallery_{name} is {value!r}; a whole number above 0"
        )
    return value


def names(settings: Mapping[str, Any], name: str) -> list[str]:
    """Read a setting that is a list of strings, or one string.

    Raises:
        ValueError: It is not.
    """
    value = settings.get(name, [])
    found = [value] if isinstance(value, str) else value
    if isinstance(found, list | tuple) and all(isinstance(each, str) for each in found):
        return [*found]
    raise ValueError(f"sphinx_gallery_{name} must be a list of strings, not {value!r}")
