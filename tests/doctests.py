"""Run every Python example in pages, recipes' prose and docstrings (a pytest plugin).

`nox -s doctest` loads it as `pytest -p doctests`, with this folder on the path. Sybil
finds and runs the examples and names the file and the line of one that breaks. A page's
code cells run too, in order, so that an example further down may use their names. A
recipe's own code is not run: recording it does that.
"""

import re
from doctest import ELLIPSIS
from pathlib import Path

from sybil import Document, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers import myst, rest
from sybil.sybil import SybilCollection
from sybil.typing import Parser

ROOT = Path.cwd()  # of the project: where nox runs every command


def prose_only(script: str) -> str:
    r"""Blank out a recipe's code and comment marks, line by line.

    Args:
        script: A recipe in Sphinx-Gallery format.

    Returns:
        As many lines as the script has: those of the docstring and of the text blocks
        as reST, the others empty. So a position in it is on the recipe's own line.

    Examples:
        >>> prose_only("x = 1\n# %%\n# Some *text*.\n\ny = 2\n")
        '\n\nSome *text*.\n\n\n'
    """
    docstring = re.match(r'\s*[rR]?"""(?s:.*?)"""[^\n]*\n?', script)
    start = docstring.end() if docstring else 0
    lines = [re.sub('[rR]?"""', "", script[:start])]
    in_text = False
    for line in script[start:].splitlines(keepends=True):
        opens = re.match(r"#{20,}|# ?%%", line)
        in_text = bool(opens) or (in_text and line.startswith("#"))
        ending = "\n" if line.endswith("\n") else ""
        prose = in_text and not opens
        lines.append(re.sub("^# ?", "", line) if prose else ending)
    return "".join(lines)


class RecipeDocument(Document):
    """A recipe, of which only the prose is read."""

    def __init__(self, text: str, path: str) -> None:
        """Keep the prose of `text`, each line in its place."""
        super().__init__(prose_only(text), path)


def markdown_parsers() -> list[Parser]:
    """Parsers for MyST pages: examples, Python blocks and code cells."""
    return [
        myst.PythonCodeBlockParser(doctest_optionflags=ELLIPSIS),
        myst.CodeBlockParser("ipython3", PythonEvaluator()),
        myst.DocTestDirectiveParser(optionflags=ELLIPSIS),
        myst.SkipParser(),
    ]


def rest_parsers() -> list[Parser]:
    """Parsers for reST: `>>>` examples and Python blocks."""
    return [
        rest.DocTestParser(optionflags=ELLIPSIS),
        rest.PythonCodeBlockParser(),
        rest.SkipParser(),
    ]


# Patterns hold for a file's name, in every folder below `path`.
pages = Sybil(markdown_parsers(), path=str(ROOT), pattern="*.md")
recipes = Sybil(
    rest_parsers(),
    path=str(ROOT / "recipes"),
    patterns=["*.py", "*.rst"],
    document_types={".py": RecipeDocument},
)
docstrings = Sybil(rest_parsers(), path=str(ROOT / "docs" / "_ext"), pattern="*.py")

pytest_collect_file = SybilCollection([pages, recipes, docstrings]).pytest()
