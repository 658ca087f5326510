"""Tell if two scripts are the same for Python, Sphinx-Gallery and other tools."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from typing import TYPE_CHECKING, Final

from translation.messages.comments import parsed, prose_in
from translation.messages.script_parts import (
    PRAGMA,
    SETTING,
    UnreadableScript,
    parts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LAYOUT: Final = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.ENCODING})


def difference(script: str, other: str) -> str | None:
    """Say what of a script is not the same in another, comments and prose aside.

    The syntax trees must be equal, but for the docstring. So must be what stands in
    which block, the settings of the recipe but for their prose, and the comments that
    are written for tools, such as `# noqa`.

    Args:
        script: A script that can be read.
        other: What has become of it.

    Returns:
        What differs, in words; None if nothing does.
    """
    try:
        parts(other)
    except UnreadableScript as error:
        return f"it is no longer a script: {error}"
    if _tree(script) != _tree(other):
        return "its syntax tree is another one"
    if _blocks(script) != _blocks(other):
        return "its blocks of code and text are divided otherwise"
    if _settings(script) != _settings(other):
        return "its settings are other ones"
    if _pragmas(script) != _pragmas(other):
        return "its comments for tools are other ones"
    return None


def _tree(script: str) -> str:
    """Write the syntax tree of a script, less its docstring."""
    with warnings.catch_warnings(action="ignore"):
        tree = ast.parse(script)
    return ast.dump(ast.Module(tree.body[1:], []))


def _blocks(script: str) -> list[str]:
    """Return the code's tokens, with a mark where each block ends."""
    splits = set(parts(script).splits)
    tokens = list(tokenize.generate_tokens(io.StringIO(script).readline))
    docstring = next(n for n, t in enumerate(tokens) if t.type == tokenize.STRING)
    result = []
    for token in tokens[docstring + 1 :]:
        if token.type == tokenize.COMMENT and token.start[0] in splits:
            result.append("split")
        elif token.type not in _LAYOUT:
            result.append(f"{token.type} {token.string}")
    return result


def _settings(script: str) -> list[tuple[str, str | None]]:
    """Return the settings of a recipe, with a gap for each text that is prose."""
    end = parts(script).docstring_end
    return [
        (match[1], match[2] and _without_prose(match[1], match[2]))
        for match in SETTING.finditer(script, end)
    ]


def _without_prose(name: str, written: str) -> str:
    value = parsed(written)
    if value is None:
        return written
    for node in prose_in(name, value):
        node.value = ""
    return ast.dump(value)


def _pragmas(script: str) -> list[str]:
    return list(_found_pragmas(script))


def _found_pragmas(script: str) -> Iterator[str]:
    for comment in parts(script).comments:
        if match := PRAGMA.search(comment.text):
            yield comment.text[match.start() :]
