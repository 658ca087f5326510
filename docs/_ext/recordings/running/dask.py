"""What dask.distributed is told of a recipe and asked about it, where it runs them."""

import sys
from typing import Any

from recordings.key import in_file_settings
from recordings.model import Entry

GPU = "GPU"
"""What a recipe needs, as it says itself and as workers of a scheduler offer it."""


def is_one(executor: object) -> bool:
    """Tell whether an executor is a client of a scheduler."""
    return type(executor).__module__.partition(".")[0] == "distributed"


def options(entry: Entry, client: Any) -> dict[str, Any]:
    """Return the options with which it runs a recipe: once, where it can.

    Raises:
        ValueError: It asks for a GPU, and no worker has one; or for what can't be read.
    """
    if GPU not in in_file_settings.names(entry.recipe.settings, "needs"):
        return {"pure": False}
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    if not any(worker.get("resources", {}).get(GPU) for worker in workers):
        raise ValueError(
            "it needs a GPU, and no worker of the scheduler offers one; "
            "start one with: dask worker ADDRESS --resources GPU=1"
        )
    return {"pure": False, "resources": {GPU: 1}}


def gave_up() -> bool:
    """Tell, on a worker of the scheduler, whether no runner waits for the recipe."""
    module = sys.modules.get("distributed.worker")
    if module is None:
        return False
    try:
        worker = module.get_worker()
        task = worker.state.tasks.get(worker.get_current_task())
    except (AttributeError, ValueError):
        return False  # not on such a worker
    return task is None or task.state in {"cancelled", "released", "forgotten"}
