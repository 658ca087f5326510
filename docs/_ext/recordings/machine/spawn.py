"""Start processes in an environment that is alike on every machine in what counts."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
OWN = ("PYTHONSAFEPATH", "PYTHONUNBUFFERED")
"""What the engine's processes need, and a recipe's children would stumble over."""


def environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a process that runs a recipe on one thread.

    Args:
        given: What it is made from; by default this process's environment.
    """
    given = os.environ if given is None else given
    # The process starts in another folder, so what is relative would be lost.
    found = given.get("PYTHONPATH", "").split(os.pathsep)
    python_path = os.pathsep.join(str(Path(each).absolute()) for each in found if each)
    kept = {
        name: value
        for name, value in given.items()
        if name not in {"PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONPATH"}
    }
    return {
        **kept,
        **thread_counts(1),
        **({"PYTHONPATH": python_path} if python_path else {}),
        **dict.fromkeys(OWN, "1"),
        "COLUMNS": "80",
        "LINES": "24",
        "MPLBACKEND": "agg",
        "PYTHONFAULTHANDLER": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONIOENCODING": "utf-8",
        "TZ": "UTC",
    }


def thread_counts(threads: int) -> dict[str, str]:
    """Return the variables that tell libraries how many threads they may use."""
    return dict.fromkeys(THREAD_COUNTS, str(threads))


@contextmanager
def fixed_environment(**also: str) -> Iterator[None]:
    """Have what this process starts meanwhile begin with `environment()`."""
    before, fixed = dict(os.environ), environment() | also
    os.environ.clear()
    os.environ.update(fixed)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def working_folder() -> str:
    """Return this process's working folder if modules are found there, else nothing."""
    here = str(Path.cwd())
    return here if {"", here} & {*sys.path} else ""
