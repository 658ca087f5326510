"""Where and on what a recipe runs: what can be found out, and nothing else."""

import os
import platform
import resource
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

PROCESSES = Path("/proc")


@cache
def processor() -> str | None:
    """Name this machine's processor, with its number of cores."""
    name = platform.processor()
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass  # not Linux: what platform knows has to do
    if not name:
        return None
    cores = os.cpu_count()
    return f"{' '.join(name.split())}, {cores} cores" if cores else name


def gpu() -> str | None:
    """Name the GPU, where there is one and the recipe imported PyTorch."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return str(torch.cuda.get_device_name())


def finds_gpu() -> bool:
    """Tell whether PyTorch finds a GPU here; that is asked in a process of its own."""
    code = "import torch; raise SystemExit(not torch.cuda.is_available())"
    nothing = subprocess.DEVNULL
    asked = [sys.executable, "-c", code]
    return not subprocess.run(
        asked, stdin=nothing, stdout=nothing, stderr=nothing, check=False
    ).returncode


def system() -> str:
    """Name the operating system and the machine's architecture."""
    return f"{platform.system()} {platform.machine()}"


_noted: dict[str, str] = {}
"""Versions that are not looked up again, in a process that does not last."""


def note_versions(packages: Iterable[str]) -> None:
    """Have the versions of packages be known in this process, and in its forks."""
    _noted.update(versions(packages))


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions installed here, Python's first; what is not here is left out."""
    found = {"Python": platform.python_version()}
    for package in packages:
        try:
            found[package] = _noted.get(package) or metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit(file: Path) -> str | None:
    """Return a file's last commit, only if the file is as that commit has it."""

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=file.parent, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        if git("status", "--porcelain", "--ignored", "--", file.name):
            return None
        return git("log", "-1", "--format=%H", "--", file.name) or None
    except (OSError, subprocess.CalledProcessError):
        return None  # no git, or no repository


def reset_peak_memory(process: int | None = None) -> None:
    """Begin to measure the peak anew, where the system can do that (Linux).

    Args:
        process: Its number; by default this process.
    """
    try:
        (PROCESSES / str(process or os.getpid()) / "clear_refs").write_text("5")
    except OSError:
        return


def peak_memory(process: int | None = None) -> int | None:
    """Return the highest resident memory of a process since the last reset, in bytes.

    Args:
        process: Its number; by default this process. Only Linux tells of another.
    """
    peak = _status("VmHWM", process)
    if peak is not None or process is not None:
        return peak
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def file_memory() -> int:
    """Return this process's resident memory that holds files, such as libraries.

    In bytes; 0 where the system doesn't tell (all but Linux).
    """
    return _status("RssFile") or 0


def _status(name: str, process: int | None = None) -> int | None:
    """Read one of the sizes that Linux tells of a process, in bytes."""
    file = PROCESSES / str(process or os.getpid()) / "status"
    try:
        for line in file.read_text("utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # not Linux
    return None
