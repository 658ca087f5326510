"""Supervise recipes, one after the other: start, keep within bounds, end each wholly.

A supervisor is a process of its own, and the parent of all that its recipe starts (see
`recordings.machine.process_tree`). It ends the recipe, and removes what that left, also
when the runner ends in whatever way: then its channel closes. If the supervisor itself
is killed, so is the recipe's process, and the runner ends the rest (see
`recordings.running.supervision`).
"""

import os
import signal
import sys
import time
import traceback
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import BinaryIO

from recordings.machine import capacity
from recordings.machine.process_tree import ProcessTree, adopt_orphans
from recordings.machine.workspace import GONE, is_there, remove
from recordings.running import fork_server, worker
from recordings.running.job import Job, Outcome

MODULE = "recordings.running.supervisor"
"""This one; where it is a program, that is not its `__name__`."""
STOPPED = "it was stopped before its end"
LONGEST_LOG = 50 * 2**20
"""Bytes that a recipe may write to its log."""
LONGEST_START = 60
"""Seconds until a recipe's first code block begins; its time limit counts from then."""
POLL_INTERVAL = 0.2
"""Seconds between two looks at a recipe, each of which takes time from it."""
TREE_INTERVAL = 0.5
"""Seconds between two looks at the memory of all its processes."""


def supervise(channel: Connection) -> None:
    """Run the recipes of the jobs that the channel brings, and tell how each ended."""
    if fork_server.is_unsafe():
        os.set_inheritable(channel.fileno(), True)  # noqa: FBT003 - its own signature
        words = [sys.executable, "-m", MODULE, str(channel.fileno())]
        os.execv(sys.executable, words)  # noqa: S606 - it is this very program, afresh
    if os.getsid(0) != os.getpid():
        os.setsid()  # Ctrl-C on a terminal is for the runner
    adopt_orphans()
    is_clean = True
    while is_clean and (job := _next(channel)):
        try:
            failure, is_clean = _run(job, channel)
        except Exception as error:  # noqa: BLE001 - such as want of processes
            failure, is_clean = f"{type(error).__name__}: {error}", False
        try:
            channel.send((failure, is_clean))
        except OSError:  # the runner has ended
            for folder in job.own_folders():
                remove(folder)


def _next(channel: Connection) -> Job | None:
    """Wait for a job; there is none if the runner has ended, or needs this no more."""
    job: Job | None = None
    with suppress(OSError, EOFError):
        job = channel.recv()
    return job


def _run(job: Job, channel: Connection) -> tuple[str | None, bool]:
    """Run a recipe.

    Returns:
        What failed, if no outcome says so, and whether nothing that it started is left.
    """
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
            is_clean = tree.kill()
    if failure is None and not Outcome.is_in(Path(job.workspace)):
        failure = _why(status, Path(job.workspace))
    return failure, is_clean


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
    with ExitStack() as closed:
        ends: list[int] = []
        with suppress(OSError, AttributeError):  # a system that has none, or forbids it
            ends.append(os.pidfd_open(pid))
            closed.callback(os.close, ends[0])
        while True:
            wait([channel, *ends], POLL_INTERVAL)
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return None, os.waitstatus_to_exitcode(status)
            if channel.poll():  # told to stop, or the runner has ended
                return STOPPED, None
            now = time.monotonic()
            if not begun and (begun := bool(worker.place(Path(job.workspace)))):
                latest = now + job.time_limit
            if now > latest:
                return f"took longer than {job.time_limit:g} s", None
            if os.fstat(log.fileno()).st_size > LONGEST_LOG:
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


if __name__ == "__main__":
    supervise(Connection(int(sys.argv[1])))
