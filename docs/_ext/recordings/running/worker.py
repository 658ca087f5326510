"""The process of one recipe.

Started as `python -m recordings.running.worker JOB`, JOB being a file that holds a
`Job`, or forked by `fork_server`. What a recipe does to its process ends with it.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from recordings.machine.watchdog import end_with_runner
from recordings.running.job import Job


def main(job_file: str, shared_memory: int = 0) -> NoReturn:
    """Do the job that stands in a file, and end, whatever threads still run.

    Args:
        job_file: Its path.
        shared_memory: Bytes that this process would hold beyond what it holds, had it
            been started afresh.
    """
    job = Job.load(Path(job_file))
    end_with_runner(Path(job.workspace))
    # Not before: it takes a second, in which the runner may end.
    from recordings.running import recorder  # noqa: PLC0415

    log = os.dup(1)

    def echo(text: str) -> None:
        with suppress(OSError):
            os.write(log, text.encode("utf-8", "replace"))

    outcome = recorder.attempt(job, echo, shared_memory)
    outcome.save(Path(job.workspace))
    echo(outcome.traceback)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
