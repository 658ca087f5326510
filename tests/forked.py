"""Run Python modules as processes of their own, forked from one that knows Sphinx.

Importing Sphinx, a theme and Sphinx-Gallery takes longer than to build a small site.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import runpy
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import IO, Any, Final
from unittest.mock import patch

from recordings.machine.spawn import fixed_environment

TIMEOUT: Final = 120
_COLOR: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_FORKED: Final = multiprocessing.get_context("forkserver")
_PRELOAD: Final = [
    "forked",
    "babel.messages.catalog",
    "bs4",
    "furo",
    "matplotlib.pyplot",
    "myst_nb.sphinx_",
    "nbformat",
    "polib",
    "rich.progress",
    "sphinx.builders.html",
    "sphinx.cmd.build",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "recordings.running.supervisor",
    "recordings.running.preloaded",
]


@dataclass(frozen=True)
class Build:
    """What one run of Sphinx left behind."""

    status: int
    stdout: str
    stderr: str
    folder: Path

    def page(self, name: str) -> str:
        """Return the text of the file *name* in the output folder."""
        return (self.folder / name).read_text(encoding="utf-8")


def start_server() -> None:
    """Start the fork server, unless it runs; a runner in this process has the same."""
    _FORKED.set_forkserver_preload(_PRELOAD)
    # The server has to find this module.
    here = os.pathsep.join([str(Path(__file__).parent), python_path()])
    with patch.dict(os.environ, PYTHONPATH=here), fixed_environment():
        forkserver.ensure_running()


def run_module(
    root: Path, module: str, *arguments: str, folder: Path | None = None
) -> Build:
    """Run ``python -m module`` from *root*, forked from what has imported Sphinx."""
    start_server()
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        about = (root, {**os.environ, "PYTHONPATH": python_path()}, module, arguments)
        streams = tuple(DupFd(each.fileno()) for each in (stdout, stderr))
        process = _FORKED.Process(target=_run_here, args=(*about, streams))
        process.start()
        process.join(TIMEOUT)
        if process.is_alive():
            process.kill()
            process.join()
            raise TimeoutError(f"{module} {arguments}: not done after {TIMEOUT} s")
        said, warned = _text(stdout), _text(stderr)
    return Build(process.exitcode or 0, said, warned, folder or root)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return _COLOR.sub("", file.read().decode("utf-8", "replace"))


def _run_here(
    root: Path,
    environment: dict[str, str],
    module: str,
    arguments: tuple[str, ...],
    streams: tuple[Any, Any],
) -> None:
    """Be the process that ``python -m module`` would be."""
    for number, stream in enumerate(streams, 1):
        os.dup2(stream.detach(), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(root)
    sys.path[:0] = [str(root), *environment["PYTHONPATH"].split(os.pathsep)]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def python_path() -> str:
    """Return ``PYTHONPATH`` so that it means the same from the site's folder."""
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return os.pathsep.join(str(Path(path).absolute()) for path in paths if path)
