"""Start a process of the runner's: afresh, with nothing imported."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from recordings.machine.process_tree import TOKEN

THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


JOB = "job.json"
"""The file in a recipe's folder that says what to do."""
RECIPE = ("recordings.running.worker", JOB)
"""The module that does a recipe's job, and what it is told."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process that leads a session, and stays a zombie until `end` is called.

    So its number belongs to no other before, unless what forked it was killed.
    """

    pid: int
    end: Callable[[], int | None]
    """Kill it if it runs still, and give its exit status: of a signal, the negative
    number; None if nobody knows."""


def afresh(  # noqa: PLR0913 - all but one are needed
    words: Sequence[str],
    threads: int,
    folder: Path,
    token: str,
    log: BinaryIO,
    *,
    descriptors: Sequence[int] = (),
) -> Process:
    """Start a new Python.

    Args:
        words: The module that it runs, and what that is told.
        threads: How many a library may use.
        folder: Its own, where it begins.
        token: Names the processes that belong to it.
        log: For all that they print.
        descriptors: What else it shares with this process.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", *words],
        stdin=subprocess.PIPE,  # held open: it ends when this closes
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=environment(threads) | own_environment(folder, token),
        pass_fds=descriptors,
        start_new_session=True,
    )

    def end() -> int:
        process.kill()
        status = process.wait()
        if process.stdin:
            process.stdin.close()
        return status

    return Process(process.pid, end)


def environment(threads: int) -> dict[str, str]:
    """Make the environment of a recipe, alike on every machine in what counts."""
    # The worker starts in another folder, so what is relative would be lost.
    found = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    python_path = os.pathsep.join(str(Path(each).absolute()) for each in found if each)
    return {
        **os.environ,
        **dict.fromkeys(THREAD_COUNTS, str(threads)),
        **({"PYTHONPATH": python_path} if python_path else {}),
        "MPLBACKEND": "agg",
        "PYTHONFAULTHANDLER": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONIOENCODING": "utf-8",
    }


def own_environment(folder: Path, token: str) -> dict[str, str]:
    """Give what no two processes have alike: their name, their temporary files."""
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    return {"TMPDIR": str(temporary), TOKEN: token}
