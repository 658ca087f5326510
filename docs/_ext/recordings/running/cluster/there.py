"""What a worker of the cluster does: run a recipe, and notice when nobody wants it."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from recordings.machine.workspace import workspace
from recordings.running import luggage, supervision
from recordings.running.job import Ending, Job
from recordings.running.supervision import Supervisors

SENT = 2**20
"""Bytes at the end of a recipe's log that its runner gets."""


def run(job: Job, topic: str) -> Ending:
    """Run a recipe on this worker, and first tell that it begins.

    Args:
        job: The recipe, with its project.
        topic: Whoever listens to that is told the recipe's page.
    """
    from distributed import get_worker  # noqa: PLC0415 - only workers need it

    worker = get_worker()
    worker.log_event(topic, job.page)
    key = worker.get_current_task()

    def is_given_up() -> bool:
        return not _is_wanted(worker, key)

    with workspace() as folder, closing(Supervisors(1)) as supervisors:
        there = luggage.unpack(replace(job, workspace=str(folder)))
        with Path(there.log).open("w+b") as log:  # first: a recipe may remove it
            ending = supervisors.run(there, is_given_up=is_given_up)
            sent = supervision.end_of(log, SENT)
        return replace(ending, log=sent, shared=luggage.pack_shared(there))


def _is_wanted(worker: Any, key: Any) -> bool:
    """Tell whether the scheduler waits for a task, which it has told the worker of."""
    if worker.status.name not in {"running", "paused"}:
        return False
    task = worker.state.tasks.get(key)
    released = {"cancelled", "released", "forgotten"}
    return task is not None and task.state not in released
