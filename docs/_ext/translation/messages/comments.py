"""Find the messages in the comments of code, and in the settings of a recipe."""

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from recordings.syntax_tree import PARSE_ERRORS, parse
from translation.messages import forms
from translation.messages.forms import Form, Place
from translation.messages.script_parts import PRAGMA, SETTING, Comment
from translation.messages.wrapping import one_line

_PREFIX = re.compile(r"#+[:!]? ?")
_ITEM = re.compile(r"\s|(?:[-*+•]|\d+[.)]|\([\da-z]\))\s")
"""The beginning of a line of a comment that does not go on with the one above."""

_CODE = ast.Assign | ast.AugAssign | ast.Call | ast.Import | ast.ImportFrom | ast.Return
"""What is in a comment that is code."""

_NAME = "comment in code"


def messages(comments: Sequence[Comment], script: str) -> Iterator[Place]:
    """Find the places of the messages in a script's comments in code, in order."""
    for group in _groups(comments):
        if SETTING.match(group[0].text):
            yield from _in_setting(group[0])
        elif group[0].is_alone:
            yield from _in_lines(group, script)
        else:
            yield from _behind_code(group[0])


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
    """Tell whether a comment has words, and is not code."""
    if not re.search(r"[^\W\d_]", words):
        return False
    try:
        tree = parse(words)
    except PARSE_ERRORS:
        return True
    return not any(isinstance(node, _CODE) for node in ast.walk(tree))


def _behind_code(comment: Comment) -> Iterator[Place]:
    start, end = _words(comment.text)
    words = comment.text[start:end]
    if _is_text(words):
        at = comment.offset
        start += len(words) - len(words.lstrip())
        form = Form(_NAME, "text", one_line)
        yield Place(at + start, at + end, one_line(words), form)


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
    put = forms.comment(script[line_start:start], newline)
    yield Place(start, end, message, Form(_NAME, "text", put))


# Settings ----------------------------------------------------------------------------


# The settings that have prose, and what translators read of it.
_PROSE = {
    "alt": "image alternative",
    "alt_block": "image alternative",
    "tags": "tag",
    "pitfall": "symptom of a pitfall",
}


def parsed(setting: str) -> ast.expr | None:
    """Parse the value of a setting; None when it is not Python."""
    try:
        tree = parse(setting.strip())
    except PARSE_ERRORS:
        return None
    match tree.body:
        case [ast.Expr(value)]:
            return value
    return None


def prose_in(name: str, value: ast.expr) -> list[ast.Constant]:
    """Return the strings in a setting's value that are prose."""
    found: list[ast.expr] = []
    match name, value:
        case "alt" | "alt_block", _:
            found = [value]
        case "tags", ast.List(texts) | ast.Tuple(texts):
            found = texts
        case "pitfall", ast.Dict(keys, values):
            pairs = zip(keys, values, strict=True)
            found = [v for k, v in pairs if getattr(k, "value", "") == "symptom"]
    constants = [each for each in found if isinstance(each, ast.Constant)]
    return [each for each in constants if isinstance(each.value, str)]


def _in_setting(comment: Comment) -> Iterator[Place]:
    match = SETTING.match(comment.text)
    if match is None or match[2] is None or not (value := parsed(match[2])):
        return
    text = match[2].encode()
    for node in prose_in(match[1], value):
        start, end = (
            comment.offset + match.start(2) + len(text[:column].decode())
            for column in (node.col_offset, node.end_col_offset or 0)
        )
        form = Form(_PROSE[match[1]], "text", forms.quoted)
        yield Place(start, end, one_line(str(node.value)), form)
