"""Run what is stale, each recipe in a process of its own, and write its recording.

An executor starts the runs: threads of this process, or the workers of a cluster.
Recordings are read and written by the caller's own process, as soon as they are there.
"""

import math
import os
import secrets
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from recordings import shelf
from recordings.key import in_file_settings
from recordings.library import LOGS, Library
from recordings.machine import capacity, spawn
from recordings.machine.process_tree import ended_in_order
from recordings.model import Entry
from recordings.running import beginnings, keeping
from recordings.running.events import Planned, Report, Result, Started
from recordings.running.executor import Executor, ExecutorLost, Refused
from recordings.running.job import Ending, Job
from recordings.running.keeping import Keep
from recordings.running.threads import Threads
from recordings.running.turns import Turns
from recordings.store.notebook import RecordingError, from_text, to_text
from recordings.store.store import StoreError
from recordings.texts import one_line

POLL_INTERVAL = 0.2
"""Seconds between two looks at which recipes have begun."""


def run(  # noqa: PLR0913 - all but two have a default
    library: Library,
    entries: Sequence[Entry],
    *,
    jobs: int | None = None,
    time_limit: float | None = None,
    memory_limit: int | None = None,
    executor: Executor | None = None,
    anew: bool = False,
    write: bool = True,
    pinned: bool | None = None,
    keep: Keep | None = None,
    report: Report = lambda _: None,
) -> list[Result]:
    """Record those recipes whose recording is not fresh, or all of them.

    A recipe that fails costs no other its result, and keeps the recording that it has.
    Whatever ends the run early, what is finished is kept and no process is left.

    Args:
        library: The project's.
        entries: The recipes, and how their recordings stand.
        jobs: How many run at once on this machine; by default one for each core.
        time_limit: Seconds for each; wins over what recipes and settings say.
        memory_limit: Bytes for each; by default a fair share of the machine's.
        executor: Starts the runs; by default threads of this process.
        anew: Run also what is fresh.
        write: Write recordings to the store.
        pinned: Run only on the versions that are pinned; by default, where it writes.
        keep: What is done with each new recording; by default, it is written, or not.
        report: Told what happens, in this thread.

    Returns:
        What became of each recipe that was run or renamed, in the order of `entries`.

    Raises:
        OtherVersions: Recordings belong to versions that are not installed.
        ReadOnlyError: Recordings can't be written; in both cases, nothing was run.
        ExecutorLost: No recipe can run, or none can any more.
    """
    executor = executor or Threads(jobs or capacity.cores())
    work = _Work(
        library,
        executor,
        time_limit,
        memory_limit,
        keep or (keeping.as_main if write else keeping.nowhere),
        report,
        Turns(library),
    )
    if write:
        work.rename([each for each in entries if each.found_at])
    wanted = [each for each in entries if anew or each.state != "fresh"]
    if wanted:
        wanted = work.turns.with_earlier(wanted)
        executor.check(
            library.packages if (write if pinned is None else pinned) else {}
        )
        if write:
            library.store.check_writable(each.recipe.file for each in wanted)
        with ended_in_order(), work.turns:
            work.run(sorted(wanted, key=_place_in_order))
    order = {entry.recipe.page: number for number, entry in enumerate(entries)}
    asked = [each for each in work.results if each.entry.recipe.page in order]
    return sorted(asked, key=lambda each: order[each.entry.recipe.page])


def _place_in_order(entry: Entry) -> tuple[bool, bool, float, str]:
    # First what can begin while others' imports are made; then what may be long, then
    # the longest.
    seconds = entry.recording.run.seconds if entry.recording else math.inf
    return (
        beginnings.waits(entry.recipe),
        entry.recording is not None,
        -seconds,
        entry.recipe.page,
    )


@dataclass
class _Work:
    """One run of the runner."""

    library: Library
    executor: Executor
    time_limit: float | None
    memory_limit: int | None
    keep: Keep
    report: Report
    turns: Turns
    results: list[Result] = field(default_factory=list)
    waiting: dict[str, Entry] = field(default_factory=dict)
    """Recipes that did not end yet, by page."""
    begun: set[str] = field(default_factory=set)
    logs: dict[str, str] = field(default_factory=dict)
    futures: dict[str, Future[Ending]] = field(default_factory=dict)
    ended: SimpleQueue[str] = field(default_factory=SimpleQueue)
    keys: dict[str, str] = field(default_factory=dict)
    """Those of recipes that others run after, by page."""
    name: str = field(default_factory=lambda: secrets.token_hex(8))

    def rename(self, entries: Sequence[Entry]) -> None:
        """Give recordings of renamed recipes the recipe's present name."""
        store = self.library.store
        taken: set[str] = set()
        for entry in entries:
            if not (entry.found_at and entry.recording):
                continue
            device = shelf.other_device(entry.recording.run.device)
            names = (entry.found_at, entry.recipe.file)
            beside = [shelf.variant_name(name, device) for name in names]
            is_free = beside[1] not in self.library.names
            try:
                # What is beside it goes first: if the run ends here, the next goes on.
                if entry.found_at in taken:  # two recipes have equal code
                    if entry.variant and is_free:
                        store.write(beside[1], to_text(entry.variant))
                    store.write(entry.recipe.file, to_text(entry.recording))
                else:
                    if (entry.variant or entry.variant_fault) and is_free:
                        store.rename(*beside)
                    store.rename(*names)
            except StoreError as error:
                self._end(Result(entry, "failed", reason=one_line(str(error))))
            else:
                taken.add(entry.found_at)
                self._end(Result(entry, "renamed", entry.recording))

    def run(self, entries: Sequence[Entry]) -> None:
        """Run recipes, in this order, and keep what each gives."""
        with self.executor.ready(self.library, entries):
            self.report(Planned(tuple(entries), self.executor.jobs))
            try:
                for entry in self.turns.first(entries):
                    self._submit(entry)
                while self.waiting:
                    with suppress(Empty):
                        page = self.ended.get(timeout=POLL_INTERVAL)
                        entry = self.waiting[page]
                        self._keep(page)
                        self._next(entry)
                    self._look_who_began()
            except BaseException:
                self._stop()
                raise

    def _submit(self, entry: Entry) -> None:
        page = entry.recipe.page
        self.waiting[page] = entry
        try:
            job = self._job(entry)
            self.logs[page] = job.log
            Path(job.log).unlink(missing_ok=True)
            self._partial(entry).unlink(missing_ok=True)
            future = self.executor.submit(entry, job)
        except (ValueError, OSError, StoreError) as error:
            del self.waiting[page]
            self._fail(entry, str(error))
            self._next(entry)
            return
        self.futures[page] = future
        future.add_done_callback(lambda _: self.ended.put(page))

    def _next(self, entry: Entry) -> None:
        """Submit the recipe that waited for this one to end, if any."""
        if not (later := self.turns.after(entry)):
            return
        if any(it.entry is entry and it.status == "failed" for it in self.results):
            self._fail(later, f"{entry.recipe.path.name}, which runs before it, failed")
            self._next(later)
        else:
            self._submit(later)

    def _job(self, entry: Entry) -> Job:
        settings = entry.recipe.settings
        default = self.library.settings.time_limit or math.inf
        limit = in_file_settings.number(settings, "time_limit", default)
        earlier = self.library.before.get(entry.recipe.page)
        return Job(
            run=self.name,
            conf_dir=str(self.library.conf_dir.absolute()),
            source=str(self.library.source.absolute()),
            page=entry.recipe.page,
            script=entry.recipe.path.absolute()
            if entry.recipe.kind == "recipe"
            else None,
            log=str(self._log(entry)),
            threads=in_file_settings.whole_number(settings, "threads", 1),
            time_limit=self.time_limit or limit,
            memory_limit=self.memory_limit,
            jobs=self.executor.jobs,
            path=spawn.working_folder(),
            shared=self.turns.folder(entry),
            earlier=self.library.key(earlier, self.keys) if earlier else "",
        )

    def _log(self, entry: Entry) -> Path:
        return self.library.conf_dir.absolute() / LOGS / f"{entry.recipe.page}.log"

    def _partial(self, entry: Entry) -> Path:
        """Return the file for what a recipe gave before it failed: not in the store."""
        return self._log(entry).with_suffix(".ipynb")

    def _look_who_began(self) -> None:
        """Report recipes that run now: a recipe's log is there from its beginning."""
        for page, entry in self.waiting.items():
            if page not in self.begun and os.path.exists(self.logs[page]):  # noqa: PTH110
                self.begun.add(page)
                self.report(Started(entry))

    def _keep(self, page: str) -> None:
        """Take the result of a recipe that ended, and write its recording."""
        entry, future = self.waiting.pop(page), self.futures[page]
        try:
            ending = future.result()
        except ExecutorLost:
            raise
        except Refused as refused:
            self._fail(entry, str(refused))
            return
        except Exception as error:  # noqa: BLE001 - whatever befell it, the others go on
            self._fail(entry, f"it could not be run: {type(error).__name__}: {error}")
            return
        if page not in self.begun:
            self.begun.add(page)
            self.report(Started(entry))
        text, name = ending.outcome.recording, entry.recipe.file
        if text is None or ending.outcome.failure is not None:
            self._fail(entry, ending.outcome.failure or "it gave nothing", ending)
            return
        try:
            new = from_text(text, name, is_new=True)
            kept = self.keep(self.library, entry, new)
        except (RecordingError, StoreError) as error:
            self._fail(entry, str(error), ending)
            return
        said = (kept.status, kept.recording, kept.reason)
        self._end(Result(entry, *said, ending.seconds, self._log(entry)))

    def _fail(self, entry: Entry, reason: str, ending: Ending | None = None) -> None:
        log = self._log(entry) if ending else None
        seconds, tail = (ending.seconds, ending.tail) if ending else (0.0, "")
        text, partial = one_line(reason), None
        if ending and ending.outcome.failure and ending.outcome.recording:
            with suppress(OSError):  # the failure is told all the same
                self._partial(entry).write_text(ending.outcome.recording, "utf-8")
                partial = self._partial(entry)
        self._end(Result(entry, "failed", None, text, seconds, log, tail, partial))

    def _end(self, result: Result) -> None:
        self.results.append(result)
        self.report(result)

    def _stop(self) -> None:
        """End all that runs, and keep what had been finished before."""
        self.executor.stop()
        self.report = lambda _: None  # it may be what failed
        for page in [*self.waiting]:
            future = self.futures.get(page)
            if future and future.done() and not future.cancelled():
                with suppress(Exception):  # none may cost another its recording
                    self._keep(page)
