"""The scheduler of a cluster: connected to, asked, and told what to run where."""

import asyncio
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, Self

from recordings.running.cluster import there
from recordings.running.cluster.admission import Admission, admit
from recordings.running.cluster.workers import RESOURCE, Worker, known
from recordings.running.executor import ExecutorLost, Refused
from recordings.running.job import Ending, Job
from recordings.texts import one_line

LONGEST_CONNECT = 5
"""Seconds until an address that does not answer is given up."""
LOGGERS = ("distributed", "distributed.client")
"""Those that dask.distributed gives a level of their own."""
LEAST_ANSWER = 10.0
"""Seconds that a worker has to answer, at least: it imports much before."""
PATIENCE = 60.0
"""Seconds without an answer, or without any worker, after which all ends."""


class NoScheduler(Exception):  # noqa: N818 - it may be there tomorrow
    """An address leads to no scheduler; the message says why."""


class WorkerDied(Exception):  # noqa: N818 - what happened, not a fault here
    """A worker died before its result was here."""


class Scheduler:
    """What is done with a scheduler."""

    def __init__(self, client: Any, address: str, patience: float) -> None:
        """Ask it nothing yet.

        Args:
            client: Of dask.distributed, connected.
            address: As people type it.
            patience: Seconds until it has answered, and until it has had a worker.
        """
        self._client, self.address, self.patience = client, address, patience
        # Who waits an hour for a worker does not wait that long for an answer.
        self._answer = min(patience, PATIENCE)
        self._topic = f"recordings-{client.id}"

    @classmethod
    @contextmanager
    def connected(cls, address: str, patience: float = PATIENCE) -> Iterator[Self]:
        """Connect to a scheduler, meanwhile.

        Raises:
            ImportError: dask.distributed is not installed.
            NoScheduler: There is no answer, or the address is none.
        """
        import dask  # noqa: PLC0415 - seldom there, slow to load
        from distributed import Client  # noqa: PLC0415

        # What it has to say of a lost connection, this says in a sentence.
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        own = {
            "distributed.comm.timeouts.connect": LONGEST_CONNECT,
            # Sources travel with their task.
            "distributed.admin.large-graph-warning-threshold": "4 GiB",
        }
        with dask.config.set(own):
            try:
                with warnings.catch_warnings(action="ignore"):  # workers are asked
                    # A notebook, for one, has a loop of its own in this thread.
                    with ThreadPoolExecutor(1) as other:
                        other.submit(asyncio.run, _check(address)).result()
                    client = Client(
                        address, timeout=LONGEST_CONNECT, set_as_default=False
                    )
            except Exception as error:
                raise NoScheduler(one_line(f"no answer: {error}")) from error
            try:
                yield cls(client, address, patience)
            finally:
                with suppress(Exception):  # it may have gone
                    client.close(timeout=1)

    def workers(self) -> dict[str, Worker]:
        """Return the workers, by address.

        Raises:
            ExecutorLost: The scheduler has gone, or does not answer.
        """
        what = "does not answer"
        try:
            if self._client.status == "running":
                ask = self._client.scheduler.identity
                wait = self._answer
                return known(
                    self._client.sync(ask, n_workers=-1, callback_timeout=wait)
                )
            what = "has gone"
        except OSError as error:  # a timeout is one, too
            what = what if isinstance(error, TimeoutError) else "has gone"
        raise ExecutorLost(f"the scheduler at {self.address} {what}")

    def admit(
        self, workers: Mapping[str, Worker], pinned: Mapping[str, str]
    ) -> Admission:
        """Ask workers whether they have what recipes need."""
        return admit(self._client, workers, pinned, max(self._answer, LEAST_ANSWER))

    def listen(self, note: Callable[[str], None]) -> None:
        """Have the page of each recipe noted that begins, in a thread of the client."""
        self._client.subscribe_topic(self._topic, lambda event: note(event[1]))

    def start(self, job: Job, worker: Worker, *, with_gpu: bool) -> Any:
        """Have a worker run a recipe; return the scheduler's future."""
        return self._client.submit(
            there.run,
            job,
            self._topic,
            workers=[worker.address],
            allow_other_workers=False,
            pure=False,
            resources={RESOURCE: 1} if with_gpu else None,
        )

    def result(self, future: Any) -> Ending:
        """Return what came of a recipe, whose future has ended.

        Raises:
            OSError: It is not here yet.
            WorkerDied: It will not come.
            Refused: The worker could not run it.
            Exception: What came can't be read.
        """
        if future.status == "error":
            error = future.exception(timeout=self._answer)
            if (name := type(error).__name__) == "KilledWorker":
                raise WorkerDied
            raise Refused(f"it could not be run: {name}: {error}")
        if future.status != "finished":  # it was canceled, or lost
            raise WorkerDied
        try:
            ending: Ending = future.result(timeout=self._answer)
        except CancelledError:
            raise WorkerDied from None
        return ending

    def cancel(self, future: Any) -> None:
        """Have a recipe end that runs, if the scheduler is there."""
        if self._client.status == "running":
            with suppress(Exception):  # whatever it is, nobody waits for it
                future.cancel()


async def _check(address: str) -> None:
    """Make sure that there is an answer: a client would wait for ever for a first word.

    Raises:
        Exception: There is none.
    """
    from distributed import Security  # noqa: PLC0415 - seldom there, slow to load
    from distributed.comm.core import connect  # noqa: PLC0415

    own = Security().get_connection_args("client")
    call = connect(address, timeout=LONGEST_CONNECT, **own)
    try:
        connection = await asyncio.wait_for(call, LONGEST_CONNECT + 1)
    except (TimeoutError, MemoryError):  # it takes another protocol for a large word
        raise OSError("what is there is no scheduler, or hangs") from None
    await connection.close()
