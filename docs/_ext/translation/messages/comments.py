"""Find the messages in the comments of code, and in the settings of a recipe."""

from __future__ import annotations

import ast
import re
import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from translation.messages.forms import Comment as CommentForm
from translation.messages.forms import CommentBehindCode, Form, Place, Quoted
from translation.messages.script_parts import PRAGMA, SETTING
from translation.messages.wrapping import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from translation.messages.script_parts import Comment

_PREFIX: Final = re.compile(r"#+[:!]? ?")
_ITEM: Final = re.compile(r"\s|(?:[-*+•]|\d+[.)]|\([\da-z]\))\s")
"""The beginning of a line of a comment that does not go on with the one above."""

_CODE: Final = (
    ast.Assign | ast.AugAssign | ast.Call | ast.Import | ast.ImportFrom | ast.Return
)
"""What is in a comment that is code."""


def messages(comments: Sequence[Comment], script: str) -> list[Place]:
    """Find the places of the messages in the comments of code.

    Args:
        comments: The comments in code, in their order in the script.
        script: The script.

    Returns:
        The places, in their order in the script.
    """
    found: list[Place] = []
    for group in _groups(comments):
        if SETTING.match(group[0].text):
            found += _in_setting(group[0])
        elif group[0].is_alone:
            found += _in_lines(group, script)
        else:
            found += _behind_code(group[0])
    return found


def _groups(comments: Sequence[Comment]) -> Iterator[list[Comment]]:
    """Put the lines of one comment together."""
    group: list[Comment] = []
    for comment in comments:
        if group and not (
            comment.is_alone
            and group[-1].is_alone
            and (comment.row, comment.column) == (group[-1].row + 1, group[-1].column)
            and not any(_is_for_tools(line.text) for line in (comment, group[-1]))
        ):
            yield group
            group = []
        group.append(comment)
    if group:
        yield group


def _is_for_tools(comment: str) -> bool:
    return bool(SETTING.match(comment) or PRAGMA.search(comment))


def _words(comment: str) -> tuple[int, int]:
    """Return where the words of a comment begin, and where they end."""
    prefix = _PREFIX.match(comment)
    start = prefix.end() if prefix else 0
    pragma = PRAGMA.search(comment)
    return start, len(comment[: pragma.start() if pragma else None].rstrip())


def _is_text(words: str) -> bool:
    """Tell if a comment has words, and is not code."""
    if not re.search(r"[^\W\d_]", words):
        return False
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(words)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return not any(isinstance(node, _CODE) for node in ast.walk(tree))


def _behind_code(comment: Comment) -> Iterator[Place]:
    start, end = _words(comment.text)
    words = comment.text[start:end]
    if _is_text(words):
        at = comment.offset
        start += len(words) - len(words.lstrip())
        yield Place(at + start, at + end, one_line(words), CommentBehindCode())


def _in_lines(group: Sequence[Comment], script: str) -> Iterator[Place]:
    """Find the one message in comment lines; most of its line breaks mean nothing."""
    spans = [_words(comment.text) for comment in group]
    texts = [c.text[a:b] for c, (a, b) in zip(group, spans, strict=True)]
    if not _is_text("\n".join(texts)):
        return
    full = [n for n, text in enumerate(texts) if text.strip()]
    top, bottom = full[0], full[-1]
    message = one_line(texts[top])
    for above, text in pairwise(texts[top : bottom + 1]):
        words, indent = one_line(text), text[: len(text) - len(text.lstrip())]
        is_new = not words or not above.strip() or _ITEM.match(text)
        message += f"\n{indent}{words}" if is_new else f" {words}"
    blanks = len(texts[top]) - len(texts[top].lstrip())
    start = group[top].offset + spans[top][0] + blanks
    end = group[bottom].offset + spans[bottom][1]
    line_start = script.rfind("\n", 0, start) + 1
    newline = "\r\n" if "\r\n" in script else "\n"
    yield Place(start, end, message, CommentForm(script[line_start:start], newline))


# Settings ----------------------------------------------------------------------------


def _alternative(value: ast.expr) -> list[ast.expr]:
    return [value]


def _each(value: ast.expr) -> list[ast.expr]:
    return value.elts if isinstance(value, (ast.List, ast.Tuple)) else []


def _symptom(value: ast.expr) -> list[ast.expr]:
    if not isinstance(value, ast.Dict):
        return []
    return [
        text
        for key, text in zip(value.keys, value.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "symptom"
    ]


_SETTINGS: Final[dict[str, tuple[Form, Callable[[ast.expr], list[ast.expr]]]]] = {
    "alt": (Quoted("image alternative"), _alternative),
    "alt_block": (Quoted("image alternative"), _alternative),
    "tags": (Quoted("tag"), _each),
    "pitfall": (Quoted("symptom of a pitfall"), _symptom),
}


def parsed(setting: str) -> ast.expr | None:
    """Parse the value of a setting; None when it is no Python."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(setting.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def prose_in(name: str, value: ast.expr) -> list[ast.Constant]:
    """Return the strings in a setting's value that are prose."""
    _, find = _SETTINGS.get(name, (None, lambda _: []))
    return [
        node
        for node in find(value)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _in_setting(comment: Comment) -> Iterator[Place]:
    match = SETTING.match(comment.text)
    if match is None or match[1] not in _SETTINGS or match[2] is None:
        return
    text, value = match[2].encode(), parsed(match[2])
    for node in prose_in(match[1], value) if value else ():
        start, end = (
            comment.offset + match.start(2) + len(text[:column].decode())
            for column in (node.col_offset, node.end_col_offset or 0)
        )
        yield Place(start, end, one_line(str(node.value)), _SETTINGS[match[1]][0])
