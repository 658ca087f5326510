"""Digest Python code by its syntax tree, alike on every Python version.

Comments, blank lines, quotes, parentheses and line breaks are not in the tree, so they
don't count. `ast.dump` won't do: its text changes between versions. What is written
here instead is a node's class and its fields by name, less the fields that are empty
(a newer Python adds fields, such as `type_params`, and leaves them empty in older
code). It needs only the standard library, so any interpreter can run it.
"""

import ast
import hashlib
import warnings
from collections.abc import Iterable, Iterator
from functools import cache

PARSE_ERRORS = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What `parse` raises for code that Python can't read; which one varies by version."""

# `u"…"`, type comments (never read here), and whether a name is loaded or stored, which
# its place in the tree says already.
_WITHOUT_MEANING = frozenset({"kind", "type_comment", "type_ignores", "ctx"})
_STRINGS_WITH_FIELDS = frozenset({"JoinedStr", "TemplateStr"})


def parse(source: str | bytes) -> ast.Module:
    """Parse Python code; what Python warns of in it is for those who run it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def digest(tree: ast.AST, *, with_lines: bool = False) -> str:
    """Return the SHA-256 of a syntax tree.

    Args:
        tree: What `parse` gave.
        with_lines: Let the line of each part count too.
    """
    text = canonical(tree)
    if with_lines:
        text += repr(list(_lines(tree)))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def are_equal(one: str, other: str) -> bool:
    """Tell whether two texts are the same code, whatever their comments and layout."""
    if one.rstrip().lstrip("\n") == other.rstrip().lstrip("\n"):
        return True  # as a rule; comparing trees takes much longer
    try:
        trees = [parse(text) for text in (one, other)]
    except PARSE_ERRORS:
        return False
    return digest(trees[0]) == digest(trees[1])


def canonical(tree: ast.AST) -> str:
    """Write a syntax tree as an ASCII text; equal trees give equal texts.

    It doesn't recurse: a sum of a thousand terms is a tree a thousand nodes deep.
    """
    pieces: list[str] = []
    todo: list[ast.AST | str] = [tree]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            pieces.append(item)
        else:
            todo.extend(reversed(list(_parts(item))))
    return "".join(pieces)


def _parts(node: ast.AST) -> Iterator[ast.AST | str]:
    """Yield a node's text in order, with its child nodes where their text belongs."""
    name = type(node).__name__
    yield f"{name}("
    for field in _fields(name):
        value = getattr(node, field, None)
        if value is None or value == []:
            continue
        yield f"{field}="
        if isinstance(value, list):
            yield "["
            for item in _joined(value) if name in _STRINGS_WITH_FIELDS else value:
                yield item if isinstance(item, ast.AST) else _leaf(item)
                yield ","
            yield "]"
        else:
            yield value if isinstance(value, ast.AST) else _leaf(value)
        yield ";"
    yield ")"


@cache
def _fields(name: str) -> list[str]:
    """Name the fields of a class of nodes that have a meaning, in a fixed order."""
    return sorted({*getattr(ast, name)._fields} - _WITHOUT_MEANING)


def _joined(values: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Join the constant parts of an f-string that stand side by side; drop empty ones.

    From Python 3.12 on `{{` ends a part; before, it doesn't.
    """
    text = ""
    for value in values:
        if isinstance(value, ast.Constant):
            text += str(value.value)
            continue
        if text:
            yield ast.Constant(text)
        text = ""
        yield value
    if text:
        yield ast.Constant(text)


def _leaf(value: object) -> str:
    """Write a constant or an identifier with its type."""
    # Python refuses to write huge integers in decimal.
    text = hex(value) if type(value) is int else ascii(value)
    return f"{type(value).__name__}:{text}"


def _lines(tree: ast.AST) -> Iterator[int]:
    """Yield the line of each node, but not of those inside an f-string.

    Those get other lines from Python 3.12 on.
    """
    todo = [tree]
    while todo:
        node = todo.pop()
        line = getattr(node, "lineno", None)
        if line is not None:
            yield line
        if type(node).__name__ not in _STRINGS_WITH_FIELDS:
            todo.extend(ast.iter_child_nodes(node))
