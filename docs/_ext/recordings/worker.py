"""The process of one recipe.

Started as `python -m recordings.worker JOB`, JOB being a file that holds a `Job`, or
forked by `recordings.fork_server`. What a recipe does to its process ends with it.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from recordings.job import Job
from recordings.processes import TOKEN, Family
from recordings.workspace import remove


def main(job_file: str) -> None:
    """Do the job that stands in a file."""
    job = Job.load(Path(job_file))
    end_with_runner(Path(job.workspace))
    work(job)


def work(job: Job, shared_memory: int = 0) -> NoReturn:
    """Do a job, and end, whatever threads still run.

    Args:
        job: The recipe to run, where and within which bounds.
        shared_memory: Bytes that this process would hold had it been started afresh.
    """
    # Not before: it takes a second, and in the guard it would take its memory too.
    from recordings import recorder  # noqa: PLC0415

    log = os.dup(1)

    def echo(text: str) -> None:
        with suppress(OSError):
            os.write(log, text.encode("utf-8", "replace"))

    outcome = recorder.attempt(job, echo, shared_memory)
    outcome.save(Path(job.workspace))
    echo(outcome.traceback)
    os._exit(0)


def end_with_runner(workspace: Path) -> None:
    """Have a guard end this process and all that it started when the runner ends.

    The runner holds the other end of standard input, which closes however the runner
    ends. The guard is a process, since no thread runs while a recipe holds Python's
    lock; and not a child of this one, since a recipe may wait for its children.
    """
    worker = os.getpid()
    lifeline = os.dup(0)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    child = os.fork()
    if child:
        os.close(lifeline)
        os.waitpid(child, 0)
        return
    try:
        if os.fork() == 0:
            os.setpgid(0, 0)
            family = Family(worker, os.environ.get(TOKEN, ""))
            os.read(lifeline, 1)
            family.end(spare=os.getpid())
            remove(workspace)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
