"""End a process and all that it started when the runner ends.

The runner holds the other end of the guard's standard input, which closes however the
runner ends. The guard is a process, since no thread runs while a recipe holds Python's
lock; no child of the one it guards, since a recipe may wait for its children; and a new
Python, since a fork would hold the memory of what it was forked from.

Started as `python -m recordings.machine.watchdog PROCESS TOKEN WORKSPACE`.
"""

import os
import sys
from pathlib import Path

import psutil

from recordings.machine.process_tree import TOKEN, Family
from recordings.machine.workspace import remove


def end_with_runner(workspace: Path) -> None:
    """Start a guard of this process, and leave the runner's end of input to it.

    Args:
        workspace: Removed when the runner ends.

    Raises:
        OSError: The system has no room for a guard.
    """
    process = os.getpid()
    lifeline = os.dup(0)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    child = os.fork()
    if child:
        os.close(lifeline)
        _, status = os.waitpid(child, 0)
        if status:
            raise OSError("no process can be started to guard this one")
        return
    failed = 1
    try:
        if os.fork() == 0:
            os.setpgid(0, 0)
            os.dup2(lifeline, 0)
            token = os.environ.get(TOKEN, "")
            words = ["-P", "-m", "recordings.machine.watchdog", str(process), token]
            os.execv(sys.executable, [sys.executable, *words, str(workspace)])  # noqa: S606
        failed = 0
    finally:
        os._exit(failed)


def main(process: str, token: str, workspace: str) -> None:
    """Wait for the runner's end, then end what it left."""
    try:
        family = Family(int(process), token)
    except psutil.NoSuchProcess:
        family = None
    os.read(0, 1)
    if family:
        family.end(spare=os.getpid())
    remove(Path(workspace))


if __name__ == "__main__":
    main(*sys.argv[1:])
