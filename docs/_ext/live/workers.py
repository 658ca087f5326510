"""Threads that build an edition, or record, whenever that is asked for."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from building import forked
from editions.edition import Edition
from live.state import State, say
from recordings.units import duration

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess


PATIENCE = 10
"""Of a process that has what others leave of the processor; by default it is 0."""
ENDED = (-signal.SIGINT, -signal.SIGTERM)
"""Exit statuses of what ended with this program."""


class Worker(Thread):
    """Does its work once for all that is asked while it is busy."""

    def __init__(self, state: State) -> None:
        """Begin to wait."""
        super().__init__(daemon=True)
        self.state, self._asked = state, Event()
        self.start()

    def ask(self) -> None:
        """Have the work done, once more if it is being done now."""
        self._asked.set()

    def run(self) -> None:
        """Work whenever that is asked for."""
        while self._asked.wait():
            self._asked.clear()
            self.work()

    def work(self) -> None:
        """Do what this worker is for."""
        raise NotImplementedError

    def stop(self) -> None:
        """End what was started."""


class Builder(Worker):
    """Builds one edition."""

    def __init__(self, state: State, edition: Edition, site: Path) -> None:
        """Begin to wait."""
        self.edition, self.site = edition, site
        self.process: BaseProcess | None = None
        super().__init__(state)

    def work(self) -> None:
        """Build, and have its pages load themselves again."""
        name, start = self.edition.name, time.monotonic()
        self.process = forked.build(self.edition, self.site, make=True)
        if not self.edition.is_source:
            _be_patient(self.process)
        self.process.join()
        if self.process.exitcode in ENDED:
            return
        failed = self.process.exitcode != 0
        fault = f"{name}: the build failed, as the terminal says"
        self.state.note(name, fault if failed else "")
        self.state.made(name)
        took = duration(time.monotonic() - start)
        say(f"{name}: {'failed, see above' if failed else 'built'}, in {took}")

    def stop(self) -> None:
        """End the build that is under way."""
        if self.process and self.process.is_alive():
            self.process.terminate()
            self.process.join()


def _be_patient(process: "BaseProcess") -> None:
    """Leave the processor to the edition that who writes in English looks at."""
    if sys.platform != "win32" and process.pid:
        with suppress(OSError):  # it has ended
            os.setpriority(os.PRIO_PROCESS, process.pid, PATIENCE)


class Recorder(Worker):
    """Records what is stale, by a command in a process group of its own."""

    def __init__(self, state: State, command: Sequence[str]) -> None:
        """Begin to wait.

        Args:
            state: What pages are told.
            command: What to type before the names of recipes.
        """
        self.command = command
        self.tried: dict[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None
        super().__init__(state)

    def work(self) -> None:
        """Record what is stale and was not tried yet, unless just that is under way."""
        wanted = forked.stale()
        if wanted.items() <= self.tried.items():
            return
        self.stop()
        self.tried = wanted
        names = ", ".join(wanted)
        say(f"recording {names}")
        self.state.note("recording", f"Recording {names} …")
        command = [*self.command, *wanted]
        self.process = subprocess.Popen(command, start_new_session=True)
        Thread(target=self._await, args=(self.process, names), daemon=True).start()

    def _await(self, process: subprocess.Popen[bytes], names: str) -> None:
        """Say how a run ended, unless another took its place."""
        status = process.wait()
        if process is self.process:
            fault = f"{names}: the run failed, as the terminal says"
            self.state.note("recording", fault if status else "")
            say(f"recording failed, see above: {names}" if status else "recorded")

    def stop(self) -> None:
        """End the run that is under way, and wait until it is gone."""
        process, self.process = self.process, None
        if process and process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            process.wait()
