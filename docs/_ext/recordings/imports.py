"""Import the packages that recipes import, before any recipe's clock runs.

Only packages whose versions are pinned count: importing them takes seconds, and is the
same in every recipe. What they print as they are imported is no recipe's output.
"""

import ast
import importlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from importlib import metadata
from io import StringIO

from recordings import syntax_tree
from recordings.key import Block, is_code


def modules(blocks: Iterable[Block], packages: Iterable[str]) -> tuple[str, ...]:
    """Name the modules of some packages that a recipe's code imports at its top level.

    Args:
        blocks: The recipe's.
        packages: As the package index names them.
    """
    tops = {name for package in packages for name in _tops(package)}
    return tuple(sorted({*_imported(blocks, tops)}))


def preload(names: Iterable[str]) -> None:
    """Import modules; one that can't be imported is the business of its recipe."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        for name in names:
            with suppress(Exception, SystemExit):
                importlib.import_module(name)


def _tops(package: str) -> list[str]:
    """Name the top-level modules of a package; none if it isn't installed."""
    try:
        declared = metadata.distribution(package).read_text("top_level.txt")
    except metadata.PackageNotFoundError:
        return []
    return declared.split() if declared else [package.replace("-", "_")]


def _imported(blocks: Iterable[Block], tops: Collection[str]) -> Iterator[str]:
    for block in filter(is_code, blocks):
        try:
            statements = syntax_tree.parse(block.content).body
        except syntax_tree.PARSE_ERRORS:
            continue
        for statement in statements:
            match statement:
                case ast.Import():
                    names = [alias.name for alias in statement.names]
                case ast.ImportFrom(module=str(name), level=0):
                    names = [name]
                case _:
                    continue
            yield from (name for name in names if name.partition(".")[0] in tops)
