"""Workers of a scheduler as it tells of them, and which of them a recipe goes to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

RESOURCE = "GPU"
"""What a recipe needs that says "gpu", as workers offer it."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker, and how much it takes on at once."""

    address: str
    host: str
    threads: int
    """How many recipes it runs at once; 0: it takes on none now, but has not died."""
    gpus: int


class Wish(Protocol):
    """What counts of a recipe that is to run, or runs."""

    @property
    def needs_gpu(self) -> bool:
        """Whether it runs only where there is a GPU that no other recipe has."""

    @property
    def is_suspect(self) -> bool:
        """Whether a worker died as it ran it; then it gets one to itself."""


def known(info: Mapping[str, Any]) -> dict[str, Worker]:
    """Return the workers, by address, from a scheduler's answer."""
    return {
        address: Worker(
            address,
            about.get("host", address),
            about["nthreads"] if about["status"] == "running" else 0,
            int(about.get("resources", {}).get(RESOURCE, 0)),
        )
        for address, about in info["workers"].items()
    }


def choose(
    wish: Wish, workers: Iterable[Worker], busy: Mapping[str, Sequence[Wish]]
) -> Worker | None:
    """Choose a worker for a recipe; None if it has to wait.

    Those with a GPU are kept for the recipes that need one, as long as others are free.

    Args:
        wish: The recipe.
        workers: Those that there are.
        busy: What each runs now, by address.
    """
    free = [each for each in workers if _takes(each, wish, busy.get(each.address, ()))]

    def rank(worker: Worker) -> tuple[bool, float, str]:
        load = len(busy.get(worker.address, ())) / worker.threads
        return bool(worker.gpus) > wish.needs_gpu, load, worker.address

    return min(free, key=rank, default=None)


def jobs(worker: Worker, workers: Iterable[Worker]) -> int:
    """Return how many recipes may run at once on a worker's machine."""
    return sum(each.threads for each in workers if each.host == worker.host)


def _takes(worker: Worker, wish: Wish, runs: Sequence[Wish]) -> bool:
    if (wish.is_suspect and runs) or any(each.is_suspect for each in runs):
        return False
    if wish.needs_gpu and sum(it.needs_gpu for it in runs) >= worker.gpus:
        return False
    return len(runs) < worker.threads
