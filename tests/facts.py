"""Facts that were looked up in PyTorch's source, and what of it changed since.

They stand in tests/data/claims.toml, in a comment above the recipe that tells them.
"""

from __future__ import annotations

import ast
import re
import sysconfig
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from recordings import syntax_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SOURCE: Final = re.compile(r"\b(?:torch|torchvision)/[\w/]+\.py\b")
UNSEEN: Final = re.compile(r"by running|\btried\b|\brun with\b|csrc|\.yaml|\bdocs of\b")
"""What a fact rests on that no Python file shows."""


class Fact(NamedTuple):
    """What was looked up for a recipe, and where."""

    recipe: str
    text: str
    files: tuple[str, ...]
    """Of PyTorch or torchvision, from the folder that packages are in."""


def read_facts(claims: str) -> Iterator[Fact]:
    """Yield the facts that comments in claims.toml note, with the recipe below."""
    for found in re.finditer(r'(?m)^# Facts:(.*(?:\n#.*)*)\n\["([^"]+)"\]', claims):
        items = re.sub(r";?\s*\n# - ", "; ", found[1]).removeprefix("; ")
        text = re.sub(r"\s*\n#\s*", " ", items).strip()
        yield Fact(found[2], text, tuple(dict.fromkeys(SOURCE.findall(text))))


def changed_definitions(before: str, now: str) -> list[str]:
    """Name what of a file is not the same code any more, or says something else.

    Annotations, comments and the layout of strings don't count.
    """
    old, new = (_definitions(syntax_tree.parse(text)) for text in (before, now))
    return sorted(it for it in old.keys() | new.keys() if old.get(it) != new.get(it))


def _definitions(
    node: ast.Module | ast.ClassDef, name: str = ""
) -> dict[str, list[str]]:
    """Return digests of functions, methods, and the rest of each class and the file.

    Some have several: a property its setter, a function one for each platform.
    """
    found: dict[str, list[str]] = {}
    for child in node.body:
        match child:
            case ast.Import() | ast.ImportFrom():
                continue
            case ast.ClassDef():
                found |= _definitions(child, f"{name}{child.name}.")
                continue
            case ast.FunctionDef(name=own) | ast.AsyncFunctionDef(name=own):
                pass
            # As torch/_tensor_docs.py gives methods what they say.
            case ast.Expr(ast.Call(args=[ast.Constant(str(own)), *_])):
                pass
            case _:
                own = ""
        full = f"{name}{own}".rstrip(".") or OUTSIDE
        found.setdefault(full, []).append(syntax_tree.digest(_Said().visit(child)))
    return found


OUTSIDE: Final = "(what is in no function)"


class _Said(ast.NodeTransformer):
    """Leaves what code does and says, not its types and how its strings are set."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(node.arg)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        text = node.value
        return ast.Constant(" ".join(text.split())) if isinstance(text, str) else node


def to_look_up(fact: Fact, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Say what of a fact's sources changed; nothing if all of them are the same."""
    told = []
    for file in fact.files:
        if file not in before or file not in now:
            told.append(f"{file} could not be compared")
        elif names := changed_definitions(before[file], now[file]):
            told.append(f"{file} changed in {_counted(names, fact.text)}")
    if not fact.files or UNSEEN.search(fact.text):
        told.append("to be tried again, as no Python file shows it")
    return "; ".join(told)


MOST: Final = 4
"""Names that are listed; a release can change two hundred in a file."""


def _counted(names: Sequence[str], text: str) -> str:
    """List names, first and in bold those that a fact's text has; count most others."""
    words = {*re.findall(r"\w+", SOURCE.sub("", text))}
    own = [it for it in names if it.rpartition(".")[2] in words]
    others = sorted({*names}.difference(own), key=lambda it: (it == OUTSIDE, it))
    shown = [*(f"**`{it}`**" for it in own), *(f"`{it}`" for it in others[:MOST])]
    more = len(others) - MOST
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def sources(files: Sequence[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Return the text of installed files, if their packages are of these versions."""
    folder = Path(sysconfig.get_path("purelib"))
    return {
        file: (folder / file).read_text("utf-8")
        for file in files
        if is_installed(file.partition("/")[0], wanted) and (folder / file).is_file()
    }


def is_installed(package: str, wanted: Mapping[str, str]) -> bool:
    """Tell whether a package is installed in the version that is wanted."""
    try:
        return version(package).partition("+")[0] == wanted.get(package)
    except PackageNotFoundError:
        return False
