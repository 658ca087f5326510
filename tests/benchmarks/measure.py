"""How long a command takes, and how much memory."""

import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from recordings.machine import provenance

TIMES = 5
"""How often what is quick is measured; the median counts."""
QUICK = 10.0
"""Seconds below which a command is that."""
PACKAGES = ("sphinx", "sphinx-gallery", "torch")


@dataclass(frozen=True, slots=True)
class Taken:
    """What one command took."""

    seconds: float
    mebibytes: float
    """The most that any one of its processes held."""
    failed: bool = False

    def __str__(self) -> str:
        """Write it for a table."""
        mark = " (failed)" if self.failed else ""
        return f"{self.seconds:.1f} s, {self.mebibytes:.0f} MiB{mark}"


def run(folder: Path, *words: str, variables: dict[str, str] | None = None) -> Taken:
    """Run a command of Python in a folder; one that fails is measured all the same."""
    with Path(folder, "said").open("wb") as said:
        start = perf_counter()
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=folder,
            env={**os.environ, **(variables or {})},
            stdout=said,
            stderr=said,
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        told = Path(folder, "said").read_text("utf-8", "replace").splitlines()
        print(f"  {' '.join(words)}: exit status {process.returncode}", *told[-3:])
    return Taken(seconds, used.ru_maxrss / 2**10, failed=bool(process.returncode))


def median(command: Callable[[], Taken]) -> Taken:
    """Return what a command takes; the median of several times, if it is quick."""
    taken = [command()]
    if taken[0].seconds < QUICK:
        taken += [command() for _ in range(TIMES - 1)]
    return Taken(
        statistics.median(each.seconds for each in taken),
        statistics.median(each.mebibytes for each in taken),
        any(each.failed for each in taken),
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, each)) + " |" for each in lines)


def place() -> str:
    """Say where this is measured, and when."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    python, today = platform.python_version(), datetime.now(UTC).date()
    return f"{provenance.processor()}, Python {python}, {versions}, {today}"
