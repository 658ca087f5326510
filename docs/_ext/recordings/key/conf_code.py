"""What code in a `conf.py` changes of a run: the environment, and functions of its own.

The file as a whole does not count: most of it is about pages.
"""

import ast
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from recordings import syntax_tree
from recordings.machine import spawn
from recordings.machine.portable import make_portable


def environment(conf: Path) -> dict[str, str | None]:
    """Return the environment variables that a `conf.py` has set, as settings.

    Not those that it appends to: `PATH` is another one on each machine.
    """
    portable = make_portable(conf.parent)
    fixed = spawn.environment({})
    found = {}
    for name, is_default in _set(_parse(conf)):
        if not (is_default and name in fixed):
            value = os.environ.get(name)
            text = None if value is None else portable(value)
            found[f"environment variable {name}"] = text
    return found


def _set(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """Name the variables that code sets or deletes, and say if that is a default."""
    for node in _run_at_once(tree):
        if isinstance(node, ast.Call):
            attribute = getattr(node.func, "attr", "")
            names = _set_by_call(node, attribute)
            yield from ((name, attribute == "setdefault") for name in names)
        else:
            yield from ((name, False) for name in _set_by_statement(node))


def _run_at_once(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a module's code, but for what is in functions."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            todo += ast.iter_child_nodes(node)


def _set_by_statement(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Assign(targets=targets, value=value) if not _asks(value):
            yield from (name for each in targets for name in _key(each))
        case ast.Delete(targets=targets):
            yield from (name for each in targets for name in _key(each))
        case ast.AugAssign(target=target, op=ast.BitOr(), value=value):
            if _is_environ(target):
                yield from _keys(value)


def _set_by_call(call: ast.Call, attribute: str) -> Iterator[str]:
    if attribute in {"putenv", "unsetenv"}:
        yield from _texts(call.args[:1])
    elif not _is_environ(getattr(call.func, "value", call)):
        return
    elif attribute in {"setdefault", "pop"}:
        yield from _texts(call.args[:1])
    elif attribute == "update":
        yield from (name for each in call.args for name in _keys(each))
        yield from (each.arg for each in call.keywords if each.arg)


def _asks(value: ast.AST) -> bool:
    return any(map(_is_environ, ast.walk(value)))


def _is_environ(node: ast.AST) -> bool:
    return "environ" in {getattr(node, "attr", ""), getattr(node, "id", "")}


def _key(target: ast.AST) -> Iterator[str]:
    if isinstance(target, ast.Subscript) and _is_environ(target.value):
        yield from _texts([target.slice])


def _keys(value: ast.AST) -> Iterator[str]:
    match value:
        case ast.Dict(keys=keys):
            yield from _texts(keys)
        case ast.Call(func=ast.Name(id="dict"), keywords=keywords):
            yield from (each.arg for each in keywords if each.arg)


def _texts(nodes: list[ast.expr] | list[ast.expr | None]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def definition(conf: Path, name: str) -> str:
    """Digest what a `conf.py` binds to a name, and to the names that this uses."""
    todo, seen, parts = [name], {name}, []
    statements = _parse(conf).body
    while todo:
        wanted = todo.pop()
        for statement in statements:
            if wanted in _bound(statement):
                parts.append(syntax_tree.digest(statement))
                used = {it.id for it in ast.walk(statement) if isinstance(it, ast.Name)}
                todo += sorted(used - seen)
                seen |= used
    return hashlib.sha256(" ".join(sorted({*parts})).encode()).hexdigest()


def _bound(statement: ast.stmt) -> set[str]:
    """Name what a statement of a module binds; what is in a function is not meant."""
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {(it.asname or it.name).partition(".")[0] for it in names}
    return {
        each.id
        for each in ast.walk(statement)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }


def _parse(conf: Path) -> ast.Module:
    try:
        return syntax_tree.parse(conf.read_bytes())
    except (OSError, *syntax_tree.PARSE_ERRORS):
        return ast.Module(body=[], type_ignores=[])
