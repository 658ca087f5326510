"""Run recipes in processes of their own, forked from one that has imported PyTorch.

To import it takes longer than most recipes.
"""

from __future__ import annotations

import atexit
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
from typing import TYPE_CHECKING, Final, NoReturn

from recordings.machine.spawn import environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PRELOAD: Final = {
    "matplotlib.pyplot": "matplotlib",
    "torchvision": "torchvision",
    "torch._dynamo": "torch.optim",
}
"""Modules to import, each with what stands in a script that imports it, too."""
STREAMS: Final = (".stdout", ".stderr")
"""Names of the files, beside a script, with what it printed."""
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
    texts = [each.read_text("utf-8") for each in scripts]
    for name, sign in PRELOAD.items():
        if any(sign in text for text in texts):
            _forked().submit(_import, name)
    return _forked().submit(_fork_each, scripts).result()


@cache
def _forked() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, get_context("spawn"), _begin)


def _begin() -> None:
    os.environ.update(environment())
    # Last of all; to take down all that was imported would take a second.
    atexit.register(os._exit, 0)


def _import(name: str) -> None:
    import_module(name)


def _fork_each(scripts: Sequence[Path]) -> list[Ran]:
    waiting, status = [*scripts], {}
    running: dict[int, Path] = {}
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            script = waiting.pop(0)
            if not (process := os.fork()):
                _be(script)
            running[process] = script
        process, ended = os.wait()
        status[running.pop(process)] = os.waitstatus_to_exitcode(ended)
    return [
        Ran(status[each], *(each.with_suffix(to).read_text("utf-8") for to in STREAMS))
        for each in scripts
    ]


def _be(script: Path) -> NoReturn:
    """Be the process that `python script` would be."""
    status = 1
    try:
        signal.alarm(TIMEOUT)
        for number, name in enumerate(STREAMS, 1):
            os.dup2(os.open(script.with_suffix(name), os.O_CREAT | os.O_WRONLY), number)
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
