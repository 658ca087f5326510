"""Run every recipe on other threads and kernels, and print the claims that fail there.

A recording is made on one machine, and the kernels of a reader's may round differently.
Type `nox -s claims`, with names to run only those recipes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import Signals
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from rich.progress import track

from recordings.finding import UnknownRecipe
from recordings.library import open_library
from recordings.machine import spawn
from recordings.machine.copies import mirror

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recordings.model import Recipe

KERNELS: Final[Mapping[str, Sequence[str]]] = {
    "ATEN_CPU_CAPABILITY": ("default", "avx2"),
    "MKL_ENABLE_INSTRUCTIONS": ("SSE4_2", "AVX2", "AVX512"),
    "DNNL_MAX_CPU_ISA": ("SSE41", "AVX2", "AVX512_CORE"),
    "MKL_CBWR": ("COMPATIBLE",),
}
"""Which kernels PyTorch, MKL and oneDNN are to take, by environment variable."""
CPUINFO: Final = Path("/proc/cpuinfo")
TIMEOUT = 600.0
"""Seconds that a recipe may run."""


def settings(processor: str) -> dict[str, dict[str, str]]:
    """Return the environment of each setting, by what is typed to have it.

    Args:
        processor: The features of this machine's processor.
    """
    left_out = {*KERNELS, *spawn.OWN}
    alike = {k: v for k, v in spawn.environment().items() if k not in left_out}
    own = {threads: alike | spawn.thread_counts(threads) for threads in (1, 2)}
    found = {f"OMP_NUM_THREADS={threads}": each for threads, each in own.items()}
    for variable, values in KERNELS.items():
        for value in values:
            if "AVX512" not in value or "avx512f" in processor:
                found[f"{variable}={value}"] = own[1] | {variable: value}
    return found


def failed_claim(recipe: Recipe, project: Path, variables: Mapping[str, str]) -> str:
    """Run a recipe in a copy of its folder; return what failed, or an empty string."""
    with TemporaryDirectory() as folder, Path(folder, "errors").open("w+") as errors:
        script = mirror(recipe.path, project, Path(folder, "copy")).with_suffix(".py")
        if recipe.kind == "guide":
            script.write_text(_with_its_lines(recipe), "utf-8")
        process = subprocess.Popen(
            [sys.executable, script.name],
            cwd=script.parent,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        try:
            status = process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            return f"{recipe.path.name}: not done after {TIMEOUT:g} seconds"
        finally:
            process.kill()
            process.wait()
        errors.seek(0)
        place, error = _error(errors.read(), script.name)
    ended = f"ended by {Signals(-status).name}" if status < 0 else f"status {status}"
    return f"{recipe.path.name}{place}: {error or ended}" if status else ""


def _with_its_lines(guide: Recipe) -> str:
    """Return a guide's code as a script, with each line at its place in the guide."""
    lines: list[str] = []
    for block in guide.blocks:
        lines += [""] * (block.line - 1 - len(lines)) + block.content.splitlines()
    return "\n".join(lines)


def _error(errors: str, script: str) -> tuple[str, str]:
    """Return the line of a script that failed, after a colon, and the error.

    Of an assertion, that is its message, or its code where it has none.
    """
    _, traceback, last = errors.rpartition("Traceback (most recent call last):\n")
    if not traceback:
        return "", ""
    frame = rf'^  File "(?:.*/)?{re.escape(script)}", line (\d+).*\n(?:    (.*))?'
    line, code = [("", ""), *re.findall(frame, last, re.MULTILINE)][-1]
    [error, *_] = re.findall(r"^\S.*", last, re.MULTILINE)
    message = error.removeprefix("AssertionError").removeprefix(": ")
    return f":{line}", message or code


def main(names: Sequence[str]) -> int:
    """Run recipes in all settings and print what failed; return the exit status."""
    project = Path.cwd()
    try:
        entries = open_library(project / "docs").entries(names)
    except UnknownRecipe as error:
        sys.exit(f"claims: {error}")
    known = settings(CPUINFO.read_text("utf-8") if CPUINFO.exists() else "")
    runs = [(entry.recipe, setting) for entry in entries for setting in known]
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        claims = pool.map(
            lambda run: failed_claim(run[0], project, known[run[1]]), runs
        )
        told = zip(runs, track(claims, "running recipes", len(runs)), strict=True)
        for (recipe, setting), claim in told:
            if claim:  # said at once: a run over all recipes takes half an hour
                failed += 1
                print(f"{recipe.page} with {setting}: {claim}", flush=True)  # noqa: T201
    ended = f"{failed} failed" if failed else "all claims hold"
    print(f"{len(runs)} runs, {len(known)} settings: {ended}")  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
