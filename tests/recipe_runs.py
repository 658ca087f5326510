"""Run recipes in processes of their own, forked from ones that have imported PyTorch.

To import it takes longer than most recipes.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from multiprocessing import get_context
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final, NoReturn

from recordings.machine.spawn import environment

if TYPE_CHECKING:
    from concurrent.futures import Future
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


def start(script: Path) -> Future[Ran]:
    """Run *script* in its folder, as many at once as there are cores."""
    return _pool().submit(_run, script)


@cache
def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        os.cpu_count(), mp_context=get_context("spawn"), initializer=_preload
    )


def _preload() -> None:
    os.environ.update(environment())
    for name in PRELOAD:
        import_module(name)


def _run(script: Path) -> Ran:
    with TemporaryFile() as stdout, TemporaryFile() as stderr:
        process = os.fork()
        if not process:
            _be(script, stdout, stderr)
        _, status = os.waitpid(process, 0)
        printed = [_text(each) for each in (stdout, stderr)]
    return Ran(os.waitstatus_to_exitcode(status), *printed)


def _be(script: Path, *streams: IO[bytes]) -> NoReturn:
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
