"""Have Python take notes in the processes that this one starts, too.

They find `children/sitecustomize.py` through `PYTHONPATH`, of which no code in this
process knows: the system hands on what `putenv` sets, and `os.environ` doesn't tell.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

CHILDREN = str(Path(__file__).with_name("children"))
"""Folder, for Python's path, of what has another process take notes."""
_PATH = b"PYTHONPATH"


def begin(variable: str) -> None:
    """Hand it on, from now on.

    Args:
        variable: The environment variable that names the folder of the run.
    """
    import _posixsubprocess  # noqa: PLC0415 - only Unix has it, and runs recipes

    start: Any = _posixsubprocess.fork_exec
    mark, folder = variable.encode(), os.environb[variable.encode()]

    def fork_exec(words: Any, programs: Any, *given: Any) -> Any:
        _put()  # the recipe may have set its own
        if (lines := given[3]) is not None:
            own = dict(line.split(b"=", 1) for line in lines)
            if mark in own or os.path.basename(programs[0]).startswith(b"python"):  # noqa: PTH119
                own |= {mark: folder, _PATH: _path(own)}
                lines = [b"=".join(item) for item in own.items()]
        return start(words, programs, *given[:3], lines, *given[4:])

    vars(_posixsubprocess)["fork_exec"] = fork_exec
    _put()


def take() -> None:
    """Take what was handed on out of what code in this process sees."""
    path = os.environ.pop("PYTHONPATH").removeprefix(CHILDREN)
    if own := path.removeprefix(os.pathsep):
        os.environ["PYTHONPATH"] = own


def see_to(caller: FrameType) -> None:
    """Have `subprocess` hand it on: it has its own name for what starts a process."""
    start = sys.modules["_posixsubprocess"].fork_exec
    caller.f_globals.update(_fork_exec=start, _USE_POSIX_SPAWN=False)


def _put() -> None:
    os.putenv(_PATH, _path(os.environb))


def _path(own: Mapping[bytes, bytes]) -> bytes:
    return b":".join(filter(None, [CHILDREN.encode(), own.get(_PATH)]))
