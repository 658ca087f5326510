"""Start the process of one recipe: afresh, with nothing imported."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from recordings.processes import TOKEN

THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


@dataclass(frozen=True, slots=True)
class Process:
    """The process of one recipe: it leads a session, and stays a zombie when it ended.

    So its number belongs to no other before `end` was called.
    """

    pid: int
    end: Callable[[], int | None]
    """Kill it if it runs still, and give its exit status: of a signal, the negative
    number; None if nobody knows."""


def afresh(folder: Path, threads: int, token: str, log: BinaryIO) -> Process:
    """Start a new Python for a recipe.

    Args:
        folder: Where the job stands, and where the process begins.
        threads: How many a library may use.
        token: Names the recipe's processes.
        log: For all that they print.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "recordings.worker", "job.json"],
        stdin=subprocess.PIPE,  # held open: the worker ends when it closes
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=environment(threads, token) | own_environment(folder),
        start_new_session=True,
    )

    def end() -> int:
        process.kill()
        status = process.wait()
        if process.stdin:
            process.stdin.close()
        return status

    return Process(process.pid, end)


def environment(threads: int, token: str) -> dict[str, str]:
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
        TOKEN: token,
    }


def own_environment(folder: Path) -> dict[str, str]:
    """Give what is in each recipe's environment another: where its temporary files go.

    Args:
        folder: The recipe's.
    """
    return {"TMPDIR": str(folder / "tmp")}
