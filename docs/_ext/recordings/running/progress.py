"""Show how a run goes: live on a terminal, in plain lines elsewhere."""

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from recordings.model import Entry
from recordings.running.events import Event, Planned, Report, Result, Started
from recordings.shelf import variant_name
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
    columns = (
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[about]}", markup=False),
    )
    live = Progress(*columns, console=console, transient=True, disable=not on_terminal)
    board = _Board(live, on_terminal=on_terminal)
    try:
        with live:
            yield board.note
    finally:
        for result in board.results:
            if result.status == "failed":
                # A line that was broken can't be copied, such as that of the log.
                console.print(failure(result), soft_wrap=True)


@dataclass
class _Board:
    """What is known of a run, shown as it changes."""

    live: Progress
    on_terminal: bool
    results: list[Result] = field(default_factory=list)
    left: dict[str, Entry] = field(default_factory=dict)
    """Recipes that have not ended, by page."""
    running: dict[str, TaskID] = field(default_factory=dict)
    planned: int = 0
    jobs: int = 1
    whole: TaskID | None = None

    def note(self, event: Event) -> None:
        """Take note of what the runner reports, and tell it."""
        match event:
            case Planned(entries, jobs):
                self.left = {each.recipe.page: each for each in entries}
                self.planned, self.jobs = len(entries), jobs
                self.whole = self.live.add_task("", about="")
            case Started(entry):
                name, about = entry.recipe.name, _about(entry)
                self.running[entry.recipe.page] = self.live.add_task(name, about=about)
                if not self.on_terminal:
                    self._tell(f"running {name}{', ' if about else ''}{about}")
            case Result(entry):
                self.results.append(event)
                self.left.pop(entry.recipe.page, None)
                if (task := self.running.pop(entry.recipe.page, None)) is not None:
                    self.live.remove_task(task)
                self._tell(told(event), "red" if event.status == "failed" else "")
        if self.whole is not None:
            done = self.planned - len(self.left)
            words = f"{done} of {self.planned} recipes"
            self.live.update(self.whole, description=words, about=self._rest())

    def _tell(self, line: str, style: str = "") -> None:
        self.live.console.print(Text(line, style), soft_wrap=True)

    def _rest(self) -> str:
        """Estimate how long the rest takes, from the last recordings."""
        expected = [_expected(entry) for entry in self.left.values()]
        known = [each for each in expected if not math.isnan(each)]
        if not known:
            return ""
        seconds = max(*known, sum(known) / self.jobs, 1.0)
        about = "about" if len(known) == len(expected) else "at least"
        return f"{about} {duration(seconds)} to go"


def failure(result: Result) -> Text:
    """Tell of a recipe that failed: why, what it printed last, and where its log is."""
    said = Text(f"\n{result.entry.recipe.name}\n")
    said.append(f"  {result.reason}\n", "bold")
    for line in result.tail.splitlines()[-LINES_SHOWN:]:
        said.append(f"    {shorten(line)}\n", "dim")
    if result.log:
        said.append(f"  Log: {near(result.log)}")
    return said


def shorten(line: str) -> str:
    """Cut what would fill the terminal."""
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


def near(path: Path) -> str:
    """Return a path as one types it from here."""
    here = Path.cwd()
    return os.fspath(path.relative_to(here) if path.is_relative_to(here) else path)


def told(result: Result) -> str:
    """Say in a line what happened to a recipe."""
    name = result.entry.recipe.name
    match result.status:
        case "failed":
            return f"FAILED {name}: {result.reason}"
        case "renamed":
            return f"renamed {result.entry.found_at} to {result.entry.recipe.file}"
        case status:
            about = f"; {result.reason}" if result.reason else ""
            if status == "kept" and result.recording:
                device = result.recording.run.device
                about = f", as {variant_name(result.entry.recipe.file, device)}"
            return f"{status} {name} in {duration(result.seconds)}{about}"


def _expected(entry: Entry) -> float:
    return entry.recording.run.seconds if entry.recording else math.nan


def _about(entry: Entry) -> str:
    seconds = _expected(entry)
    return "" if math.isnan(seconds) else f"about {duration(seconds)}"
