"""The process of one recipe, forked by its supervisor.

What a recipe does to its process ends with it.
"""

import ctypes
import os
import sys
import tempfile
from contextlib import suppress
from multiprocessing import forkserver, process, resource_tracker, set_start_method
from pathlib import Path
from typing import NoReturn

from recordings.machine import provenance, reads, spawn
from recordings.machine.process_tree import die_with_parent
from recordings.running.job import Host, Job

MAX_DESCRIPTORS = 2**16
UNSAVED = os.EX_IOERR
"""Exit status where the outcome could not be written."""
LINE = "line"
"""File in the workspace: the line of the code block that runs now."""


def main(job: Job, log: int, supervisor: int) -> NoReturn:
    """Do a job and end, whatever threads still run.

    Args:
        job: What to do; its workspace is where this process begins.
        log: Descriptor of the file for all that it prints.
        supervisor: Number of the process that forked this one.
    """
    die_with_parent(supervisor)
    folder = Path(job.workspace)
    # A session of its own: a recipe may signal its whole process group.
    os.setsid()
    os.chdir(folder)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.closerange(3, MAX_DESCRIPTORS)
    sys.stdin = os.fdopen(0, closefd=False)
    _begin_afresh(folder, job)
    # Not before: a supervisor needs none of it.
    from recordings.running import preloaded, recorder  # noqa: PLC0415

    log = os.dup(1)

    def echo(text: str) -> None:
        with suppress(OSError):
            os.write(log, text.encode("utf-8", "backslashreplace"))

    def note_line(line: int) -> None:
        with suppress(OSError):
            (folder / LINE).write_text(str(line), "utf-8")

    sys.path[:] = [*filter(None, [job.path]), *job.python_path, *preloaded.PATH]
    _forget_server(preloaded.MAIN_PROCESS)
    held_elsewhere = max(0, preloaded.FILE_MEMORY - provenance.file_memory())
    outcome = recorder.attempt(job, Host(echo, note_line, held_elsewhere))
    status = 0
    try:
        outcome.save(folder)
    except OSError:  # the folder is gone, or the disk is full
        status = UNSAVED
    echo(outcome.traceback)
    os._exit(status)


def place(workspace: Path) -> str:
    """Say which code block ran last; nothing if none did."""
    with suppress(OSError):
        line = (workspace / LINE).read_text("utf-8")
        return f", in the code block at line {line}"
    return ""


def _begin_afresh(folder: Path, job: Job) -> None:
    """Have this process find what is its own, as one that was not forked would."""
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    os.environ |= spawn.thread_counts(job.threads) | {
        "TMPDIR": str(temporary),
        # A `conf.py` may have its own folder for what is temporary.
        reads.WORKSPACE: str(folder),
    }
    for name in spawn.OWN:
        os.environ.pop(name, None)
    if job.python_path:
        known = filter(None, [os.environ.get("PYTHONPATH")])
        os.environ["PYTHONPATH"] = os.pathsep.join([*job.python_path, *known])
    tempfile.tempdir = None
    # What was printed has to be in the log when this process is killed.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(write_through=True)  # type: ignore[union-attr]
    with suppress(AttributeError, ValueError, OSError):  # a system without such a name
        library = ctypes.CDLL(None)
        unbuffered = 2  # _IONBF
        library.setvbuf(ctypes.c_void_p.in_dll(library, "stdout"), None, unbuffered, 0)
    # What was not seeded differs from process to process. Python's own generator sees
    # to that itself.
    if torch := sys.modules.get("torch"):
        torch.default_generator.seed()
    if random := sys.modules.get("numpy.random"):
        random.seed()


def _forget_server(main: process.BaseProcess) -> None:
    """Have `multiprocessing` in a recipe begin anew, instead of asking our server."""
    main.name = "MainProcess"  # a fork gave it its own
    process.__dict__.update(
        _current_process=main, _parent_process=None, _children=set()
    )
    set_start_method(None, force=True)
    for each in (forkserver._forkserver, resource_tracker._resource_tracker):  # noqa: SLF001
        type(each).__init__(each)
