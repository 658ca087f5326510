"""A process that has imported what recipes begin with, and forks one for each of them.

Each recipe has a process of its own all the same, which begins as if it had been
started afresh. To import PyTorch for each would take as long as most recipes run.

The runner's end is `ForkServer`; `serve` runs in the process, which is started as
`python -m recordings.running.fork_server DESCRIPTOR PLAN`. Both hold an end of a
socket. Where no process can be forked safely, none is, and recipes are started afresh.

`conf.py` is read before anything is imported, since it may set what modules read then,
and read again by each recipe.
"""

import ctypes
import gc
import json
import os
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO

from recordings import settings as config
from recordings.gallery import scripts as gallery
from recordings.key import first_imports
from recordings.machine import provenance
from recordings.machine import spawn as start
from recordings.machine.process_tree import TOKEN, Family
from recordings.machine.watchdog import end_with_runner
from recordings.machine.workspace import workspace
from recordings.running import worker

PATIENCE = 120.0
"""Seconds to wait for an answer; before the first, everything is imported."""
LONGEST_MESSAGE = 2**16
"""Bytes."""
LOOK_EVERY = 0.05
"""Seconds between two looks at whether a killed process has ended."""


class NoForkServerError(Exception):
    """A recipe's process can't be forked."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the process does before it forks."""

    conf_dir: str
    tags: Sequence[str]
    """Sphinx's, with which `conf.py` is read."""
    modules: Sequence[str]
    """What it imports."""


@dataclass
class ForkServer:
    """The runner's end. Its methods may be called from several threads.

    The process is started when it is first needed.
    """

    plan: Plan
    _is_closed: bool = sys.platform != "linux"  # elsewhere a library may start threads
    _asking: threading.Lock = field(default_factory=threading.Lock)
    _process: start.Process | None = None
    _channel: socket.socket | None = None
    _opened: ExitStack = field(default_factory=ExitStack)

    def start(self, folder: Path, token: str, log: BinaryIO) -> start.Process:
        """Fork a process for a recipe that may use one thread.

        Args:
            folder: Where the job stands, and where the process begins.
            token: Names the recipe's processes.
            log: For all that they print.

        Raises:
            NoForkServerError: A recipe has to be started afresh.
        """
        read, write = os.pipe()
        try:
            question = {"folder": str(folder), "token": token}
            pid = self._ask(question, log.fileno(), read)
            if pid is None:
                raise NoForkServerError  # noqa: TRY301 - one way out
        except BaseException:
            os.close(write)
            raise
        finally:
            os.close(read)
        return start.Process(pid, partial(self._end, pid, write))

    def interrupt(self) -> None:
        """Have every call that waits for an answer, and every later one, fail."""
        self._is_closed = True
        process = self._process
        if process:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the process, when no recipe's runs any more."""
        self.interrupt()
        self._process = None
        self._opened.close()

    def _end(self, pid: int, lifeline: int) -> int | None:
        try:
            while (status := self._ask({"end": pid})) is None:
                time.sleep(LOOK_EVERY)
        except NoForkServerError:
            return None
        finally:
            os.close(lifeline)
        return status

    def _ask(self, question: dict[str, Any], *descriptors: int) -> int | None:
        with self._asking:
            if self._is_closed:
                raise NoForkServerError
            try:
                channel = self._channel = self._channel or self._open()
                message = json.dumps(question).encode("utf-8")
                socket.send_fds(channel, [message], descriptors)
                answer: int | None = json.loads(channel.recv(LONGEST_MESSAGE))
            except (OSError, ValueError) as error:  # no answer is no JSON
                self.interrupt()  # nobody would wait for what it forks hereafter
                raise NoForkServerError from error
            return answer

    def _open(self) -> socket.socket:
        folder = self._opened.enter_context(workspace())
        own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._opened.enter_context(own)
        own.settimeout(PATIENCE)
        token = token_hex(16)
        plan = json.dumps(asdict(self.plan))
        with other, (folder / "log").open("wb") as log:
            number = other.fileno()
            words = ("recordings.running.fork_server", str(number), plan)
            process = start.afresh(words, 1, folder, token, log, descriptors=[number])
        self._process = process
        self._opened.callback(process.end)
        self._opened.callback(Family(process.pid, token).end)
        if self._is_closed:  # meanwhile
            self.interrupt()
        return own


def serve(channel: socket.socket, plan: Plan) -> None:
    """Fork a process for each recipe that the runner names, until the runner ends."""
    from recordings.running import recorder  # noqa: F401, PLC0415 - for those that are forked

    conf_dir, path = Path(plan.conf_dir), sys.path[:]
    with suppress(Exception, SystemExit):  # each recipe reads it again, and says why
        gallery.load(config.read(conf_dir, plan.tags), conf_dir)
    first_imports.preload(plan.modules)
    sys.path[:] = path
    if len([*Path("/proc/self/task").iterdir()]) > 1:
        return  # a fork would have one of the threads only, and maybe a held lock
    gc.freeze()  # else each process would search, and so copy, all that was imported
    while True:
        message, descriptors, *_ = socket.recv_fds(channel, LONGEST_MESSAGE, 2)
        if not message:
            return
        question = json.loads(message)
        if "end" in question:
            answer = _end(question["end"])
        else:
            folder, token = Path(question["folder"]), question["token"]
            answer = _fork(channel, folder, token, descriptors)
            for each in descriptors:
                os.close(each)
        channel.send(json.dumps(answer).encode("ascii"))


def _end(pid: int) -> int | None:
    """Kill a process that this one has forked; give its status once it has ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _fork(
    channel: socket.socket, folder: Path, token: str, descriptors: Sequence[int]
) -> int | None:
    """Fork a process that does a job; give its number, or None if there is no room.

    Args:
        channel: To the runner, which is not the job's.
        folder: Where the job stands.
        token: Names the processes that belong to it.
        descriptors: Of its log, and of the end of a pipe that closes with the runner.
    """
    mapped = provenance.file_memory()
    try:
        pid = os.fork()
    except OSError:
        return None
    if pid:
        return pid
    try:
        channel.close()
        os.setsid()
        log, lifeline = descriptors
        for old, new in ((lifeline, 0), (log, 1), (log, 2)):
            os.dup2(old, new)
        os.close(log)
        os.close(lifeline)
        os.chdir(folder)
        _show_token(token)
        _use(start.own_environment(folder, token))
        _forget_random_state()
        worker.main(start.JOB, mapped - provenance.file_memory())
    except BaseException:  # noqa: BLE001 - it must not go on as a second server
        traceback.print_exc()
    finally:
        os._exit(1)


def _show_token(token: str) -> None:
    """Have the system show the token as one that this process was started with.

    The system shows the environment that a process began with, from the very memory
    where it stood then, and a forked one shares that with what it was forked from.
    """
    library = ctypes.CDLL(None)
    library.getenv.restype = ctypes.c_void_p
    ctypes.memmove(library.getenv(TOKEN.encode()), token.encode(), len(token))


def _use(own: dict[str, str]) -> None:
    """Have this process find in its environment what is its own.

    A module that was imported may have looked for the temporary folder, and named one
    of its own below that.
    """
    before, now = os.environ["TMPDIR"], own["TMPDIR"]
    for name, value in os.environ.items():
        if before in value:
            os.environ[name] = value.replace(before, now)
    os.environ.update(own)
    tempfile.tempdir = None


def _forget_random_state() -> None:
    """Have what was not seeded differ from process to process, as it would afresh.

    Python's own generator sees to that itself.
    """
    if torch := sys.modules.get("torch"):
        torch.default_generator.seed()
    if random := sys.modules.get("numpy.random"):
        random.seed()


if __name__ == "__main__":
    _, _number, _plan = sys.argv
    os.set_inheritable(int(_number), False)  # noqa: FBT003 - its own signature
    end_with_runner(Path.cwd())
    serve(socket.socket(fileno=int(_number)), Plan(**json.loads(_plan)))
