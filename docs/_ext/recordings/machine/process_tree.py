"""Measure and end all processes that one process started, wherever they went.

On Linux, a supervisor is the subreaper of all that its recipe starts: a process whose
parent ended becomes the supervisor's own child, whatever session or environment it made
for itself. So the tree below the supervisor is complete. Elsewhere, a process that
outlives its parent is known only if it was seen before.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

IS_LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
"""Requests of `prctl(2)`."""
_TASKS = Path("/proc/self/task")
_LISTS_CHILDREN = Path(f"{_TASKS}/{os.getpid()}/children").is_file()
"""Whether the system tells who a process's children are, without a look at all."""
TIMEOUT = 10.0
"""Seconds to wait for killed processes to be gone."""


def adopt_orphans(*, adopt: bool = True) -> None:
    """Make this process the parent of each descendant whose own parent ends."""
    if IS_LINUX:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0)


def die_with_parent(parent: int, number: int = signal.SIGKILL) -> None:
    """Have the system send this process a signal when its parent ends.

    Args:
        parent: Number of the parent, which may have ended before this call.
        number: The signal.
    """
    if IS_LINUX:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def has_one_thread() -> bool:
    """Tell whether nothing is lost by a fork, which has one of the threads only."""
    return not _TASKS.is_dir() or len([*_TASKS.iterdir()]) == 1


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise here, so that a run ends in order as on Ctrl-C.

    What this process was told to ignore, as `nohup` does, it goes on to ignore.
    """

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {it: signal.getsignal(it) for it in (signal.SIGTERM, signal.SIGHUP)}
    heeded = [it for it, how in before.items() if how != signal.SIG_IGN]
    for each in heeded:
        signal.signal(each, leave)
    try:
        yield
    finally:
        for each in heeded:
            signal.signal(each, before[each] or signal.SIG_DFL)


class ProcessTree:
    """All that this process started, and what that started, and so on."""

    def __init__(self, spare: frozenset[int] = frozenset()) -> None:
        """Begin with nothing known.

        Args:
            spare: Children of this process that don't belong to the tree, and neither
                does what they started.
        """
        self._own = psutil.Process()
        self._spare = spare
        self._known: set[psutil.Process] = set()

    def members(self) -> list[psutil.Process]:
        """Return the processes that run now."""
        found = set(self._known)
        for child in self._own.children():
            if child.pid not in self._spare:
                found.add(child)
                with suppress(psutil.Error):
                    found.update(child.children(recursive=True))
        self._known = {each for each in found if is_running(each)}
        return [*self._known]

    def memory(self) -> int:
        """Return the resident memory of all of them, in bytes."""
        if _LISTS_CHILDREN and not self._spare:
            return sum(map(_memory, _below(os.getpid())))
        total = 0
        for process in self.members():
            with suppress(psutil.Error):
                total += process.memory_info().rss
        return total

    def kill(self) -> bool:
        """Kill all of them, as often as it takes: one may start others meanwhile.

        It takes SIGKILL, since a recipe may ignore any other signal.

        Returns:
            Whether none is left, as far as this system tells.
        """
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            if IS_LINUX and not _has_children():
                return True  # so nothing is below it, since it adopts
            members = self.members()
            for process in members:
                with suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(members, timeout=0.1)
            if IS_LINUX and not self._spare:
                reap()  # then it is seen whether something began after the look
            elif not members:
                return True
            if not members:
                time.sleep(0.001)
        return False


def reap() -> None:
    """Have no child of this process that ended stay in the system's list."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _has_children() -> bool:
    """Tell whether this process has any, also ended ones that were not waited for."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _below(number: int) -> Iterator[int]:
    """Yield the numbers of all that a process started; what ends may be left out."""
    with suppress(OSError):
        for task in os.listdir(f"/proc/{number}/task"):  # noqa: PTH208 - it is quick
            text = Path(f"/proc/{number}/task/{task}/children").read_text("ascii")
            for child in map(int, text.split()):
                yield child
                yield from _below(child)


def _memory(number: int) -> int:
    with suppress(OSError):
        pages = Path(f"/proc/{number}/statm").read_text("ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")
    return 0


def is_running(process: psutil.Process) -> bool:
    """Tell whether a process runs, and is not just left to be waited for.

    One whose first thread alone has ended looks like the latter.
    """
    try:
        if not process.is_running():
            return False
        is_left = process.status() == psutil.STATUS_ZOMBIE
        return not is_left or process.num_threads() > 1
    except psutil.Error:
        return False
