"""What a block of code asserts: the claims of a page, and the code without them."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recordings import syntax_tree


@dataclass(frozen=True, slots=True)
class Claim:
    """One assertion."""

    words: str
    """Its message, or nothing."""
    code: str
    """What has to be true."""


def split(code: str) -> tuple[str, str]:
    r"""Split code into what a reader reads, and the assertions that it ends with.

    Examples:
        >>> split("x = 1\nprint(x)\n\nassert x == 1\nif x:\n    assert x > 0")
        ('x = 1\nprint(x)', 'assert x == 1\nif x:\n    assert x > 0')
        >>> split("assert x\nprint(x)")
        ('assert x\nprint(x)', '')
    """
    try:
        statements = syntax_tree.parse(code).body
    except syntax_tree.PARSE_ERRORS:
        return code, ""
    first = None
    for statement in reversed(statements):
        if not _is_claim(statement):
            break
        first = statement.lineno - 1
    if first is None:
        return code, ""
    lines = code.split("\n")
    while first and lines[first - 1].startswith("#"):  # a comment on what is claimed
        first -= 1
    return "\n".join(lines[:first]).rstrip(), "\n".join(lines[first:]).strip("\n")


def _is_claim(statement: ast.stmt) -> bool:
    """Tell whether a statement only asserts; within it, names may be given to parts."""
    match statement:
        case ast.Assert():
            return True
        case ast.If(body=body, orelse=rest) | ast.For(body=body, orelse=rest):
            parts = [
                each for each in (*body, *rest) if not isinstance(each, ast.Assign)
            ]
            return bool(parts) and all(map(_is_claim, parts))
    return False


def claims(code: str) -> Iterator[Claim]:
    """Yield what code asserts, in order."""
    for node in _asserts(syntax_tree.parse(code).body):
        message = node.msg.value if isinstance(node.msg, ast.Constant) else ""
        yield Claim(str(message), ast.get_source_segment(code, node.test) or "")


def _asserts(statements: Sequence[ast.stmt]) -> Iterator[ast.Assert]:
    for statement in statements:
        if isinstance(statement, ast.Assert):
            yield statement
        elif isinstance(statement, ast.If | ast.For):
            yield from _asserts([*statement.body, *statement.orelse])
