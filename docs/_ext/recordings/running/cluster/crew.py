"""The workers that a run may use: each is asked when it comes, and one may come again.

A worker is known by its address, which a later one may have.
"""

import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial

from recordings.running.cluster.admission import Admission
from recordings.running.cluster.scheduler import Scheduler
from recordings.running.cluster.workers import Worker

SILENT = "those don't answer"


class Crew:
    """The workers of one scheduler. One thread changes them; any may read them."""

    def __init__(
        self, scheduler: Scheduler, tell: Callable[[Callable[[], None]], None]
    ) -> None:
        """Know of none yet.

        Args:
            scheduler: Whose workers they are.
            tell: Has a function be called in the thread that changes the crew.
        """
        self._scheduler, self._tell = scheduler, tell
        self._pinned: Mapping[str, str] = {}
        self._asked: frozenset[str] = frozenset()
        self._refused: Mapping[str, str] = {}
        self.there: Mapping[str, Worker] = {}
        """All that there are, by address."""
        self.admitted: Mapping[str, Worker] = {}
        """Those that recipes may run on."""

    def first(self, pinned: Mapping[str, str]) -> Admission:
        """Ask those that there are, and wait for that; later ones are asked likewise.

        Args:
            pinned: Versions by package.
        """
        self.there, self._pinned = self._scheduler.workers(), pinned
        self._asked = frozenset(self.there)
        admission = self._scheduler.admit(self.there, pinned)
        self._take(self.there, admission)
        return admission

    def look(self) -> None:
        """See which have gone or come, and have those asked that came.

        Raises:
            ExecutorLost: The scheduler does not tell.
        """
        found = self.there = self._scheduler.workers()
        self.admitted = {it: found[it] for it in found if it in self.admitted}
        # What comes again at its address may have been mended, or broken.
        self._refused = {it: why for it, why in self._refused.items() if it in found}
        self._asked &= found.keys()
        if new := {it: found[it] for it in found if it not in self._asked}:
            self._asked |= new.keys()
            threading.Thread(target=self._ask, args=(new,), daemon=True).start()

    def hopes(self, at_work: Collection[str]) -> list[Worker]:
        """List those that run a recipe, or may yet.

        Args:
            at_work: The addresses of those that run one.
        """
        return [
            worker
            for address, worker in self.there.items()
            if address not in self._refused and (worker.threads or address in at_work)
        ]

    @property
    def fault(self) -> str:
        """Why one that is there is not admitted; empty if there is none."""
        return next(iter(self._refused.values()), "")

    def _ask(self, new: Mapping[str, Worker]) -> None:
        """Ask workers, in a thread of its own: that may take as long as it may."""
        admission = Admission(frozenset())
        with suppress(Exception):  # then it is as if none had answered
            admission = self._scheduler.admit(new, self._pinned)
        self._tell(partial(self._take, new, admission))

    def _take(self, new: Mapping[str, Worker], admission: Admission) -> None:
        """Admit or refuse workers; what was silent is asked again."""
        faulty = {address for address, *_ in admission.rows}
        good = admission.admitted
        self._asked -= new.keys() - good - faulty
        others = dict.fromkeys(new.keys() - good, SILENT)
        others |= dict.fromkeys(faulty, admission.told())
        kept = {it: why for it, why in self._refused.items() if it not in new}
        self._refused = {**kept, **others}
        left = {it: known for it, known in self.admitted.items() if it not in new}
        self.admitted = {**left, **{it: new[it] for it in good}}
