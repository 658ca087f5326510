"""What code in a `conf.py` changes of a run.

That is the environment, what it sets in other modules, such as NumPy's print options,
and functions of its own.

The file as a whole does not count: most of it is about pages. Of the environment not
the values count but the code that makes them: a value may be secret, or another one on
each machine, or in each run.
"""

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from recordings import syntax_tree
from recordings.machine import spawn

Statements = Mapping[ast.stmt, set[str]]
"""A module's statements, each with the names that it binds."""
SETTING_UP = {"decimal", "locale", "random", "warnings"}
"""Modules of the standard library in which something can be set for recipes."""
PAGES = ("docutils", "sphinx")
"""How packages are named that make pages."""
DIGITS = 12
"""Of a digest."""


def environment(conf: Path) -> dict[str, str]:
    """Digest how a `conf.py` sets each environment variable, as settings."""
    statements = _read(conf)
    return {
        f"environment variable {name}": _digest([*values, *_bind(values, statements)])
        for name, values in _values(statements).items()
    }


def modules(conf: Path) -> dict[str, str]:
    """Digest how a `conf.py` sets each thing in another module, as settings."""
    statements = _read(conf)
    return {
        f"{name} in conf.py": _digest([*nodes, *_bind(nodes, statements)])
        for name, nodes in _set_in_modules(statements).items()
    }


def code_that_sets(conf: Path) -> list[ast.AST]:
    """Return the code that `environment` and `modules` digest."""
    statements = _read(conf)
    found = (*_values(statements).values(), *_set_in_modules(statements).values())
    nodes = [each for them in found for each in them]
    return [*nodes, *_bind(nodes, statements)]


def definition(conf: Path, name: str) -> str:
    """Digest what `code` returns."""
    return _digest(code(conf, name))


def code(conf: Path, name: str) -> list[ast.AST]:
    """Return the code in a `conf.py` that makes a function, and what that uses.

    Args:
        conf: The file.
        name: The function's qualified name. If that doesn't tell where it is from, as
            a lambda's doesn't, all code counts.
    """
    statements, own = _read(conf), name.partition(".")[0]
    if not any(own in names for names in statements.values()):
        return [*statements]
    uses = [it for each in statements for it in _run_at_once(each) if _takes(it, own)]
    return [*uses, *_bind([ast.Name(own), *uses], statements)]


def _takes(node: ast.AST, name: str) -> bool:
    """Tell whether code makes something of a function: a call, or a decorator."""
    match node:
        case ast.Call(func=function, args=arguments):
            parts = [function, *arguments]
        case ast.FunctionDef(decorator_list=decorators):
            parts = decorators
        case _:
            return False
    return any(isinstance(each, ast.Name) and each.id == name for each in parts)


def _bind(nodes: Iterable[ast.AST], statements: Statements) -> list[ast.AST]:
    """Return the statements that bind what some code uses, and what they use."""
    found: set[ast.AST] = set()
    todo, seen = [*nodes], set[str]()
    while todo:
        used = {it.id for it in ast.walk(todo.pop()) if isinstance(it, ast.Name)} - seen
        seen |= used
        new = {each for each, names in statements.items() if names & used} - found
        found |= new
        todo += new
    return [each for each in statements if each in found]


def _digest(nodes: Iterable[ast.AST]) -> str:
    text = " ".join(map(syntax_tree.digest, nodes))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _values(statements: Statements) -> dict[str, list[ast.AST]]:
    """Return the code of what each environment variable is set to, in order."""
    fixed = spawn.environment({})
    found: dict[str, list[ast.AST]] = {}
    for node in (it for each in statements for it in _run_at_once(each)):
        is_call = isinstance(node, ast.Call)
        for name, value in _set_by_call(node) if is_call else _set_by_statement(node):
            if not (name in fixed and _is_default(node)):
                found.setdefault(name, []).append(value)
    return found


def _set_in_modules(statements: Statements) -> dict[str, list[ast.AST]]:
    """Return the code that sets each thing in another module, in order.

    That is a call for nothing else, be it of a function in `conf.py`, or an assignment.
    """
    nodes = [it for each in statements for it in _run_at_once(each)]
    able = {name for each in nodes for name in _able(each)}
    found: dict[str, list[ast.AST]] = {}
    for node in nodes:
        match node:
            case ast.Expr(value=ast.Call(func=target)):
                targets = [target]
            case ast.Assign(targets=several) | ast.Delete(targets=several):
                targets = [each for each in several if not isinstance(each, ast.Name)]
            case ast.AugAssign(target=ast.Attribute() | ast.Subscript() as target):
                targets = [target]
            case _:
                targets = []
        for target in targets:
            if _root(target) in able:
                found.setdefault(ast.unparse(target), []).append(node)
    return found


def _able(node: ast.AST) -> Iterator[str]:
    """Name what a node binds, if that can set something in another module."""
    match node:
        case ast.Import(names=names):
            found = [(each.name, each) for each in names]
        case ast.ImportFrom(module=str(module), names=names):
            found = [(module, each) for each in names]
        case ast.FunctionDef(name=name):
            yield name
            return
        case _:
            return
    for module, each in found:
        package = module.partition(".")[0]
        unable = sys.stdlib_module_names - SETTING_UP
        if package not in unable and not package.startswith(PAGES):
            yield each.asname or each.name.partition(".")[0]


def _root(node: ast.AST) -> str:
    """Return the name with which code begins that reaches into something."""
    while not isinstance(node, ast.Name):
        match node:
            case ast.Attribute(value=value) | ast.Subscript(value=value):
                node = value
            case ast.Call(func=value):
                node = value
            case _:
                return ""
    return node.id


def _is_default(node: ast.AST) -> bool:
    return getattr(getattr(node, "func", node), "attr", "") == "setdefault"


def _run_at_once(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a module's code, but for what is in functions."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            todo += reversed([*ast.iter_child_nodes(node)])


Set = Iterator[tuple[str, ast.AST]]
"""Names of variables, each with what it is set to."""
DELETED = ast.Constant(None)


def _set_by_statement(node: ast.AST) -> Set:
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((name, value) for each in targets for name in _key(each))
        case ast.Delete(targets=targets):
            yield from ((name, DELETED) for each in targets for name in _key(each))
        case ast.AugAssign(target=target, op=ast.BitOr(), value=value) if _is_environ(
            target
        ):
            yield from _items(value)
        case ast.AugAssign(target=target, value=value):
            yield from ((name, value) for name in _key(target))


def _set_by_call(node: ast.AST) -> Set:
    match node:
        case ast.Call(func=ast.Attribute(attr="putenv"), args=[key, value]):
            yield from ((name, value) for name in _texts([key]))
        case ast.Call(func=ast.Attribute(attr="unsetenv"), args=[key]):
            yield from ((name, DELETED) for name in _texts([key]))
        case ast.Call(func=ast.Attribute(value=of)) if not _is_environ(of):
            return
        case ast.Call(func=ast.Attribute(attr="setdefault"), args=[key, value]):
            yield from ((name, value) for name in _texts([key]))
        case ast.Call(func=ast.Attribute(attr="pop"), args=[key, *_]):
            yield from ((name, DELETED) for name in _texts([key]))
        case ast.Call(func=ast.Attribute(attr="update"), args=values, keywords=words):
            yield from (item for each in values for item in _items(each))
            yield from ((it.arg, it.value) for it in words if it.arg)


def _is_environ(node: ast.AST) -> bool:
    return "environ" in {getattr(node, "attr", ""), getattr(node, "id", "")}


def _key(target: ast.AST) -> Iterator[str]:
    if isinstance(target, ast.Subscript) and _is_environ(target.value):
        yield from _texts([target.slice])


def _items(value: ast.AST) -> Set:
    match value:
        case ast.Dict(keys=keys, values=values):
            for key, each in zip(keys, values, strict=True):
                yield from ((name, each) for name in _texts([key]))
        case ast.Call(func=ast.Name(id="dict"), keywords=words):
            yield from ((it.arg, it.value) for it in words if it.arg)


def _texts(nodes: Iterable[ast.AST | None]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _bound(statement: ast.stmt) -> set[str]:
    """Name what a statement of a module binds; what is in a class is not meant."""
    if isinstance(statement, ast.ClassDef):
        return {statement.name}
    found = set()
    for node in _run_at_once(statement):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.alias(name=name, asname=other):
                found.add((other or name).partition(".")[0])
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
    return found


def _read(conf: Path) -> Statements:
    try:
        return _statements(conf.read_bytes())
    except (OSError, *syntax_tree.PARSE_ERRORS):
        return {}


@lru_cache(maxsize=4)  # a recipe's process asks several times
def _statements(source: bytes) -> Statements:
    tree = syntax_tree.parse(source)
    return {it: _bound(it) for each in tree.body for it in _apart(each)}


def _apart(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Split an import of several modules: one may be used without the others."""
    match statement:
        case ast.Import(names=names):
            yield from (ast.Import([each]) for each in names)
        case _:
            yield statement
