"""Which modules recipes import before they do anything else, and may share."""

import ast
import importlib
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import takewhile

from recordings import syntax_tree
from recordings.key.ingredients import is_code
from recordings.machine.garbage import uncollected
from recordings.model import Block

Modules = tuple[str, ...]
"""In the order in which they are imported; `a:b` is what `from a import b` takes.

A package may import its parts only when they are taken.
"""
MOST = 8
"""Processes that wait with imports made, each of which holds memory."""


def come_first(
    blocks: Iterable[Block], modules: Iterable[str], known: Collection[str] = ()
) -> bool:
    """Tell whether a recipe imports the packages of modules before anything else.

    Only the standard library, and what every recipe's process has imported, may come
    between: other modules might set what they read.

    Args:
        blocks: The recipe's.
        modules: Those that are to come first.
        known: Packages that every recipe's process has imported.
    """
    wanted = {_package(each) for each in modules}
    found: set[str] = set()
    for name in map(_package, _imported(blocks)):
        if name not in wanted | sys.stdlib_module_names | {*known}:
            break
        found.add(name)
    return found | {*known} >= wanted


def beginning(
    blocks: Iterable[Block], installed: Collection[str], known: Collection[str]
) -> Modules:
    """Name what a recipe imports first, less the standard library, in its order.

    Args:
        blocks: The recipe's.
        installed: Packages that may be imported beforehand; it ends at any other.
        known: Packages that every recipe's process has imported.
    """
    others = (
        each
        for each in _imported(blocks)
        if _package(each) not in sys.stdlib_module_names | {*known}
    )
    return tuple(dict.fromkeys(takewhile(lambda it: _package(it) in installed, others)))


def packages(blocks: Iterable[Block]) -> set[str]:
    """Name the packages of what a recipe imports first."""
    return {*map(_package, _imported(blocks))}


def shared(beginnings: Mapping[str, Modules]) -> dict[str, Modules]:
    """Return the longest part of each beginning that another has, too, if any has.

    Args:
        beginnings: What recipes import first, by page.

    Examples:
        >>> shared({"a": ("x", "y"), "b": ("x", "z"), "c": ("y", "x")})
        {'a': ('x',), 'b': ('x',)}
    """
    counts = Counter(part for each in beginnings.values() for part in _parts(each))
    several = {part for part, count in counts.items() if count > 1}
    uses = Counter(_longest(several, beginnings).values())
    return _longest({part for part, _ in uses.most_common(MOST)}, beginnings)


def _longest(
    parts: Collection[Modules], beginnings: Mapping[str, Modules]
) -> dict[str, Modules]:
    """Return the longest part of each beginning that is among some, if any is."""
    found = {
        page: next((it for it in _parts(each) if it in parts), None)
        for page, each in beginnings.items()
    }
    return {page: each for page, each in found.items() if each}


def _parts(modules: Modules) -> Iterator[Modules]:
    """Yield all beginnings of a tuple, from the longest to that of one."""
    return (modules[:length] for length in range(len(modules), 0, -1))


def preload(modules: Iterable[str]) -> None:
    """Import modules; one that can't be imported fails in its recipe."""
    with uncollected():
        for name in modules:
            with suppress(Exception, SystemExit):
                importlib.import_module(name)


def import_all(modules: Iterable[str]) -> None:
    """Import modules.

    Raises:
        BaseException: Whatever one raises.
    """
    with uncollected():
        for name in modules:
            module, _, part = name.partition(":")
            found = importlib.import_module(module)
            if part and not hasattr(found, part):
                importlib.import_module(f"{module}.{part}")


def _package(module: str) -> str:
    return module.partition(":")[0].partition(".")[0]


def _imported(blocks: Iterable[Block]) -> Iterator[str]:
    """Name what code imports, up to the first statement that does something else."""
    for block in filter(is_code, blocks):
        try:
            statements = syntax_tree.parse(block.content).body
        except syntax_tree.PARSE_ERRORS:
            return
        for statement in statements:
            match statement:
                case ast.Import():
                    yield from (alias.name for alias in statement.names)
                case ast.ImportFrom(module=str(name), names=parts, level=0):
                    yield name
                    taken = (each.name for each in parts if each.name != "*")
                    yield from (f"{name}:{each}" for each in taken)
                case ast.Expr(value=ast.Constant()):
                    pass  # a text
                case _:
                    return
