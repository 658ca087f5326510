"""Run recipes under supervisors, each of which runs one after the other.

What the threads of an executor call, in the runner's process or on another machine.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import BinaryIO

import psutil

from recordings.machine import spawn
from recordings.machine.process_tree import ProcessTree, adopt_orphans, is_running
from recordings.running import worker
from recordings.running.fork_server import Fork
from recordings.running.job import Ending, Job, Outcome
from recordings.running.supervisor import LONGEST_LOG, MODULE, STOPPED, supervise
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
        """Tell whether it waits for a recipe."""
        if isinstance(self.process, psutil.Process):
            return is_running(self.process)
        return self.process.poll() is None

    def begin(self, job: Job) -> bool:
        """Have it run a recipe; tell whether it got that."""
        try:
            self.channel.send(job)
        except OSError:
            return False
        return True

    def wait(
        self, run: str, is_given_up: Callable[[], bool]
    ) -> tuple[str | None, bool]:
        """Wait until all of a recipe has ended.

        Returns:
            What failed, as it says, and whether nothing is left of the recipe.
        """
        try:
            while not self.channel.poll(POLL_INTERVAL):
                if run in _stopped or is_given_up():
                    self.channel.send(None)
                    break
            failure, is_clean = self.channel.recv()
        except (OSError, EOFError):
            return KILLED, False
        return failure, is_clean

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

    def __init__(self, most: int) -> None:
        """Start none yet.

        Args:
            most: How many there are, with those that run a recipe now.
        """
        self._most = most
        self._idle: list[tuple[Fork | None, _Supervisor]] = []
        self._running = 0
        self._counting = threading.Lock()

    def close(self) -> None:
        """End all; none may be running a recipe."""
        while self._idle:
            self._idle.pop()[1].end()

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
        with self._counting:
            self._running += 1
        try:
            if found := self._waiting(fork, job):
                failure = self._wait(found, fork, job, is_given_up)
                # It may have ended before it began with that.
                if failure != KILLED or worker.place(Path(job.workspace)):
                    return failure
            if job.run in _stopped:
                return STOPPED
            new = _forked(fork) or _afresh()
            new.begin(job)  # if it can't, it is seen to have ended
            return self._wait(new, fork, job, is_given_up)
        finally:
            with self._counting:
                self._running -= 1

    def _wait(
        self,
        supervisor: _Supervisor,
        fork: Fork | None,
        job: Job,
        is_given_up: Callable[[], bool],
    ) -> str | None:
        """Wait until a recipe has ended, and keep its supervisor for another."""
        is_clean = is_kept = False
        try:
            failure, is_clean = supervisor.wait(job.run, is_given_up)
            is_kept = is_clean and failure is None
        finally:
            if is_kept:
                with self._counting:
                    self._idle.append((fork, supervisor))
            else:  # it may have been told to stop
                supervisor.end()
        if not is_clean:
            end_strays()
        return failure

    def _waiting(self, fork: Fork | None, job: Job) -> _Supervisor | None:
        """Have one begin a job that waits for a recipe with this beginning, if any."""
        while True:
            with self._counting:
                own = next((it for it in reversed(self._idle) if it[0] is fork), None)
                surplus = len(self._idle) + self._running - self._most
                if own:
                    self._idle.remove(own)
                    old = []
                else:
                    old = [self._idle.pop(0)[1] for _ in range(surplus) if self._idle]
            for each in old:
                each.end()
            if own is None:
                return None
            if own[1].is_there() and own[1].begin(job):
                return own[1]
            own[1].end()


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
