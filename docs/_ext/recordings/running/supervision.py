"""Run recipes under supervisors, each of which runs one after the other.

What the threads of an executor call, in the runner's process or on another machine.
"""

import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import psutil

from recordings.machine import spawn
from recordings.machine.process_tree import ProcessTree, adopt_orphans, is_running
from recordings.running import worker
from recordings.running.fork_server import Fork
from recordings.running.job import Ending, Job, Outcome
from recordings.running.supervisor import LONGEST_LOG, MODULE, supervise
from recordings.texts import one_line, without_controls

KILLED = "its supervisor was killed"
POLL_INTERVAL = 0.2
"""Seconds between two looks at whether a recipe is to end."""
TAIL = 4000
"""Bytes at the end of a log that are shown of a failed recipe."""

_stopped: set[str] = set()
"""Runs that end now, in the process of their runner."""
_spared: set[int] = set()
"""Children of the runner's process that are no orphans, its supervisors among them."""
_adopting = 0
"""How many runs of this process have it adopt orphans."""
_children = threading.RLock()
"""Held where a child begins that must be spared, and where orphans are killed."""


@dataclass(frozen=True, slots=True)
class _Supervisor:
    """One that runs, as its runner sees it."""

    channel: Connection
    process: psutil.Process | subprocess.Popen[bytes]

    def is_there(self) -> bool:
        return is_running(psutil.Process(self.process.pid))

    def run(self, job: Job, is_given_up: Callable[[], bool]) -> str | None:
        """Wait until all has ended; return what failed, as the supervisor says."""
        try:
            self.channel.send(job)
            while not self.channel.poll(POLL_INTERVAL):
                if job.run in _stopped or is_given_up():
                    self.channel.send(None)
                    break
            failure: str | None = self.channel.recv()
        except (OSError, EOFError):
            return KILLED
        return failure

    def end(self) -> None:
        """Have it end; it does so as it loses the channel, and with it all it has."""
        self.channel.close()
        while True:
            with suppress(psutil.TimeoutExpired, subprocess.TimeoutExpired):
                # Anew each time: it may become a child of this process.
                self.process.wait(timeout=POLL_INTERVAL / 2)
                break
        _spared.discard(self.process.pid)


class Supervisors:
    """Those of one run, or of one worker; they end with it."""

    def __init__(self) -> None:
        """Start none yet."""
        self._idle: defaultdict[Fork | None, list[_Supervisor]] = defaultdict(list)

    def __enter__(self) -> Self:
        """Return this object."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all; none may be running a recipe."""
        for each in self._idle.values():
            while each:
                each.pop().end()

    def run(
        self,
        job: Job,
        *,
        fork: Fork | None = None,
        is_given_up: Callable[[], bool] = lambda: False,
    ) -> Ending:
        """Run a recipe in a process of its own.

        When this returns, whatever the recipe started has ended.

        Args:
            job: The recipe and its bounds, and a folder of its own.
            fork: Starts its supervisor sooner, if that can be done.
            is_given_up: Tells whether nobody waits for it any more.
        """
        clock, folder = time.monotonic(), Path(job.workspace)
        Path(job.log).parent.mkdir(parents=True, exist_ok=True)
        with Path(job.log).open("w+b") as output:
            failure = self._run(job, fork, is_given_up)
            # Not of the path: another run may have begun a log of that name.
            if os.fstat(output.fileno()).st_size > LONGEST_LOG:
                output.truncate(LONGEST_LOG)
            tail = _tail(output)
        outcome = None if failure else Outcome.load(folder)
        if outcome is None:
            failure = f"{failure or 'ended without a result'}{worker.place(folder)}"
            outcome = Outcome(failure=failure)
        if outcome.failure is not None:
            outcome = replace(outcome, failure=one_line(outcome.failure))
        return Ending(outcome, time.monotonic() - clock, tail)

    def _run(
        self, job: Job, fork: Fork | None, is_given_up: Callable[[], bool]
    ) -> str | None:
        supervisor = self._waiting(fork) or _forked(fork) or _afresh()
        failure: str | None = KILLED
        try:
            failure = supervisor.run(job, is_given_up)
        finally:
            if failure is None:
                self._idle[fork].append(supervisor)
            else:  # it may have been told to stop, or have ended
                supervisor.end()
        if failure == KILLED:
            end_strays()
        return failure

    def _waiting(self, fork: Fork | None) -> _Supervisor | None:
        """Take one that waits for a recipe with this beginning, if any does."""
        with suppress(IndexError):
            while True:
                found = self._idle[fork].pop()
                if found.is_there():
                    return found
                found.end()
        return None


def stop(run: str) -> None:
    """Have each recipe of a run in this process end, and `Supervisors.run` return."""
    _stopped.add(run)


def _forked(fork: Fork | None) -> _Supervisor | None:
    """Have a supervisor forked, if that can be done."""
    if fork is None:
        return None
    own, other = Pipe()
    with other:
        number = fork(supervise, other)
    with suppress(psutil.NoSuchProcess):
        if number is not None:
            return _Supervisor(own, psutil.Process(number))
    own.close()
    return None


def _afresh() -> _Supervisor:
    own, other = Pipe()
    with other, _children:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(other.fileno())],
            stdin=subprocess.DEVNULL,
            env=spawn.environment(),
            pass_fds=[other.fileno()],
            start_new_session=True,
        )
        _spared.add(process.pid)
    return _Supervisor(own, process)


@contextmanager
def adopting() -> Iterator[None]:
    """Have this process adopt meanwhile, and end, what a killed supervisor leaves."""
    global _adopting  # noqa: PLW0603 - it is this process that adopts
    with _children:
        _spared.update(each.pid for each in psutil.Process().children())
        _adopting += 1
        adopt_orphans()
    try:
        yield
    finally:
        end_strays()
        with _children:
            _adopting -= 1
            if not _adopting:
                adopt_orphans(adopt=False)
                _spared.clear()


def end_strays() -> None:
    """End what this process has adopted."""
    with _children:
        if _adopting:
            ProcessTree(frozenset(_spared)).kill()


def end_of(log: BinaryIO, most: int) -> bytes:
    """Return as many bytes at the end of a log as there are, or as are wanted."""
    length = os.fstat(log.fileno()).st_size
    log.seek(max(0, length - most))
    return log.read()


def _tail(log: BinaryIO) -> str:
    """Return the last whole lines of a log, without control characters."""
    text = end_of(log, TAIL).decode("utf-8", "replace").replace("\r", "\n")
    if os.fstat(log.fileno()).st_size > TAIL:
        text = text.partition("\n")[2] or text
    return without_controls(text).strip("\n")
