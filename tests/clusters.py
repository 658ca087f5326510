"""Clusters of dask.distributed on this machine: each worker has folders of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from projects import PATIENCE, wait_for

import recordings

if TYPE_CHECKING:
    from collections.abc import Mapping

ENGINE = str(Path(recordings.__file__).parents[1])
QUICK = {
    "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "False",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5 s",
    "PYTHONWARNINGS": "ignore",
}
"""The environment of schedulers and workers: what is lost is noticed soon."""


@dataclass
class Cluster:
    """A scheduler and its workers, by name."""

    folder: Path
    scheduler: subprocess.Popen[bytes]
    address: str
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @classmethod
    def start(cls, folder: Path) -> Cluster:
        """Start a scheduler, and wait for it."""
        about = folder / "scheduler.json"
        scheduler = _dask(
            folder / "scheduler",
            *("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            *("--scheduler-file", str(about)),
        )
        assert wait_for(about.exists), "the scheduler has not started"
        address: str = json.loads(about.read_text("utf-8"))["address"]
        return cls(folder, scheduler, address)

    def add(self, name: str, *options: str, **environment: str) -> None:
        """Start a worker, which has folders of its own and knows its name."""
        self.workers[name] = _dask(
            self.folder / name,
            *("worker", self.address, "--name", name, "--host", "127.0.0.1"),
            *("--nthreads", "1", "--no-dashboard"),
            *(() if "--nanny" in options else ("--no-nanny",)),
            *options,
            environment={"WORKER": name, **environment},
        )

    def have(self, **workers: tuple[str, ...]) -> None:
        """Have these workers and no others, each given by its name and options."""
        for name in [*self.workers]:
            if name not in workers or self.workers[name].poll() is not None:
                self.kill(name)
        for name, options in workers.items():
            if name not in self.workers:
                self.add(name, *options)
        assert wait_for(lambda: all(map(self._is_there, self.workers)))

    def _is_there(self, name: str) -> bool:
        return b"Registered to" in (self.folder / name / "log").read_bytes()

    def kill(self, name: str) -> None:
        """End a worker as a power cut would."""
        _kill(self.workers.pop(name))
        shutil.rmtree(self.folder / name)

    def left(self) -> list[Path]:
        """List what runs have left on the workers."""
        return [*self.folder.glob("*/tmp/recordings-*")]

    def end(self) -> None:
        """End all."""
        for process in (*self.workers.values(), self.scheduler):
            _kill(process)


def _dask(
    folder: Path, *words: str, environment: Mapping[str, str] = {}
) -> subprocess.Popen[bytes]:
    (folder / "tmp").mkdir(parents=True)
    own = {"PYTHONPATH": ENGINE, "TMPDIR": str(folder / "tmp"), **environment}
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            cwd=folder,
            env={**os.environ, **QUICK, **own},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(psutil.NoSuchProcess):
        own = psutil.Process(process.pid)
        for each in (own, *own.children(recursive=True)):
            if "recordings.running" not in " ".join(each.cmdline()):
                each.kill()
    process.wait(PATIENCE)
