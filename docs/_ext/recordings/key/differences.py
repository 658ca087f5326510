"""Say why a recording is stale: what changed since it was made."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from recordings.key.ingredients import digest, is_code
from recordings.model import Block, Ingredients


def differences(
    recorded: Ingredients, present: Ingredients, blocks: Sequence[Block]
) -> list[str]:
    """Say what has changed since a recipe was recorded, a sentence each.

    Args:
        recorded: The recording's ingredients.
        present: The recipe's ingredients now.
        blocks: The recipe's blocks now.

    Returns:
        Nothing if the keys are equal, and only then.
    """
    lines = [block.line for block in blocks if is_code(block)]
    found = [*_block_changes(recorded, present, lines)]
    if (recorded.lines is None) != (present.lines is None):
        found.append("line numbers count in only one of the two keys")
    elif recorded.lines != present.lines:
        found.append("line numbers moved (an output names them)")
    for name, old, new in _changes(recorded.settings, present.settings, "not set"):
        found.append(f"setting {name}: {old} → {new}")
    for name, old, new in _changes(recorded.packages, present.packages, "not pinned"):
        found.append(f"{name} {old} → {new}")
    for name, old, new in _changes(recorded.files, present.files):
        is_folder = name.endswith("/") and old and new
        news = "holds other files" if is_folder else _news(old, new)
        found.append(f"{name} {news}")
    for name, old, new in _changes(recorded.data, present.data):
        found.append(f"data set {name}: its digest {_news(old, new)}")
    return found


def _block_changes(
    recorded: Ingredients, present: Ingredients, lines: Sequence[int]
) -> Iterator[str]:
    """Say which code blocks changed; where their number did, only the first."""
    then, now = recorded.blocks, present.blocks
    pairs = zip(then, now, lines, strict=False)
    changed = [
        f"code block {number} (line {line})"
        for number, (old, new, line) in enumerate(pairs, 1)
        if old != new
    ]
    if len(then) != len(now):
        start = f", from {changed[0]} on" if changed else ""
        yield f"code blocks: {len(then)} recorded, {len(now)} now{start}"
    else:
        moved = ", or lines moved in it (an output names them)" if present.lines else ""
        if present.quoted:
            moved += ", or a comment in it (an output quotes it)"
        yield from (f"{block} changed{moved}" for block in changed)


def _changes(
    recorded: Mapping[str, Any], present: Mapping[str, Any], absent: str | None = None
) -> Iterator[tuple[str, Any, Any]]:
    """Yield each name whose value changed, with both values."""
    for name in sorted({**recorded, **present}):
        old, new = recorded.get(name, absent), present.get(name, absent)
        if digest(old) != digest(new):  # for JSON, unlike Python, 1 is not true
            yield name, old, new


def _news(old: object, new: object) -> str:
    return "changed" if old and new else "is new" if new else "is gone"
