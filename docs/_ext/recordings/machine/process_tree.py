"""Find, measure and end all processes that one process started, wherever they went."""

import os
import time
from contextlib import suppress

import psutil

TOKEN = "RECORDINGS_TOKEN"  # noqa: S105 - a name, no secret
"""Environment variable by which the processes of a recipe are known."""

LOOK_EVERY = 1.0
"""Seconds between two searches through all processes of the machine."""
PATIENCE = 10.0
"""Seconds to wait for killed processes to be gone."""


class Family:
    """A process, what it started, what that started, and so on.

    One belongs to the family that has the token in its environment or is in the first
    one's session, and every child of one that belongs. So a process is found whose
    parent has ended, that began a session of its own, or that dropped its environment;
    only one that did all of these at once, between two searches, is not.
    """

    def __init__(self, first: int, token: str) -> None:
        """Begin with a process that leads a session and was not waited for."""
        self._first = psutil.Process(first)
        self._token = token
        self._since = self._first.create_time() - 1
        self._members = {self._first.pid: self._first}
        self._looked = 0.0

    def is_running(self) -> bool:
        """Tell whether the first process runs still; its exit status is left unread."""
        try:
            status = self._first.status()
            return bool(self._first.is_running() and status != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def memory(self) -> int:
        """Add up the resident memory of the family, in bytes."""
        now = time.monotonic()
        if now - self._looked > LOOK_EVERY:
            self._look()
            self._looked = now
        total = 0
        for process in self._members.values():
            with suppress(psutil.Error):
                total += process.memory_info().rss
        return total

    def end(self, *, spare: int | None = None) -> None:
        """Kill the family, but for one process that may be spared.

        It takes SIGKILL, since a recipe may ignore any other signal, and it takes as
        many searches as it takes: a process may start another while it is being killed.
        """
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self._look()
            members = {**self._members}
            if spare is not None:
                members.pop(spare, None)
            if not members:
                return
            for process in members.values():
                with suppress(psutil.Error):
                    process.kill()
            time.sleep(0.01)

    def _look(self) -> None:
        """Search all processes of the machine for members."""
        members: dict[int, psutil.Process] = {}
        for pid in sorted(psutil.pids()):
            with suppress(psutil.Error):
                process = self._members.get(pid) or psutil.Process(pid)
                if process.create_time() < self._since:
                    continue
                if process.is_running() and self._is_member(process, members):
                    members[pid] = process
        self._members = members

    def _is_member(
        self, process: psutil.Process, members: dict[int, psutil.Process]
    ) -> bool:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return (
            process.pid in self._members
            or process.ppid() in self._members
            or process.ppid() in members
            or _in_session(process.pid, self._first.pid)
            or process.environ().get(TOKEN) == self._token
        )


def _in_session(pid: int, leader: int) -> bool:
    with suppress(OSError):
        return os.getsid(pid) == leader
    return False
