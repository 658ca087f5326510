"""Run recipes on this machine: each has a thread, which waits for its supervisor."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock

from recordings.library import Library
from recordings.machine import git
from recordings.machine.copies import Copies
from recordings.machine.workspace import workspace
from recordings.model import Entry
from recordings.running import beginnings, fork_server, supervision, versions
from recordings.running.branches import Branches
from recordings.running.fork_server import Fork
from recordings.running.job import Ending, Job
from recordings.running.supervision import Supervisors


class Threads:
    """An executor of this process."""

    def __init__(self, jobs: int) -> None:
        """Start nothing yet."""
        self.jobs = jobs
        self._pool = ThreadPoolExecutor(jobs, "recordings")
        self._branches = Branches()
        self._supervisors = Supervisors(jobs)
        self._copies = Copies(jobs, lambda: self._waiting > 0)
        self._waiting, self._counting = 0, Lock()
        self._runs: set[str] = set()
        self._projects: dict[Path, Path] = {}
        """By the folder of recipes."""

    def check(self, pinned: Mapping[str, str]) -> None:
        """Make sure that what is installed here is what is pinned."""
        versions.check(pinned)

    @contextmanager
    def ready(self, library: Library, entries: Sequence[Entry]) -> Iterator[None]:
        """Import beforehand what recipes share; end what they leave."""
        # Not later: what is none of its own, this process then ends at times.
        for folder in {each.recipe.path.parent.resolve() for each in entries}:
            self._projects[folder] = git.project(folder, library.conf_dir)
        beginnings.start()
        with supervision.adopting():
            self._branches = beginnings.branches(library, entries)
            try:
                # They end before what they were forked from.
                with closing(self._supervisors):
                    yield
            finally:
                self._branches.end()
                self._pool.shutdown()
                self._copies.close()

    def submit(self, entry: Entry, job: Job) -> Future[Ending]:
        """Have a recipe run as soon as a thread is free."""
        self._runs.add(job.run)
        with self._counting:
            self._waiting += 1
        fork = beginnings.fork(self._branches, entry.recipe)
        return self._pool.submit(self._run, entry.recipe.path, job, fork)

    def _run(self, script: Path, job: Job, fork: Fork | None) -> Ending:
        with self._counting:
            self._waiting -= 1
        project = self._projects.get(script.parent.resolve())
        with workspace() as folder:
            job = replace(job, workspace=str(folder), project=project)
            if job.shared or project is None:
                return self._supervisors.run(job, fork=fork)
            with self._copies.lent(script, project) as copy:
                return self._supervisors.run(replace(job, copy=copy), fork=fork)

    def stop(self) -> None:
        """End all that runs, and wait for that."""
        for run in self._runs:
            supervision.stop(run)
        fork_server.interrupt()
        self._branches.end()
        self._pool.shutdown(cancel_futures=True)
