"""Fork supervisors from processes that have made the imports that recipes begin with.

Such a process, a branch, is forked from the fork server, or from a branch with fewer of
the same imports: a recipe's process has made imports of its own code, in their order,
and none of another's.
"""

import logging
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, Pipe
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from typing import Any

import psutil

from recordings.key import first_imports
from recordings.key.first_imports import Modules
from recordings.key.noted import WRITES
from recordings.machine import provenance, reads
from recordings.machine.process_tree import has_one_thread, reap
from recordings.running import fork_server
from recordings.running.fork_server import Call, Fork

POLL_INTERVAL = 0.1
"""Seconds between two looks at whether a branch is to be ended before it is there."""


# In the runner's process ------------------------------------------------------------


@dataclass
class _Branch:
    """A process that forks, as its runner sees it."""

    modules: Modules
    channel: Connection
    number: int
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fork(self, function: Call, channel: Connection) -> int | None:
        with self.lock, suppress(OSError, EOFError):
            self.channel.send(function)
            send_handle(self.channel, channel.fileno(), self.number)
            found: int = self.channel.recv()
            return found
        return None


class Branches:
    """The branches of one run; they end with it, or with this process.

    All grow from the beginning, one after the other, beside whatever runs first.
    """

    def __init__(
        self,
        wanted: Mapping[str, Modules] = {},
        packages: Iterable[str] = (),
        *,
        unseen: bool = True,
    ) -> None:
        """Begin to grow them.

        Args:
            wanted: Imports that are made once for several recipes, by page.
            packages: Those whose versions each recipe's process will ask for.
            unseen: Have no branch where an import would be seen, as by what it prints.
        """
        self._wanted = wanted
        self._packages = tuple(packages)
        self._unseen = unseen
        self._grown: dict[Modules, Future[_Branch | None]] = {}
        self._growing = ThreadPoolExecutor(1, "branches")
        self._ended = False
        self._forks: dict[Modules, Fork] = {
            modules: partial(self._fork, modules) for modules in {(), *wanted.values()}
        }
        for modules in sorted({*wanted.values()}, key=len):
            parts = (it for it in self._grown if it == modules[: len(it)])
            before = self._grown.get(max(parts, key=len, default=()))
            growing = self._growing.submit(self._grow, modules, before)
            self._grown[modules] = growing

    def fork(self, page: str) -> Fork:
        """Return what forks a process where a recipe's imports are made, by its page.

        Recipes with the same imports have the same.
        """
        return self._forks[self._wanted.get(page, ())]

    def _fork(
        self, modules: Modules, function: Call, channel: Connection
    ) -> int | None:
        growing = self._grown.get(modules)
        with suppress(CancelledError):
            branch = growing and growing.result()
            return (branch or fork_server).fork(function, channel)
        return None

    def end(self) -> None:
        """Have all end, also those that are just about to be."""
        self._ended = True
        self._growing.shutdown(cancel_futures=True)
        for growing in self._grown.values():
            if not growing.cancelled() and (branch := growing.result()):
                branch.channel.close()

    def _grow(
        self, modules: Modules, earlier: Future[_Branch | None] | None
    ) -> _Branch | None:
        """Have a branch made from an earlier one; without it, that has to do."""
        before = earlier.result() if earlier else None
        with suppress(OSError, EOFError, RuntimeError):  # such as want of descriptors
            return (None if self._ended else self._made(modules, before)) or before
        return before

    def _made(self, modules: Modules, before: _Branch | None) -> _Branch | None:
        own, other = Pipe()
        rest = modules[len(before.modules) :] if before else modules
        be = partial(serve, rest, self._packages, unseen=self._unseen)
        with ExitStack() as closed:
            closed.callback(own.close)
            with other:
                number = (before or fork_server).fork(be, other)
            if number is not None and self._is_ready(own, number) and own.recv():
                closed.pop_all()
                return _Branch(modules, own, number)
        return None

    def _is_ready(self, channel: Connection, number: int) -> bool:
        latest = time.monotonic() + fork_server.TIMEOUT
        while not channel.poll(POLL_INTERVAL):
            if self._ended or time.monotonic() > latest:
                with suppress(psutil.NoSuchProcess):
                    psutil.Process(number).kill()
                return False
        return True


# In the process that forks ------------------------------------------------------------


def serve(
    modules: Modules, packages: Iterable[str], channel: Connection, *, unseen: bool
) -> None:
    """Import modules, tell whether that went well, and then fork whenever asked to."""
    if os.getsid(0) != os.getpid():
        os.setsid()  # Ctrl-C on a terminal is for the runner
    with suppress(OSError, EOFError):
        provenance.note_versions(packages)
        if not _imported(modules, unseen=unseen):
            return
        channel.send("ready")
        signal.signal(signal.SIGCHLD, _forget)
        while True:
            function, number = channel.recv(), recv_handle(channel)
            if (child := os.fork()) == 0:
                _be(function, number, channel)
            os.close(number)
            channel.send(child)


def _forget(_number: int, _frame: object) -> None:
    reap()


def _be(function: Call, number: int, channel: Connection) -> None:
    """Do what a forked process is for, and end."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        channel.close()
        function(Connection(number))
    except BaseException:  # noqa: BLE001 - it must not go on as what it was forked from
        traceback.print_exc()
    finally:
        os._exit(0)


def _imported(modules: Modules, *, unseen: bool) -> bool:
    """Import modules; tell whether a recipe can begin with that having been done."""
    from recordings.running import preloaded  # noqa: PLC0415 - what it does is done

    sys.path[:] = preloaded.PATH
    if not unseen:
        first_imports.preload(modules)
    elif not _imported_unseen(modules):
        return False
    sys.path[:] = preloaded.PATH
    preloaded.be_forked()
    return has_one_thread()


def _imported_unseen(modules: Modules) -> bool:
    """Import modules; tell whether a recipe that did so itself would show it nowhere.

    It would if one can't be imported, prints or warns, keeps the stream to print to it
    later, looks for a folder for what is temporary, of which each recipe has its own,
    or sets how Matplotlib draws, which Sphinx-Gallery resets before a recipe.
    """
    tempfile.tempdir = None  # to look for one is to write there
    before = _about_this_process()
    with _heard() as heard:
        try:
            first_imports.import_all(modules)
        except BaseException:  # noqa: BLE001 - the recipe's to show
            return False
    return not heard and before == _about_this_process()


class _Later:
    """Standard error as it will be when something is written there."""

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Give what is printed meanwhile, and who kept a stream for later, if any."""
    heard: list[str] = []
    streams, copies = (sys.stdout, sys.stderr), (os.dup(1), os.dup(2))
    file = os.memfd_create("imports")
    os.dup2(file, 1)
    os.dup2(file, 2)
    stream = os.fdopen(file, "w", encoding="utf-8")
    users = sys.getrefcount(stream)
    sys.stdout = sys.stderr = stream
    try:
        yield heard
    finally:
        sys.stdout, sys.stderr = streams
        for number, copy in enumerate(copies, 1):
            os.dup2(copy, number)
            os.close(copy)
        for handler in (reference() for reference in logging._handlerList):  # type: ignore[attr-defined] # noqa: SLF001
            if getattr(handler, "stream", None) is stream:
                handler.stream = _Later()
        handler = None
        if sys.getrefcount(stream) > users:
            heard.append("stream")
        stream.flush()
        if os.fstat(file).st_size:
            heard.append("text")
        stream.close()


def _about_this_process() -> object:
    """Return how Matplotlib draws, and which files were written but Python's own."""
    matplotlib = sys.modules.get("matplotlib")
    notes = (note for note in reads.noted()[0] if note.how in WRITES)
    written = {it.path for it in notes if "__pycache__" not in Path(it.path).parts}
    return matplotlib and matplotlib.rcParams.copy(), written
