"""Find the parts of a recipe script, as Python and Sphinx-Gallery do."""

import ast
import io
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from recordings.syntax_tree import PARSE_ERRORS, parse

SPLIT = re.compile(r"#{20}|# ?%%")
"""The beginning of a line that makes the comment below it a text block."""

SETTING = re.compile(r"^[ \t]*#\s*sphinx_gallery_(\w+)(?:\s*=\s*(.+))?", re.MULTILINE)
"""A setting of the recipe, with its name and value; Sphinx-Gallery finds it by this."""

PRAGMA = re.compile(
    r"#\s*(?:noqa\b|(?:type|fmt|pragma|pylint|ruff|isort|mypy|pyright|flake8|yapf"
    r"|nosec|codespell)\s*:|-\*-.*-\*-|(?:vim|coding)\s*[:=]|region\b|endregion\b)"
)
"""What begins a comment, or the end of one, that is written for a tool."""


class UnreadableScript(ValueError):  # noqa: N818 - what it is, not that it failed
    """A script has no messages, since Python or Sphinx-Gallery cannot read it."""

    def __init__(self, line: int, cause: str) -> None:
        """Remember the line that is to blame."""
        super().__init__(f"line {line}: {cause}")
        self.line = line
        self.cause = cause


@dataclass(frozen=True)
class Comment:
    """A comment, and where it is."""

    row: int
    column: int
    offset: int
    text: str
    is_alone: bool
    """Nothing but blanks is before it on its line."""


@dataclass(frozen=True)
class Parts:
    """What a script is made of; what is left out is code."""

    docstring: str
    """The string literal, with its quotes."""
    docstring_offset: int
    splits: Sequence[int]
    """The rows that end one block and begin another."""
    texts: Sequence[Sequence[Comment]]
    """The comment lines below each of them, which are text."""
    comments: Sequence[Comment]
    """The comments in code."""
    tokens: Sequence[tokenize.TokenInfo]
    """All of the script, as Python reads it."""


@lru_cache(maxsize=4)
def parts(script: str) -> Parts:
    """Return the parts of a script.

    Raises:
        UnreadableScript: The script is not Python, or has no docstring.
    """
    tree, tokens = _tree(script), _tokens(script)
    starts = [0, *(match.end() for match in re.finditer("\n", script))]
    string = next((t for t in tokens if t.type == tokenize.STRING), None)
    match tree.body:
        case [ast.Expr(ast.Constant(str())) as first, *_] if string:
            # Not so where several strings are one, side by side.
            is_one = ast.get_source_segment(script, first) == string.string
        case _:
            is_one = False
    if not string or not is_one:
        raise UnreadableScript(1, "the script does not begin with a docstring")
    comments = []
    for token in tokens:
        if token.type == tokenize.COMMENT and token.start > string.end:
            row, column = token.start
            start = starts[row - 1]
            is_alone = not script[start : start + column].strip()
            text = token.string.rstrip("\r\n")
            comments.append(Comment(row, column, start + column, text, is_alone))
    splits, texts, others = _divided(comments)
    offset = starts[string.start[0] - 1] + string.start[1]
    return Parts(string.string, offset, splits, texts, others, tokens)


def _divided(
    comments: Sequence[Comment],
) -> tuple[list[int], list[list[Comment]], list[Comment]]:
    """Divide comments into those that split, those of each text, and those in code."""
    splits: list[int] = []
    texts: list[list[Comment]] = []
    others: list[Comment] = []
    row_of_text = None
    for comment in comments:
        if comment.column == 0 and comment.row == row_of_text:
            texts[-1].append(comment)
            row_of_text += 1
        elif comment.column == 0 and SPLIT.match(comment.text):
            splits.append(comment.row)
            texts.append([])
            row_of_text = comment.row + 1
        else:
            others.append(comment)
            row_of_text = None
    return splits, texts, others


def _tree(script: str) -> ast.Module:
    if "\r" in script.replace("\r\n", ""):
        raise UnreadableScript(1, "a line ends with a carriage return alone")
    try:
        return parse(script)
    except PARSE_ERRORS as error:
        line = getattr(error, "lineno", None) or 1
        cause = f"{type(error).__name__}: {getattr(error, 'msg', error)}"
        raise UnreadableScript(line, cause) from error


def _tokens(script: str) -> list[tokenize.TokenInfo]:
    try:
        return list(tokenize.generate_tokens(io.StringIO(script).readline))
    except (SyntaxError, tokenize.TokenError) as error:
        raise UnreadableScript(1, f"{type(error).__name__}: {error}") from error
