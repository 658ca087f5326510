"""Watch the process of one recipe from start to end, and keep it within its bounds.

`watch` may be called in a thread, in another process or on another machine that sees
the project at the same path: what it takes and gives can be pickled.
"""

import os
import re
import secrets
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import psutil

from recordings.machine.process_tree import Family
from recordings.machine.spawn import JOB, RECIPE, Process, afresh
from recordings.machine.workspace import workspace
from recordings.running import dask as scheduler
from recordings.running.fork_server import ForkServer, NoForkServerError
from recordings.running.job import Handover, Job, Outcome

LONGEST_LOG = 50 * 2**20
"""Bytes that a recipe may write to its log."""
PAUSE = 0.05
"""Seconds between two looks at a recipe."""
TAIL = 4000
"""Bytes at the end of a log that are shown when a recipe failed."""
LONGEST_REASON = 300
"""Characters of the reason why a recipe failed."""
CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[^\n\t\x20-\x7e\xa0-\U0010ffff]")

_stopped: set[str] = set()
"""Runs that end now, in the process of their runner."""


@dataclass(frozen=True, slots=True)
class Task:
    """One recipe to run, and the bounds that it must keep."""

    run: str
    """Names the run of the runner that this belongs to."""
    conf_dir: str
    source: str
    page: str
    log: str
    """File for all that its processes print."""
    threads: int
    time_limit: float
    """Seconds."""
    memory_limit: int | None
    """Bytes; None: a fair share of the machine's."""
    jobs: int
    """How many recipes run at once, each of which needs its share."""
    handover: Handover


@dataclass(frozen=True, slots=True)
class Ending:
    """How a recipe's process ended."""

    outcome: Outcome
    seconds: float
    tail: str
    """The last that it printed."""


def watch(task: Task, fork_server: ForkServer | None = None) -> Ending:
    """Run a recipe in a process of its own.

    When this returns, whatever the recipe started is ended and its folder is removed.

    Args:
        task: The recipe and its bounds.
        fork_server: Starts the recipe's process sooner, if it can do so.
    """
    if fork_server:
        with suppress(NoForkServerError):
            return _watch(task, fork_server.start)
    # In a new folder, under a new name: something may yet begin in the other one.
    return _watch(task, partial(afresh, RECIPE, task.threads))


def _watch(task: Task, start: Callable[[Path, str, BinaryIO], Process]) -> Ending:
    """Run a recipe in a process that is started with a folder, a token and a log."""
    token = secrets.token_hex(16)
    log = Path(task.log)
    log.parent.mkdir(parents=True, exist_ok=True)
    clock = time.monotonic()
    with workspace() as folder, log.open("w+b") as output:
        job = Job(
            conf_dir=task.conf_dir,
            source=task.source,
            page=task.page,
            threads=task.threads,
            time_limit=task.time_limit,
            workspace=str(folder),
            handover=task.handover,
        )
        job.save(folder / JOB)
        process = start(folder, token, output)
        try:
            family = Family(process.pid, token)
            try:
                failure = _wait(family, task, output)
            finally:
                family.end()
        finally:
            status = process.end()
        # Only now nobody writes to it any more.
        if _length(output) > LONGEST_LOG:
            output.truncate(LONGEST_LOG)
        tail = _tail(output)
        outcome = Outcome(failure=failure) if failure else _outcome(folder, status)
        if outcome.failure is not None:
            outcome = Outcome(failure=one_line(outcome.failure))
    return Ending(outcome, time.monotonic() - clock, tail)


def stop(run: str) -> None:
    """Have each `watch` of a run in this process end its recipe and return."""
    _stopped.add(run)


def cores() -> int:
    """Count the processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_of_machine() -> int:
    """Give the bytes of memory that there are, for a container its own limit."""
    total = int(psutil.virtual_memory().total)
    with suppress(OSError, ValueError):
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text("utf-8")))
    return total


def _wait(family: Family, task: Task, log: BinaryIO) -> str | None:
    """Wait for a recipe to end; if it breaks a bound, say which."""
    start = time.monotonic()
    most = task.memory_limit or memory_of_machine() // (task.jobs + 1)
    while family.is_running():
        if task.run in _stopped or scheduler.gave_up():
            return "it was stopped before its end"
        if time.monotonic() - start > task.time_limit:
            return f"took longer than {task.time_limit:g} s"
        if _length(log) > LONGEST_LOG:
            return f"printed more than {LONGEST_LOG // 2**20} MiB"
        if family.memory() > most:
            return f"used more than {most / 2**30:.3g} GiB of memory"
        time.sleep(PAUSE)
    return None


def _outcome(folder: Path, status: int | None) -> Outcome:
    """Read what a worker left behind, or tell from its exit status why it left none."""
    with suppress(OSError, ValueError, TypeError):
        outcome = Outcome.load(folder)
        if outcome is not None:
            return outcome
    if status is None:
        return Outcome(failure="ended without a result")
    if status >= 0:
        return Outcome(failure=f"ended without a result: exit status {status}")
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    hint = ", maybe by the system for want of memory" if name == "SIGKILL" else ""
    return Outcome(failure=f"killed by {name}{hint}")


def one_line(text: str) -> str:
    """Make a reason fit for a table."""
    line = CONTROLS.sub("", " ".join(text.split()))
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 1]}…"


def _length(log: BinaryIO) -> int:
    # Not of the path: another run may have begun a log of that name.
    return os.fstat(log.fileno()).st_size


def _tail(log: BinaryIO) -> str:
    """Give the last lines of a log, from the beginning of a line, without controls."""
    size = _length(log)
    log.seek(max(0, size - TAIL))
    text = log.read().decode("utf-8", "replace").replace("\r", "\n")
    if size > TAIL:
        text = text.partition("\n")[2] or text
    return CONTROLS.sub("", text).strip("\n")
