"""What the runner tells while it runs, and in the end, about each recipe."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recordings.model import Entry, Recording


@dataclass(frozen=True, slots=True)
class Planned:
    """Recipes are going to be run, in this order."""

    entries: tuple[Entry, ...]
    jobs: int
    """How many run at once."""


@dataclass(frozen=True, slots=True)
class Started:
    """A recipe began to run."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a recipe."""

    entry: Entry
    status: Literal["recorded", "confirmed", "kept", "ran", "renamed", "failed"]
    """`confirmed`: its outputs agree with its recording, which keeps its own. `kept`:
    its recording is beside that of another kind of device. `ran`: nothing was written.
    `renamed`: it was not run, its recording stood under another name and now has the
    recipe's."""
    recording: Recording | None = None
    """The one that is new, or that was renamed."""
    reason: str = ""
    """Why it failed, or was not kept."""
    seconds: float = 0.0
    log: Path | None = None
    tail: str = ""
    """The last that it printed."""
    partial: Path | None = None
    """A notebook of what it gave before it failed; beside the log."""


Event = Planned | Started | Result
Report = Callable[[Event], None]
