"""A report as Markdown, as GitHub shows it in the summary of a job or a comment."""

import re
from collections.abc import Iterator, Sequence

from recordings.report.changes import BlockChange, Change
from recordings.report.summary import counted, facts, figures

MOST = 500_000
"""Characters; GitHub takes a summary of 1 MiB."""


def to_markdown(changes: Sequence[Change], untouched: int, page: str = "") -> str:
    """Write what changed, a foldable part for each recipe.

    Args:
        changes: Of each recording that is not as it was, byte for byte.
        untouched: How many others there are.
        page: Name of the file that shows the figures.
    """
    parts = [f"**Recordings:** {counted(changes, untouched)}."]
    told = [each for each in changes if each.state != "as before"]
    for number, change in enumerate(told):
        part = "\n".join(_recipe(change))
        if sum(map(len, parts)) + len(part) > MOST:
            parts.append(f"… and {len(told) - number} more recipes")
            break
        parts.append(part)
    if page and any(block.figures for each in told for block in each.blocks):
        parts.insert(1, f"Figures before and after are in `{page}`.")
    return "\n\n".join(parts) + "\n"


def _recipe(change: Change) -> Iterator[str]:
    about = f"<code>{_plain(change.name)}</code>: {change.state} ({facts(change)})"
    if not change.blocks:
        yield about
        return
    yield f"<details><summary>{about}</summary>"
    for block in change.blocks:
        yield from _block(block)
    yield "\n</details>"


def _block(block: BlockChange) -> Iterator[str]:
    yield f"\n{block.place[0].upper()}{block.place[1:]}:"
    for kind, rows in block.texts.items():
        yield f"\n{_plain(kind)}:\n"
        text = "\n".join(rows)
        # An output may hold a fence itself: this one is longer.
        longest = max(map(len, re.findall("`+", text)), default=0)
        fence = "`" * max(3, longest + 1)
        yield f"{fence}diff\n{text}\n{fence}"
    if block.figures:
        yield f"\n{figures(block)}."


def _plain(text: str) -> str:
    """Leave nothing that Markdown or HTML would take for its own."""
    return re.sub(r"[^\w./+ -]", "", text)
