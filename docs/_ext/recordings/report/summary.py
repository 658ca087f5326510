"""The words that a report has in every form."""

from collections.abc import Sequence

from recordings.model import Recording
from recordings.report.changes import BlockChange, Change
from recordings.units import duration

STATES = ("changed", "new", "removed", "as before")


def counted(changes: Sequence[Change], untouched: int) -> str:
    """Say in a line how many recipes changed, and how.

    Args:
        changes: Of each recording that is not as it was, byte for byte.
        untouched: How many others there are.
    """
    counts = {
        state: sum(each.state == state for each in changes) + untouched * last
        for state, last in zip(STATES, (False, False, False, True), strict=True)
    }
    named = {
        "changed": "outputs changed in {}",
        "new": "{} new",
        "removed": "{} removed",
        "as before": "{} as before",
    }
    return ", ".join(named[state].format(counts[state]) for state in STATES)


def facts(change: Change) -> str:
    """Say how long a recipe ran, and on what that is new."""
    times = [_seconds(each) for each in (change.before, change.after)]
    told = " → ".join(filter(None, times))
    versions = [f"{name} {old} → {new}" for name, old, new in change.versions]
    return ", ".join(filter(None, [told, *versions]))


def _seconds(recording: Recording | None) -> str:
    return duration(recording.run.seconds) if recording else ""


def figures(block: BlockChange) -> str:
    """Say how many figures of a block changed; nothing if none did."""
    count = len(block.figures)
    return f"{count} figure{'s' * (count > 1)} changed" if count else ""
