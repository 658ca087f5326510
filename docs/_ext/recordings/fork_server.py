"""A process that has imported what recipes import, and forks one for each of them.

Each recipe has a process of its own all the same, which begins as if it had been
started afresh. To import PyTorch for each would take as long as most recipes run.

The runner's end is `ForkServer`; `serve` runs in the process, which this module starts
as `python -m recordings.fork_server DESCRIPTOR MODULE…`. Both hold an end of a socket.
Where no process can be forked safely, none is, and recipes are started afresh.
"""

import ctypes
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from recordings import imports, provenance, start, worker, workspace
from recordings.job import Job
from recordings.processes import TOKEN, Family

STARTUP = 120.0
"""Seconds in which the process must have imported everything."""
LONGEST_MESSAGE = 2**16
"""Bytes."""
NO_TOKEN = "0" * 32
"""What the process has for a token; those that it forks write theirs over it."""


class NoForkServerError(Exception):
    """There is no process that could fork."""


@dataclass
class ForkServer:
    """The runner's end. Its methods may be called from several threads.

    The process is started when it is first needed. When the runner ends, however that
    happens, it ends all recipes that run still, and itself.
    """

    modules: tuple[str, ...]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _process: subprocess.Popen[bytes] | None = None
    _channel: socket.socket | None = None
    _is_closed: bool = sys.platform != "linux"  # elsewhere a library may start threads

    def start(self, folder: Path, token: str, log: BinaryIO) -> start.Process:
        """Fork a process for a recipe that may use one thread.

        Args:
            folder: Where the job stands, and where the process begins.
            token: Names the recipe's processes.
            log: For all that they print.

        Raises:
            NoForkServerError: A recipe has to be started afresh.
        """
        asked = {"folder": str(folder), "token": token}
        pid = int(self._ask(asked, log.fileno()))
        return start.Process(pid, partial(self._end, pid))

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._close()

    def _end(self, pid: int) -> int | None:
        try:
            return int(self._ask({"end": pid}))
        except NoForkServerError:
            return None

    def _ask(self, question: dict[str, Any], *descriptors: int) -> str:
        with self._lock:
            if self._is_closed:
                raise NoForkServerError
            try:
                channel = self._channel = self._channel or self._open()
                message = json.dumps(question).encode("utf-8")
                socket.send_fds(channel, [message], descriptors)
                answer = channel.recv(LONGEST_MESSAGE).decode("ascii")
            except OSError as error:
                self._close()
                raise NoForkServerError from error
            if not answer:
                self._close()
                raise NoForkServerError
            return answer

    def _open(self) -> socket.socket:
        own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own.settimeout(STARTUP)
        with other:
            number = other.fileno()
            name = "recordings.fork_server"
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", name, str(number), *self.modules],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=start.environment(1, NO_TOKEN),
                pass_fds=(number,),
                start_new_session=True,  # else Ctrl-C would end it before its recipes
            )
        return own

    def _close(self) -> None:
        self._is_closed = True
        if self._channel:
            self._channel.close()
        if self._process:
            self._process.kill()
            self._process.wait()


def serve(channel: socket.socket, modules: Iterable[str]) -> None:
    """Fork a process for each recipe that the runner names, until the runner ends."""
    from recordings import recorder  # noqa: F401, PLC0415 - for those that are forked

    imports.preload(modules)
    if len([*Path("/proc/self/task").iterdir()]) > 1:
        return  # a fork would have one of the threads only, and maybe a held lock
    gc.freeze()  # else each process would search, and so copy, all that was imported
    running: dict[int, tuple[str, Path]] = {}
    try:
        while True:
            message, descriptors, *_ = socket.recv_fds(channel, LONGEST_MESSAGE, 1)
            if not message:
                return
            asked = json.loads(message)
            if "end" in asked:
                answer = _end(asked["end"])
                running.pop(asked["end"], None)
            else:
                token, folder = asked["token"], Path(asked["folder"])
                answer = _fork(channel, folder, token, descriptors[0])
                running[answer] = token, folder
            channel.send(str(answer).encode("ascii"))
    finally:
        for pid, (token, folder) in running.items():
            Family(pid, token).end()
            workspace.remove(folder)


def _end(pid: int) -> int:
    """Kill a process that this one has forked, and give its exit status."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _fork(channel: socket.socket, folder: Path, token: str, log: int) -> int:
    """Fork a process that does a job; give its number."""
    mapped = provenance.file_memory()
    pid = os.fork()
    if pid:
        os.close(log)
        return pid
    try:
        channel.close()
        os.setsid()
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        os.chdir(folder)
        _show_token(token)
        os.environ.update({TOKEN: token}, **start.own_environment(folder))
        tempfile.tempdir = None  # an import may have looked for it
        worker.work(Job.load(Path("job.json")), mapped - provenance.file_memory())
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
    ctypes.memmove(library.getenv(TOKEN.encode()), token.encode(), len(NO_TOKEN))


if __name__ == "__main__":
    _, _number, *_modules = sys.argv
    serve(socket.socket(fileno=int(_number)), _modules)
