"""Compare scripts as Python, Sphinx-Gallery and other tools read them."""

import ast
import tokenize
from collections.abc import Callable

from recordings import syntax_tree
from translation.messages.comments import parsed, prose_in
from translation.messages.script_parts import PRAGMA, SETTING, UnreadableScript, parts

_LAYOUT = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.ENCODING})


def difference(script: str, other: str) -> str | None:
    """Return what differs between two scripts, comments and prose aside.

    The syntax trees must be equal, but for the docstring. So must be what is in which
    block, the settings of the recipe but for their prose, and the comments that are
    written for tools, such as `# noqa`.

    Args:
        script: A script that can be read.
        other: The script that it is compared with.

    Returns:
        What differs, in words; None if nothing does.
    """
    try:
        parts(other)
    except UnreadableScript as error:
        return f"it is no longer a script: {error}"
    for name, part in _PARTS.items():
        if part(script) != part(other):
            return f"its {name} changes"
    return None


def _tree(script: str) -> str:
    """Write the syntax tree of a script, less its docstring."""
    _docstring, *code = syntax_tree.parse(script).body
    return syntax_tree.canonical(ast.Module(code, []))


def _blocks(script: str) -> list[str]:
    """Return the code's tokens, with a mark where each block ends."""
    splits, tokens = set(parts(script).splits), parts(script).tokens
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
    end = parts(script).docstring_offset + len(parts(script).docstring)
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
    found = (PRAGMA.search(comment.text) for comment in parts(script).comments)
    return [match.string[match.start() :] for match in found if match]


_PARTS: dict[str, Callable[[str], object]] = {
    "syntax tree": _tree,
    "division into blocks of code and text": _blocks,
    "set of settings": _settings,
    "set of comments for tools": _pragmas,
}
