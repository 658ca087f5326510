"""Read in-file settings of a recipe, which may be anything that a person typed."""

import math
from collections.abc import Mapping
from typing import Any

GPU = "gpu"
"""What a recipe needs that runs on a GPU only."""


def number(settings: Mapping[str, Any], name: str, default: float) -> float:
    """Return a setting that is a number above 0; where it is not given, the default.

    Raises:
        ValueError: It is not.
    """
    if name not in settings:
        return default
    value = settings[name]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value < math.inf:
        raise ValueError(
            f"sphinx_gallery_{name} must be a number above 0, not {value!r}"
        )
    return float(value)


def whole_number(settings: Mapping[str, Any], name: str, default: int) -> int:
    """Return a setting that is a positive integer.

    Raises:
        ValueError: It is not.
    """
    value = settings.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(
            f"sphinx_gallery_{name} must be a positive integer, not {value!r}"
        )
    return value


def names(settings: Mapping[str, Any], name: str) -> list[str]:
    """Return a setting that is a list of strings, or one string.

    Raises:
        ValueError: It is not.
    """
    value = settings.get(name, [])
    found = [value] if isinstance(value, str) else value
    if isinstance(found, list | tuple) and all(isinstance(each, str) for each in found):
        return [*found]
    raise ValueError(f"sphinx_gallery_{name} must be a list of strings, not {value!r}")
