"""What changed between two recordings of a recipe, block by block."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from recordings.comparison.verify import Rules, compare_blocks, tolerances
from recordings.model import CodeBlock, Output, Recording

NOTHING = CodeBlock("")
"""Stands for a block that is not there."""


class Figure(NamedTuple):
    """A picture as an output has it."""

    kind: str
    """Such as `image/png`."""
    content: str
    """In base64, but an SVG as it is."""


@dataclass(frozen=True, slots=True)
class BlockChange:
    """What a block gives now that it did not give before."""

    place: str
    """Which block it is."""
    source: str
    """Its code; the code of before, if the block is gone."""
    texts: dict[str, list[str]]
    """The rows of a diff for each kind of output."""
    figures: list[tuple[Figure | None, Figure | None]]
    """Before and after."""


@dataclass(frozen=True, slots=True)
class Change:
    """What changed in the recording of a recipe."""

    name: str
    """The recipe's."""
    before: Recording | None
    after: Recording | None
    blocks: tuple[BlockChange, ...] = ()

    @property
    def state(self) -> Literal["new", "removed", "changed", "as before"]:
        """Say in a word what became of the recipe; its outputs alone count."""
        if self.before is None:
            return "new"
        if self.after is None:
            return "removed"
        return "changed" if self.blocks else "as before"

    @property
    def versions(self) -> list[tuple[str, str, str]]:
        """List the versions that the newest run and that of before differ in."""
        old, new = (_versions(each) for each in (self.before, self.after))
        names = sorted(old.keys() & new.keys())
        return [
            (each, old[each], new[each]) for each in names if old[each] != new[each]
        ]


def change(before: Recording | None, after: Recording | None, rules: Rules) -> Change:
    """Compare two recordings of a recipe, of which one may be missing.

    Args:
        before: The recording of then.
        after: That of now.
        rules: Those of the recipe.

    Raises:
        SettingError: A rule is invalid.
    """
    name = (after or before or _never()).recipe
    if before is None or after is None:
        return Change(name, before, after)
    allowed = tolerances(rules, name, len(after.blocks))
    blocks = []
    for old, new in _pairs(before.blocks, after.blocks):
        one = NOTHING if old is None else before.blocks[old]
        other = NOTHING if new is None else after.blocks[new]
        tolerance = Decimal(0) if new is None else allowed[new]
        if tolerance and one.source != other.source:
            tolerance = Decimal(0)  # other code gave it, so it is no chance
        texts = compare_blocks(one, other, tolerance, whole=True)
        figures = _figures(one, other) if texts.pop("figures", None) else []
        if texts or figures:
            place = _place(old, new, len(after.blocks))
            blocks.append(
                BlockChange(
                    place, (other if new is not None else one).source, texts, figures
                )
            )
    return Change(name, before, after, tuple(blocks))


def _pairs(
    before: Sequence[CodeBlock], after: Sequence[CodeBlock]
) -> Iterator[tuple[int | None, int | None]]:
    """Pair blocks by their code; between equal ones, changed ones by their order."""
    old, new = ([each.source for each in blocks] for blocks in (before, after))
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for _, a, b, c, d in matcher.get_opcodes():
        for step in range(max(b - a, d - c)):
            yield (
                a + step if a + step < b else None,
                c + step if c + step < d else None,
            )


def _place(old: int | None, new: int | None, count: int) -> str:
    if new is None:
        return f"block {(old or 0) + 1} of before, which is gone"
    added = "" if old is not None else ", which is new"
    return f"block {new + 1} of {count}{added}"


def _figures(
    one: CodeBlock, other: CodeBlock
) -> list[tuple[Figure | None, Figure | None]]:
    old, new = ([*_pictures(each.outputs)] for each in (one, other))
    count = max(len(old), len(new))
    padded = [[*each, *[None] * (count - len(each))] for each in (old, new)]
    pairs = zip(*padded, strict=True)
    return [(then, now) for then, now in pairs if then != now]


def _pictures(outputs: Sequence[Output]) -> Iterator[Figure]:
    for output in outputs:
        for kind, content in sorted(output.get("data", {}).items()):
            if kind.startswith("image/"):
                whole = content if isinstance(content, str) else "".join(content)
                yield Figure(kind, whole)


def _versions(recording: Recording | None) -> dict[str, str]:
    if recording is None:
        return {}
    newest = recording.confirmations[:1]
    return newest[0].versions if newest else recording.run.versions


def _never() -> Recording:
    raise ValueError("one of two recordings has to be there")
