"""What the runner asks of what starts the runs: threads of its process, a cluster."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Protocol

from recordings.library import Library
from recordings.model import Entry
from recordings.running.job import Ending, Job


class Refused(Exception):  # noqa: N818 - what became of a recipe, not a fault here
    """One recipe is not run, or not any more; the message is the reason."""


class ExecutorLost(Exception):  # noqa: N818 - what happened, not a fault here
    """Nothing more can be run; the message says why."""


class Executor(Protocol):
    """Starts runs."""

    @property
    def jobs(self) -> int:
        """How many run at once."""

    def check(self, pinned: Mapping[str, str]) -> None:
        """Make sure that recipes can run, on the versions that are pinned.

        Raises:
            OtherVersions: They would run on others.
            ExecutorLost: None can run.
        """

    def ready(
        self, library: Library, entries: Sequence[Entry], /
    ) -> AbstractContextManager[None]:
        """Be ready for these recipes of a project; when left, nothing of it is left."""

    def submit(self, entry: Entry, job: Job) -> Future[Ending]:
        """Have a recipe run; the future may raise `Refused`, or `ExecutorLost`.

        Raises:
            OSError: It can't be begun.
            ValueError: Something that it says of itself can't be used.
        """

    def stop(self) -> None:
        """Have all recipes end; when this returns, each future has ended."""
