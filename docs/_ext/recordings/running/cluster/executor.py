"""The executor that has workers of a scheduler run recipes.

The scheduler is told of a recipe only when a worker is free for it, and of that worker:
so only what a worker ran is blamed when it dies, and nothing waits where it can't run.
All state is changed in one thread, which takes turns: what has happened, which workers
there are, and which recipes can begin.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from recordings.key import in_file_settings
from recordings.library import Library
from recordings.model import Entry
from recordings.running.cluster import workers
from recordings.running.cluster.crew import Crew
from recordings.running.cluster.packing import Parcel
from recordings.running.cluster.scheduler import Scheduler, WorkerDied
from recordings.running.cluster.workers import RESOURCE, Worker
from recordings.running.executor import ExecutorLost, Refused
from recordings.running.job import Ending, Job
from recordings.running.versions import OtherVersions

POLL_INTERVAL = 0.5
"""Seconds between two looks at which workers there are."""
RERUNS = 2
"""How often a recipe is run again because its worker died."""


@dataclass(eq=False, slots=True)
class Task:
    """A recipe that is to run."""

    job: Job
    log: Path
    needs_gpu: bool
    ending: Future[Ending] = field(default_factory=Future)
    deaths: int = 0
    """How many workers have died as they ran it."""
    worker: str = ""
    """The address of the one that runs it."""
    running: Any = None
    """The scheduler's future, while it runs."""

    @property
    def is_suspect(self) -> bool:
        """Whether it may be what its worker died of."""
        return self.deaths > 0


class Cluster:
    """The workers of one scheduler, for one run."""

    def __init__(self, scheduler: Scheduler, jobs: int | None = None) -> None:
        """Wait for nothing yet.

        Args:
            scheduler: Whose workers they are.
            jobs: How many recipes run at once; by default, as many as workers take.
        """
        self._scheduler, self._patience = scheduler, scheduler.patience
        self._most = jobs
        self._events: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._tasks: list[Task] = []
        self._logs: dict[str, Path] = {}
        self._crew = Crew(scheduler, self._events.put)
        self._parcel: Parcel | None = None
        self._seen = self._seen_gpu = 0.0
        """When there was a worker last, and one with a GPU; 0: never."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    # In the runner's thread -----------------------------------------------------------

    @property
    def jobs(self) -> int:
        """How many recipes run at once on the workers that there are now."""
        threads = sum(each.threads for each in self._crew.admitted.values())
        return max(1, min(threads, self._most or threads))

    def check(self, pinned: Mapping[str, str]) -> None:
        """Wait for a worker, and compare what all have with what is here and pinned."""
        end = time.monotonic() + self._patience
        while not any(each.threads for each in self._scheduler.workers().values()):
            if time.monotonic() > end:
                raise ExecutorLost(
                    f"no worker came to the scheduler at {self._scheduler.address} "
                    f"within {self._patience:g} s; {self._advice()}"
                )
            time.sleep(POLL_INTERVAL)
        admission = self._crew.first(pinned)
        if admission.rows:
            raise OtherVersions(admission.told())

    @contextmanager
    def ready(self, library: Library, _: Sequence[Entry]) -> Iterator[None]:
        """Take turns, meanwhile."""
        self._parcel = Parcel(library)
        self._scheduler.listen(self._note_beginning)
        self._seen = time.monotonic()
        self._thread.start()
        try:
            yield
        finally:
            self._end_turns()

    def submit(self, entry: Entry, job: Job) -> Future[Ending]:
        """Have a recipe run as soon as a worker is free for it."""
        needs = in_file_settings.names(entry.recipe.settings, "needs")
        assert self._parcel, "it is ready"  # noqa: S101 - for whoever reads types
        log = self._logs[job.page] = Path(job.log)
        task = Task(
            self._parcel.add(job, entry.recipe), log, in_file_settings.GPU in needs
        )
        self._events.put(partial(self._tasks.append, task))
        return task.ending

    def stop(self) -> None:
        """Have the workers end all recipes."""
        self._end_turns()
        with suppress(Empty):
            while True:
                self._events.get_nowait()()
        for task in self._tasks:
            task.ending.cancel()
            if task.running:
                self._scheduler.cancel(task.running)

    def _end_turns(self) -> None:
        self._ended.set()
        self._thread.join(timeout=2 * POLL_INTERVAL)

    def _note_beginning(self, page: str) -> None:
        """Begin a recipe's log, which tells the runner that it runs."""
        with suppress(OSError, KeyError):
            log = self._logs[page]
            log.parent.mkdir(parents=True, exist_ok=True)
            log.touch()

    # In a thread of its own -----------------------------------------------------------

    def _run(self) -> None:
        """Take turns until the end."""
        try:
            while not self._ended.is_set():
                with suppress(Empty):
                    self._events.get(timeout=POLL_INTERVAL)()
                for _ in range(self._events.qsize()):  # not those that these add
                    self._events.get()()
                self._look()
                self._begin()
        except ExecutorLost as lost:
            self._lose(lost)
        except Exception as error:  # noqa: BLE001 - nobody may wait for ever
            self._lose(ExecutorLost(f"{type(error).__name__}: {error}"))

    def _lose(self, lost: ExecutorLost) -> None:
        """End each recipe with the same sentence, those that come yet, too."""
        while not self._ended.is_set():
            for task in [*self._tasks]:
                self._end(task, lost)
            with suppress(Empty):
                self._events.get(timeout=POLL_INTERVAL)()

    def _look(self) -> None:
        """See which workers have died or come, and whether any is left."""
        self._crew.look()
        for task in [*self._tasks]:
            if task.worker and task.worker not in self._crew.there:
                self._died(task)
        now = time.monotonic()
        if hopes := self._crew.hopes({task.worker for task in self._tasks}):
            self._seen = now
        elif now - self._seen > self._patience:
            raise ExecutorLost(
                f"the scheduler at {self._scheduler.address} has had no worker for "
                f"{self._patience:g} s; {self._crew.fault or self._advice()}"
            )
        if any(each.gpus for each in hopes):
            self._seen_gpu = now
        elif not self._seen_gpu or now - self._seen_gpu > self._patience:
            for task in [it for it in self._tasks if it.needs_gpu and not it.worker]:
                self._end(task, Refused(self._without_gpu()))

    def _begin(self) -> None:
        """Give to free workers what waits: first what may wait for one of few."""
        busy = defaultdict[str, list[Task]](list)
        for task in self._tasks:
            if task.worker:
                busy[task.worker].append(task)
        known = self._crew.admitted.values()
        waiting = (each for each in self._tasks if not each.worker)
        for task in sorted(waiting, key=_last):
            if self._most and sum(map(len, busy.values())) >= self._most:
                return
            if worker := workers.choose(task, known, busy):
                self._start(task, worker)
            elif task.is_suspect:  # it gets the next worker that has nothing left to do
                worker = workers.choose(task, known, {})
            if worker:
                busy[worker.address].append(task)

    def _start(self, task: Task, worker: Worker) -> None:
        side_by_side = workers.jobs(worker, self._crew.admitted.values())
        job = replace(task.job, jobs=min(side_by_side, self._most or side_by_side))
        future = self._scheduler.start(job, worker, with_gpu=task.needs_gpu)
        task.worker, task.running = worker.address, future
        future.add_done_callback(partial(self._fetch, task))

    def _fetch(self, task: Task, future: Any, wait: float = 0) -> None:
        """Fetch a result in a thread of its own: what has it may not answer.

        Args:
            task: The recipe.
            future: The scheduler's, which has ended.
            wait: Seconds, before.
        """

        def fetch() -> None:
            self._ended.wait(wait)
            outcome: Ending | BaseException
            try:
                outcome = self._scheduler.result(future)
            except BaseException as error:  # noqa: BLE001 - nobody may wait for ever
                outcome = error
            self._events.put(partial(self._finish, task, future, outcome))

        threading.Thread(target=fetch, daemon=True).start()

    def _finish(self, task: Task, future: Any, outcome: Ending | BaseException) -> None:
        """Take what came of a recipe, unless it was given up before."""
        if task.running is not future:
            return
        if isinstance(outcome, Ending):
            with suppress(OSError):  # of a log, none is lost for it
                task.log.parent.mkdir(parents=True, exist_ok=True)
                task.log.write_bytes(outcome.log)
            if self._parcel and task.job.shared:
                self._parcel.shared[task.job.shared] = outcome.shared
            self._end(task, replace(outcome, log=b"", shared=b""))
        elif isinstance(outcome, OSError):  # what has died, the next look tells
            self._fetch(task, future, POLL_INTERVAL)
        elif isinstance(outcome, WorkerDied):
            self._died(task)
        elif isinstance(outcome, Refused):
            self._end(task, outcome)
        else:
            reason = f"{type(outcome).__name__}: {outcome}"
            self._end(task, Refused(f"it could not be run: {reason}"))

    def _died(self, task: Task) -> None:
        """Have a recipe run again whose worker has died, or give it up."""
        self._scheduler.cancel(task.running)
        task.worker, task.running, task.deaths = "", None, task.deaths + 1
        if task.deaths > RERUNS:
            self._end(task, Refused(f"{task.deaths} workers died while they ran it"))

    def _end(self, task: Task, outcome: Ending | Exception) -> None:
        self._tasks.remove(task)
        task.running = None
        if not task.ending.set_running_or_notify_cancel():
            return
        if isinstance(outcome, Exception):
            task.ending.set_exception(outcome)
        else:
            task.ending.set_result(outcome)

    def _without_gpu(self) -> str:
        gone = f" any more, for {self._patience:g} s" if self._seen_gpu else ""
        return (
            f"it needs a GPU, and no worker of the scheduler offers one{gone}; "
            f"{self._advice()} --resources {RESOURCE}=1"
        )

    def _advice(self) -> str:
        return f"start one with: dask worker {self._scheduler.address}"


def _last(task: Task) -> tuple[bool, bool]:
    """Tell what may be given a worker last."""
    return not task.is_suspect, not task.needs_gpu
