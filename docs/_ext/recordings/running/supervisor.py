"""Supervise one recipe: start its process, keep it within its bounds, end it wholly.

A supervisor is a process of its own, and the parent of all that its recipe starts (see
`recordings.machine.process_tree`). It ends the recipe, and removes what that left, also
when the runner ends in whatever way: then its channel closes. If the supervisor itself
is killed, so is the recipe's process, and the runner ends the rest.

`run` is called by an executor's thread, here or on another machine: what it takes and
returns can be pickled. `supervise` is what the process does.
"""

import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import BinaryIO

import psutil

from recordings.machine import capacity, spawn
from recordings.machine.process_tree import ProcessTree, adopt_orphans
from recordings.machine.workspace import GONE, is_there, remove, workspace
from recordings.running import fork_server, luggage, worker
from recordings.running.job import Ending, Job, Outcome
from recordings.texts import one_line, without_controls

Fork = Callable[[Callable[[Connection], None], Connection], int | None]
"""Calls a function with a channel in a process that it forks; gives its number."""
KILLED = "its supervisor was killed"
MODULE = "recordings.running.supervisor"
"""This one; where it is a program, that is not its `__name__`."""
LONGEST_LOG = 50 * 2**20
"""Bytes that a recipe may write to its log."""
LONGEST_START = 60
"""Seconds until a recipe's first code block begins; its time limit counts from then."""
POLL_INTERVAL = 0.2
"""Seconds between two looks at a recipe, each of which takes time from it."""
TREE_INTERVAL = 0.5
"""Seconds between two looks at the memory of all its processes."""
TAIL, SENT = 4000, 2**20
"""Bytes at the end of a log that are shown of a failed recipe, or sent elsewhere."""

_stopped: set[str] = set()
"""Runs that end now, in the process of their runner."""
_spared: set[int] = set()
"""Children of the runner's process that are no orphans, its supervisors among them."""
_adopting = 0
"""How many runs of this process have it adopt orphans."""
_children = threading.RLock()
"""Held where a child begins that must be spared, and where orphans are killed."""


# In the runner's process ------------------------------------------------------------


def run(
    job: Job,
    *,
    fork: Fork | None = None,
    is_given_up: Callable[[], bool] = lambda: False,
) -> Ending:
    """Run a recipe in a process of its own, under a supervisor.

    When this returns, whatever the recipe started has ended and its folder is removed.

    Args:
        job: The recipe and its bounds.
        fork: Starts it sooner, if that can be done.
        is_given_up: Tells whether nobody waits for it any more.
    """
    clock, travels = time.monotonic(), bool(job.sources)
    with workspace() as folder:
        job = luggage.unpack(replace(job, workspace=str(folder)))
        Path(job.log).parent.mkdir(parents=True, exist_ok=True)
        with Path(job.log).open("w+b") as output:
            with _started(fork) as channel:
                failure = _wait(channel, job, is_given_up)
            if failure == KILLED:
                end_strays()
            if _length(output) > LONGEST_LOG:
                output.truncate(LONGEST_LOG)
            tail, sent = _tail(output), _end(output, SENT) if travels else b""
        outcome = None if failure else Outcome.load(folder)
        if outcome is None:
            failure = f"{failure or 'ended without a result'}{worker.place(folder)}"
            outcome = Outcome(failure=failure)
        if outcome.failure is not None:
            outcome = replace(outcome, failure=one_line(outcome.failure))
        shared = luggage.pack_shared(job) if travels else b""
    return Ending(outcome, time.monotonic() - clock, tail, sent, shared)


def stop(run: str) -> None:
    """Have each recipe of a run in this process end, and `run` return."""
    _stopped.add(run)


@contextmanager
def _started(fork: Fork | None) -> Iterator[Connection]:
    """Start a supervisor, and give it a channel; wait until it has ended."""
    channel, process = (_forked(fork) if fork else None) or _afresh()
    try:
        with channel:
            yield channel
    finally:
        # It ends by itself as it loses the channel, and with it all that it has.
        while True:
            with suppress(psutil.TimeoutExpired, subprocess.TimeoutExpired):
                process.wait(timeout=1)  # anew: it may become a child of this process
                break
        _spared.discard(process.pid)


def _forked(fork: Fork) -> tuple[Connection, psutil.Process] | None:
    """Have a supervisor forked, if that can be done."""
    own, other = Pipe()
    with other:
        number = fork(supervise, other)
    with suppress(psutil.NoSuchProcess):
        if number is not None:
            return own, psutil.Process(number)
    own.close()
    return None


def _afresh() -> tuple[Connection, subprocess.Popen[bytes]]:
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
    return own, process


def _wait(channel: Connection, job: Job, is_given_up: Callable[[], bool]) -> str | None:
    """Wait until all has ended; return what failed, as the supervisor says."""
    try:
        channel.send(job)
        while not channel.poll(POLL_INTERVAL):
            if job.run in _stopped or is_given_up():
                channel.send(None)
                break
        failure: str | None = channel.recv()
    except (OSError, EOFError):
        return KILLED
    return failure


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


# In the supervisor's process ----------------------------------------------------------


def supervise(channel: Connection) -> None:
    """Run the recipe of the job that the channel brings, and tell how it ended."""
    if fork_server.is_unsafe():
        os.set_inheritable(channel.fileno(), True)  # noqa: FBT003 - its own signature
        words = [sys.executable, "-m", MODULE, str(channel.fileno())]
        os.execv(sys.executable, words)  # noqa: S606 - it is this very program, afresh
    if os.getsid(0) != os.getpid():
        os.setsid()  # Ctrl-C on a terminal is for the runner
    adopt_orphans()
    try:
        job: Job = channel.recv()
    except EOFError:
        return
    with Path(job.log).open("ab") as log:
        supervisor = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                worker.main(job, log.fileno(), supervisor)
            except BaseException:  # noqa: BLE001 - it must not go on as a supervisor
                traceback.print_exc()
            finally:
                os._exit(1)
        tree = ProcessTree()
        try:
            failure, status = _watch(channel, job, pid, tree, log)
        finally:
            tree.kill()
    if failure is None and Outcome.load(Path(job.workspace)) is None:
        failure = _why(status, Path(job.workspace))
    try:
        channel.send(failure)
    except OSError:  # the runner has ended
        for folder in job.own_folders():
            remove(folder)


def _watch(
    channel: Connection, job: Job, pid: int, tree: ProcessTree, log: BinaryIO
) -> tuple[str | None, int | None]:
    """Wait for a recipe's process to end; if it breaks a bound, say which.

    Returns:
        The bound, and the exit status where the process ended by itself.
    """
    latest = (looked := time.monotonic()) + LONGEST_START + job.time_limit
    begun = False
    most = job.memory_limit or capacity.memory() // (job.jobs + 1)
    ends: list[int] = []
    with suppress(OSError, AttributeError):  # a system that has none, or forbids it
        ends.append(os.pidfd_open(pid))
    while True:
        wait([channel, *ends], POLL_INTERVAL)
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return None, os.waitstatus_to_exitcode(status)
        if channel.poll():  # told to stop, or the runner has ended
            return "it was stopped before its end", None
        now = time.monotonic()
        if not begun and (begun := bool(worker.place(Path(job.workspace)))):
            latest = now + job.time_limit
        if now > latest:
            return f"took longer than {job.time_limit:g} s", None
        if _length(log) > LONGEST_LOG:
            return f"printed more than {LONGEST_LOG // 2**20} MiB", None
        if now - looked > TREE_INTERVAL:
            looked = now
            if tree.memory() > most:
                return f"used more than {most / 2**30:.3g} GiB of memory", None


def _why(status: int | None, folder: Path) -> str:
    """Say of an exit status, and of the run's folder, why a worker left no outcome."""
    if not is_there(folder):
        return GONE
    if status == worker.UNSAVED:
        return f"there is no room for its results in {folder.parent}"
    if status is None or status >= 0:
        return f"ended without a result: exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    hint = ", maybe by the system for want of memory" if name == "SIGKILL" else ""
    return f"killed by {name}{hint}"


# Text ---------------------------------------------------------------------------------


def _length(log: BinaryIO) -> int:
    # Not of the path: another run may have begun a log of that name.
    return os.fstat(log.fileno()).st_size


def _end(log: BinaryIO, most: int) -> bytes:
    log.seek(max(0, _length(log) - most))
    return log.read()


def _tail(log: BinaryIO) -> str:
    """Return the last whole lines of a log, without control characters."""
    text = _end(log, TAIL).decode("utf-8", "replace").replace("\r", "\n")
    if _length(log) > TAIL:
        text = text.partition("\n")[2] or text
    return without_controls(text).strip("\n")


if __name__ == "__main__":
    supervise(Connection(int(sys.argv[1])))
