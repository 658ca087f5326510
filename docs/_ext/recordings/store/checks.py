"""Make sure that a recording can be shown: its fields, its pictures and its files."""

import math
from collections.abc import Iterable
from functools import cache
from pathlib import PurePosixPath
from reprlib import repr as shortened
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from recordings.model import FILE, CodeBlock
from recordings.store import images
from recordings.texts import has_half

DEEPEST = 40
"""Lists and objects in each other: Python can follow a few hundred."""
LARGEST_INTEGER = 2**63
"""No number of bytes or of threads comes near."""


def check_depth(value: Any) -> None:
    """Make sure that Python can walk through a value as JSON gives it.

    Raises:
        ValueError: It can't.
    """
    level = [value]
    for _ in range(DEEPEST):
        children = (each for parent in level for each in _children(parent))
        level = [each for each in children if isinstance(each, dict | list)]
        if not level:
            return
    raise ValueError("its values are nested too deeply")


def _children(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def check_characters(text: str, value: Any) -> None:
    """Make sure that a file in UTF-8 can hold each text in a value.

    Args:
        text: The JSON that gave it; only an escape can be half of a character.
        value: The value.

    Raises:
        ValueError: One has half of a character (a lone surrogate) in it.
    """
    if r"\ud" not in text and r"\uD" not in text:
        return
    values = [value]
    while values:
        each = values.pop()
        if isinstance(each, str) and has_half(each):
            raise ValueError("a text has half of a character in it (a lone surrogate)")
        if isinstance(each, dict | list):
            values.extend(_children(each))
        if isinstance(each, dict):
            values.extend(each)  # its keys


def check_types(part: Any) -> None:
    """Make sure that each field holds what its type says.

    Raises:
        TypeError: One does not.
    """
    for name, kinds in _kinds(part.__class__).items():
        value = getattr(part, name)
        # JSON knows no such numbers, but Python reads them.
        endless = isinstance(value, float) and not math.isfinite(value)
        huge = isinstance(value, int) and abs(value) >= LARGEST_INTEGER
        if endless or huge or not isinstance(value, kinds):
            raise TypeError(f"{name} can't be {shortened(value)}")
        _check_items(part.__class__, name, value)


def _check_items(of: type, name: str, value: Any) -> None:
    kind = _item_kinds(of).get(name)
    if kind and isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            if not isinstance(each, kind):
                raise TypeError(f"{name} can't hold {shortened(each)}")


@cache
def _item_kinds(of: type) -> dict[str, type]:
    """Return the type of what is in each field of a class that holds plain values."""
    return {
        name: kind
        for name, hint in get_type_hints(of).items()
        for option in (get_args(hint) if isinstance(hint, UnionType) else (hint,))
        for kind in [it for it in get_args(option) if it is not Ellipsis][-1:]
        if kind in {str, int}
    }


@cache
def _kinds(of: type) -> dict[str, tuple[type, ...]]:
    """Return the types of each field of a class, without what is in them."""
    found = {}
    for name, hint in get_type_hints(of).items():
        options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        kinds = [
            (int, float) if it is float else (get_origin(it) or it,) for it in options
        ]
        found[name] = tuple(each for several in kinds for each in several)
    return found


def check_files(block: CodeBlock, *, drawn: bool = True) -> None:
    """Make sure that each picture can be shown, and each other file be written.

    Args:
        block: What a code block gave.
        drawn: Look into pictures, too.

    Raises:
        TypeError: A text alternative or a name is no text.
        ValueError: A picture is broken, or a file is one outside of the site.
    """
    for output in block.outputs:
        if FILE in output.get("data", {}):
            images.to_bytes(FILE, output["data"][FILE])
            name = PurePosixPath(output["metadata"]["file"])
            if name.is_absolute() or ".." in name.parts:
                raise ValueError(f"a file can't be written to {name}")
        for kind in output.get("data", {}).keys() & images.SUFFIXES.keys():
            if drawn:
                images.check(kind, output["data"][kind])
            alternative = output["metadata"].get("alt", "")
            if not isinstance(alternative, str):
                raise TypeError(f"a text alternative can't be {alternative!r}")
