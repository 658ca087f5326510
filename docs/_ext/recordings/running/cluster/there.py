"""What a worker of the cluster does: run a recipe, and notice when nobody wants it."""

from typing import Any

from recordings.running import supervisor
from recordings.running.job import Ending, Job


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

    return supervisor.run(job, is_given_up=is_given_up)


def _is_wanted(worker: Any, key: Any) -> bool:
    """Tell whether the scheduler waits for a task, which it has told the worker of."""
    if worker.status.name not in {"running", "paused"}:
        return False
    task = worker.state.tasks.get(key)
    released = {"cancelled", "released", "forgotten"}
    return task is not None and task.state not in released
