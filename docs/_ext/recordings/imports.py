"""Import what a project's recipes begin with, before any recipe's clock starts."""

import ast
import importlib
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress

from recordings import syntax_tree
from recordings.key import Block, is_code


def come_first(blocks: Iterable[Block], modules: Collection[str]) -> bool:
    """Tell whether a recipe imports modules before it does anything else.

    Then it makes no difference to the recipe that they are there when it begins. Other
    modules of the standard library may come between; what else it imports might set
    something that the modules read.
    """
    known = {each.partition(".")[0] for each in modules} | sys.stdlib_module_names
    found: set[str] = set()
    for name in _imported(blocks):
        if name.partition(".")[0] not in known:
            break
        found.add(name)
    return found.issuperset(modules)


def preload(modules: Iterable[str]) -> None:
    """Import modules; one that can't be imported is the business of its recipe."""
    for name in modules:
        with suppress(Exception, SystemExit):
            importlib.import_module(name)


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
                case ast.ImportFrom(module=str(name), level=0):
                    yield name
                case ast.Expr(value=ast.Constant()):
                    pass  # a text
                case _:
                    return
