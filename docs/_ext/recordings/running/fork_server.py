"""Fork processes from one that has imported what every recipe's process needs.

It is the standard library's fork server.
"""

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection

import psutil

from recordings.machine import spawn
from recordings.machine.process_tree import is_running

Call = Callable[[Connection], None]
"""What a process does that was forked."""
Fork = Callable[[Call, Connection], int | None]
"""Calls a function with a channel in a process that it forks; gives its number."""
TIMEOUT = 120.0
"""Seconds to wait for a fork; before the first, everything is imported."""
MODULES = ["recordings.running.supervisor", "recordings.running.preloaded"]
"""What the server imports, at least."""
CONTEXT = multiprocessing.get_context("forkserver") if sys.platform == "linux" else None
"""Elsewhere, a library may start threads when it is imported, and a fork lose them."""


_server: psutil.Process | None = None
_asking: set[threading.Timer] = set()


def start(modules: Iterable[str]) -> None:
    """Start the server, unless this process has one; it ends with this process.

    Args:
        modules: What it imports. One that can't be imported is the business of the
            recipe that does so.
    """
    global _server  # noqa: PLW0603 - `multiprocessing` has one for each process, too
    # The server would have this process's `-O`, with which no assertion of a recipe
    # counts, and its `-W`.
    if CONTEXT is None or sys.flags.optimize or sys.warnoptions:
        return
    CONTEXT.set_forkserver_preload(MODULES)
    resource_tracker.ensure_running()  # or it would be a new child, too
    before = set(psutil.Process().children())
    with spawn.fixed_environment(RECORDINGS_PRELOAD=" ".join(modules)):
        try:
            forkserver.ensure_running()
        except OSError:  # such as a temporary folder whose name is too long for it
            return
    # Not by its command line, which a process lacks in its first moment.
    for child in set(psutil.Process().children()) - before:
        _server = child


def fork(function: Call, channel: Connection) -> int | None:
    """Call a function in a process that is forked from the server.

    Args:
        function: What to call, with the channel.
        channel: To this process.

    Returns:
        The number of the process; None if there is no server, or no answer from it.
    """
    # One that was killed is not started again: what it forked is no child of the new.
    if CONTEXT is None or _server is None or not is_running(_server):
        return None
    process = CONTEXT.Process(target=function, args=(channel,))
    late = threading.Timer(TIMEOUT, interrupt)
    _asking.add(late)
    try:
        late.start()
        process.start()
    except (OSError, EOFError, RuntimeError):  # such as want of threads
        return None
    finally:
        _asking.discard(late)
        late.cancel()
    return process.pid


def interrupt() -> None:
    """End the server if a call waits for it."""
    if _asking and _server:
        with suppress(psutil.NoSuchProcess):
            _server.kill()


def end() -> None:
    """End the server, if this process has one, and wait for that."""
    if _server and is_running(_server):
        with suppress(psutil.Error, ChildProcessError):
            _server.kill()
            # That it ended is for `multiprocessing` to see, which then starts another.
            os.waitid(os.P_PID, _server.pid, os.WEXITED | os.WNOWAIT)


def is_unsafe() -> bool:
    """Tell whether this process was forked from a server that lacks what forks need."""
    if multiprocessing.parent_process() is None:
        return False  # it was started afresh
    preloaded = sys.modules.get("recordings.running.preloaded")
    return not (preloaded and preloaded.IS_SAFE)
