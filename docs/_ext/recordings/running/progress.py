"""Show how a run goes: a live board on a terminal, plain lines elsewhere."""

import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from rich.box import HORIZONTALS
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from recordings.model import Entry
from recordings.running.events import Event, Planned, Report, Result, Started
from recordings.units import duration

LINES_SHOWN = 8
"""Last lines of a failed recipe's log that are shown."""
WIDTH = 120
"""Columns, where there is no terminal to ask."""


@contextmanager
def lines(file: TextIO | None = None) -> Iterator[Report]:
    """Show what the runner reports, and in the end which recipes failed.

    Args:
        file: Where to; by default standard output.

    Yields:
        What the runner is given as `report`.
    """
    file = file or sys.stdout
    on_terminal = file.isatty()
    console = Console(
        file=file,
        width=None if on_terminal else WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
    )
    board = _Board(console, on_terminal=on_terminal)
    live = Live(board, console=console, refresh_per_second=4, transient=True)
    try:
        if on_terminal:
            with live:
                yield board.note
        else:
            yield board.note
    finally:
        failures = [each for each in board.results if each.status == "failed"]
        if failures:
            console.print(failure_table(failures))


def failure_table(failures: Sequence[Result]) -> Table:
    """Tell of each recipe that failed: why, what it printed last, where its log is."""
    table = Table(box=HORIZONTALS, show_lines=True)
    table.add_column("Failed", overflow="fold")
    table.add_column("Reason, last lines, whole log", overflow="fold")
    for failure in failures:
        parts = [Text(failure.reason, "bold")]
        last = failure.tail.splitlines()[-LINES_SHOWN:]
        parts += [Text(shorten(line), "dim") for line in last]
        if failure.log:
            parts.append(Text(f"Log: {near(failure.log)}"))
        table.add_row(Text(failure.entry.recipe.name), Group(*parts))
    return table


def shorten(line: str) -> str:
    """Cut what would fill the table."""
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


def near(path: Path) -> str:
    """Write a path as one types it from here."""
    here = Path.cwd()
    return os.fspath(path.relative_to(here) if path.is_relative_to(here) else path)


def told(result: Result) -> str:
    """Say in a line what became of a recipe."""
    name = result.entry.recipe.name
    match result.status:
        case "failed":
            return f"FAILED {name}: {result.reason}"
        case "renamed":
            return f"renamed {result.entry.found_at} to {result.entry.recipe.file}"
        case "recorded" | "confirmed" | "ran":
            return f"{result.status} {name} in {duration(result.seconds)}"


@dataclass
class _Board:
    """What is known of a run, and its picture for a terminal."""

    console: Console
    on_terminal: bool
    results: list[Result] = field(default_factory=list)
    waiting: dict[str, Entry] = field(default_factory=dict)
    running: dict[str, tuple[Entry, float]] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    planned: int = 0
    ended: int = 0
    jobs: int = 1

    def note(self, event: Event) -> None:
        """Take note of what the runner reports, and tell it."""
        match event:
            case Planned(entries, jobs):
                self.waiting = {each.recipe.page: each for each in entries}
                self.planned, self.jobs = len(entries), jobs
                self.started = time.monotonic()
            case Started(entry):
                self.waiting.pop(entry.recipe.page, None)
                self.running[entry.recipe.page] = entry, time.monotonic()
                if not self.on_terminal:
                    self._tell(f"running {entry.recipe.name}{_about(entry)}")
            case Result(entry):
                self.results.append(event)
                self.ended += event.status != "renamed"
                self.waiting.pop(entry.recipe.page, None)
                self.running.pop(entry.recipe.page, None)
                self._tell(told(event), "red" if event.status == "failed" else "")

    def _tell(self, line: str, style: str = "") -> None:
        self.console.print(Text(line, style), soft_wrap=True)

    def __rich__(self) -> Table:
        """Draw a line for each recipe that did not end yet, and one for the whole."""
        now = time.monotonic()
        table = Table.grid(padding=(0, 2))
        if not self.planned:
            return table
        rows = [
            (entry.recipe.name, "running", duration(now - start), _about(entry))
            for entry, start in [*self.running.values()]
        ]
        rows += [
            (entry.recipe.name, "waiting", "", _about(entry))
            for entry in [*self.waiting.values()]
        ]
        # The last line, the whole, must always be seen.
        room = max(1, self.console.height - 3)
        for row in rows[:room]:
            table.add_row(*(Text(cell.removeprefix(", ")) for cell in row))
        if len(rows) > room:
            table.add_row(Text(f"… and {len(rows) - room} more"), "waiting")
        whole = f"{self.ended} of {self.planned} recipes"
        failed = sum(each.status == "failed" for each in self.results)
        if failed:
            whole += f", {failed} failed"
        table.add_row(
            Text(whole, "bold"), "", duration(now - self.started), self._rest(now)
        )
        return table

    def _rest(self, now: float) -> str:
        """Estimate how long the rest takes, from the last recordings."""
        left = [
            _expected(entry) - (now - start)
            for entry, start in [*self.running.values()]
        ]
        left += [_expected(entry) for entry in [*self.waiting.values()]]
        known = [max(0.0, each) for each in left if not math.isnan(each)]
        if not known:
            return ""
        seconds = max(*known, sum(known) / self.jobs, 1.0)
        about = "about" if len(known) == len(left) else "at least"
        return f"{about} {duration(seconds)} to go"


def _expected(entry: Entry) -> float:
    return entry.recording.run.seconds if entry.recording else math.nan


def _about(entry: Entry) -> str:
    seconds = _expected(entry)
    return "" if math.isnan(seconds) else f", about {duration(seconds)}"
