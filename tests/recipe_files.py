"""This project's recipes, taken apart for tests."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from recordings.gallery import scripts as gallery

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recordings.model import Block

PROJECT = Path(__file__).parents[1]
RECIPES = sorted(
    path.relative_to(PROJECT).as_posix() for path in PROJECT.glob("recipes/*/*.py")
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe's file, and what Sphinx-Gallery makes of it."""

    file: str
    text: str
    settings: Mapping[str, Any]
    blocks: Sequence[Block]

    @property
    def page(self) -> str:
        """As its page, its recording and its catalog are called."""
        return self.file.removesuffix(".py")

    @property
    def section(self) -> str:
        """The folder that it stands in."""
        return PurePosixPath(self.file).parent.name

    @property
    def tree(self) -> ast.Module:
        """Its code."""
        return ast.parse(self.text)

    @property
    def parts(self) -> dict[str, str]:
        """What stands below each heading, code and prose, in their order."""
        _before, *found = re.split(r"(?m)^(?:# )?(\S.*)\n(?:# )?-{4,}$", self.text)
        assert len(found[::2]) == len(set(found[::2])), "each heading is there once"
        return dict(zip(found[::2], found[1::2], strict=True))


def is_text(block: Block) -> bool:
    return block.kind == "text"


@cache
def read(file: str) -> Recipe:
    settings, blocks = gallery.split(PROJECT / file)
    return Recipe(file, (PROJECT / file).read_text("utf-8"), settings, blocks)
