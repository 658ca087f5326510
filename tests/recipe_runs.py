"""Run recipes in processes of their own, forked from one that has imported PyTorch.

To import it takes longer than most recipes.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from multiprocessing import get_context
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final, NoReturn

from recordings.machine.spawn import environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PRELOAD: Final = ("matplotlib.pyplot", "torchvision", "torch._dynamo")
TIMEOUT: Final = 300
"""Seconds; the slowest recipe took 43 on a busy machine."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a script ended, and what it printed."""

    status: int
    stdout: str
    stderr: str


def run(scripts: Sequence[Path]) -> list[Ran]:
    """Run each script in its folder, as many at once as there are cores."""
    return _preloaded().submit(_fork_each, scripts).result()


@cache
def _preloaded() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, get_context("spawn"), _preload)


def _preload() -> None:
    os.environ.update(environment())
    for name in PRELOAD:
        import_module(name)


def _fork_each(scripts: Sequence[Path]) -> list[Ran]:
    with ExitStack() as files:
        outputs = [
            [files.enter_context(TemporaryFile()) for _ in ("stdout", "stderr")]
            for _ in scripts
        ]
        status: dict[int, int] = {}
        running: dict[int, int] = {}
        for index, script in enumerate(scripts):
            if len(running) == os.cpu_count():
                process, ended = os.wait()
                status[running.pop(process)] = ended
            process = os.fork()
            if not process:
                _be(script, outputs[index])
            running[process] = index
        while running:
            process, ended = os.wait()
            status[running.pop(process)] = ended
        return [
            Ran(os.waitstatus_to_exitcode(status[index]), *map(_text, streams))
            for index, streams in enumerate(outputs)
        ]


def _be(script: Path, streams: Sequence[IO[bytes]]) -> NoReturn:
    """Be the process that `python script` would be."""
    status = 1
    try:
        signal.alarm(TIMEOUT)
        for number, stream in enumerate(streams, 1):
            os.dup2(stream.fileno(), number)
        os.chdir(script.parent)
        sys.path.insert(0, str(script.parent))
        runpy.run_path(str(script), run_name="__main__")
        status = 0
    except BaseException:  # noqa: BLE001 - as Python itself prints it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")
