"""A report as plain text, for a terminal."""

from collections.abc import Iterator, Sequence
from textwrap import indent

from recordings.report.changes import BlockChange, Change
from recordings.report.summary import counted, facts, figures


def to_text(changes: Sequence[Change], untouched: int) -> str:
    """Write what changed, recipe by recipe; what stayed is only counted."""
    told = [_recipe(each) for each in changes if each.state != "as before"]
    return "\n\n".join([*told, counted(changes, untouched)])


def _recipe(change: Change) -> str:
    head = f"{change.name}: {change.state} ({facts(change)})"
    blocks = (indent("\n".join(_block(each)), "  ") for each in change.blocks)
    return "\n".join([head, *blocks])


def _block(block: BlockChange) -> Iterator[str]:
    yield f"{block.place}:"
    for kind, rows in block.texts.items():
        yield f"  {kind}:"
        yield from (f"    {row}" for row in rows)
    if block.figures:
        yield f"  {figures(block)}"
