"""Import what a project's recipes begin with before any recipe's clock starts."""

import ast
import importlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress

from recordings import syntax_tree
from recordings.key.ingredients import is_code
from recordings.model import Block


def come_first(blocks: Iterable[Block], modules: Iterable[str]) -> bool:
    """Tell whether a recipe imports the packages of modules before anything else.

    Only the standard library may come between: other modules might set what they read.
    """
    wanted = {_package(each) for each in modules}
    found: set[str] = set()
    for name in map(_package, _imported(blocks)):
        if name not in wanted | sys.stdlib_module_names:
            break
        found.add(name)
    return found >= wanted


def preload(modules: Iterable[str]) -> None:
    """Import modules; one that can't be imported fails in its recipe."""
    for name in modules:
        with suppress(Exception, SystemExit):
            importlib.import_module(name)


def _package(module: str) -> str:
    return module.partition(".")[0]


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
