"""What `python -m recordings run`, `status` and `verify` do; see `recordings.cli`."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from textwrap import indent
from typing import Any, TextIO

from sphinx.errors import ConfigError

from recordings.comparison.confirm import merged
from recordings.comparison.verify import SettingError, compare
from recordings.library import Library
from recordings.model import Entry
from recordings.running import progress, runner
from recordings.running.cluster.executor import Cluster
from recordings.running.cluster.scheduler import PATIENCE, NoScheduler, Scheduler
from recordings.running.events import Result
from recordings.store.notebook import to_text

OK, FAILED = 0, 1
"""Exit statuses."""
SHOWN = 3
"""Files outside the project that are named for each recipe."""


def run(library: Library, entries: list[Entry], options: Namespace) -> int:
    """Record what is not fresh; outputs that agree with the recorded ones stay."""
    # With --json, standard output is for one document only.
    shown_on = sys.stderr if options.json else sys.stdout
    if options.variant:
        results = _variants(library, entries, options, shown_on)
    else:
        results = _with_runner(library, entries, options, shown_on, anew=options.all)
    failed = any(each.status == "failed" for each in results)
    if options.json:
        _write_json(
            options.document,
            results=[
                {
                    "recipe": each.entry.recipe.name,
                    "page": each.entry.recipe.page,
                    "status": each.status,
                    "reason": each.reason,
                    "partial": str(each.partial) if each.partial else None,
                }
                for each in results
            ],
        )
        return FAILED if failed else OK
    if not results and not options.variant:
        _say(f"nothing to run: {_count(len(entries))}, all fresh")
    orphans = library.orphans()
    if options.prune:
        for name in orphans:
            library.store.remove(name)
            _say(f"removed {name}, a recording without a recipe")
    else:
        _tell_of(orphans, library, options)
    return FAILED if failed else OK


def _variants(
    library: Library, entries: list[Entry], options: Namespace, shown_on: TextIO
) -> list[Result]:
    """Keep what this device gives, beside the recordings of another kind of device."""
    known = [each for each in entries if each.state == "fresh" and not each.found_at]
    for each in entries:
        if each not in known:
            print(
                f"left out: {each.recipe.name}: it has no fresh recording to be beside",
                file=shown_on,
            )
    wanted = [each for each in known if options.all or not each.variant]
    library.store.check_writable(each.recipe.file for each in wanted)
    results = _with_runner(
        library, wanted, options, shown_on, anew=True, write=False, pinned=True
    )
    for result in results:
        entry, again = result.entry, result.recording
        if again is None or entry.recording is None:
            continue
        if again.run.device == entry.recording.run.device:
            told = f"not kept: its recording ran on {again.run.device}, too"
        else:
            name = entry.recipe.variant(again.run.device)
            library.store.write(name, to_text(again))
            told = f"kept as {name}"
        print(f"{entry.recipe.name}: {told}", file=shown_on)
    return results


def status(library: Library, entries: list[Entry], options: Namespace) -> int:
    """Tell which recordings are fresh, stale or missing, and why."""
    orphans = [] if options.recipes else library.orphans(entries)
    outdated = [each for each in entries if each.state != "fresh" or each.found_at]
    if options.json:
        _write_json(
            options.document,
            recipes=[
                {
                    "recipe": each.recipe.name,
                    "state": each.state,
                    "reasons": each.reasons,
                    "found_at": each.found_at,
                    "recorded": each.recording.run.date if each.recording else None,
                    "variant": each.variant.run.device if each.variant else None,
                    "variant_fault": each.variant_fault or None,
                }
                for each in entries
            ],
            without_recipe=orphans,
        )
        return FAILED if options.check and outdated else OK
    width = max((len(each.recipe.name) for each in entries), default=0)
    for entry in entries:
        when = f"recorded {entry.recording.run.date}" if entry.recording else ""
        _say(f"{entry.state:8}{entry.recipe.name:{width}}  {when}".rstrip())
        for reason in entry.reasons:
            _say(f"{'':10}{reason}")
        if entry.found_at:
            _say(f"{'':10}its recording has another name, {entry.found_at}")
        if entry.variant:
            run = entry.variant.run
            _say(f"{'':10}beside it, on {run.device}, recorded {run.date}")
        if entry.variant_fault:
            again = "to record it again on such a device, add --variant"
            _say(f"{'':10}{entry.variant_fault}; {again}")
        if entry.recording and (outside := entry.recording.run.outside):
            more = f" and {len(outside) - SHOWN} more" if len(outside) > SHOWN else ""
            _say(
                f"{'':10}reads outside the project: {', '.join(outside[:SHOWN])}{more}"
            )
    _tell_of(orphans, library, options)
    fresh = sum(each.state == "fresh" for each in entries)
    _say(f"{fresh} of {_count(len(entries))} fresh")
    if outdated:
        what = "record the rest" if fresh < len(entries) else "rename recordings"
        _say(f"To {what}: {_command(library, options, *options.recipes)}")
    return FAILED if options.check and outdated else OK


def verify(library: Library, entries: list[Entry], options: Namespace) -> int:
    """Run recipes again, and compare with their recordings."""
    known = [each for each in entries if each.state == "fresh"]
    if options.confirm:
        library.store.check_writable(_file(each) for each in known)
    results = _with_runner(
        library, known, options, anew=True, write=False, pinned=options.confirm
    )
    told = ((each.entry, _fault(library, each, options)) for each in results)
    faults = {entry.recipe.name: fault for entry, fault in told if fault}
    lacking = {
        each.recipe.name: f"nothing to compare with, its recording is {each.state}: "
        f"{'; '.join(each.reasons)}\n"
        f"Type: {_command(library, options, each.recipe.typed)}"
        for each in entries
        if each.state != "fresh"
    }
    for name, text in {**faults, **lacking}.items():
        _say(f"\n{name}\n{indent(text, '  ')}")
    same = len(entries) - len(faults) - len(lacking)
    confirmed = " and confirmed" if options.confirm else ""
    _say(f"\n{same} of {_count(len(entries))} as recorded{confirmed}")
    if faults:
        command = _command(library, options, "--all", *faults)
        _say(f"To record what they give now: {command}")
    return FAILED if faults or lacking else OK


def _fault(library: Library, result: Result, options: Namespace) -> str:
    """Say how a recipe's outputs differ from its recording; else confirm it, if asked.

    Returns:
        Nothing if they agree.
    """
    entry, again = result.entry, result.recording
    if again is None or entry.recording is None:
        return result.reason
    rules = library.rules(entry.recipe, options.tolerance)
    recorded, name = entry.recording, _file(entry)
    if entry.variant and entry.variant.run.device == again.run.device:
        recorded, name = entry.variant, entry.recipe.variant(again.run.device)
    try:
        differences = compare(recorded, again, rules)
        across = entry.variant and compare(entry.recording, entry.variant, rules)
    except SettingError as error:
        return str(error)
    if entry.variant and across:
        devices = f"{entry.recording.run.device} and {entry.variant.run.device}"
        _say(f"\n{entry.recipe.name} gives other outputs on {devices}:")
        _say(indent("\n\n".join(across), "  "))
    if options.confirm and not differences:
        library.store.write(name, to_text(merged(recorded, again, rules)))
    return "\n\n".join(differences)


def _with_runner(
    library: Library,
    entries: Sequence[Entry],
    options: Namespace,
    shown_on: TextIO | None = None,
    **how: bool,
) -> list[Result]:
    """Have the runner run recipes, and show how it goes."""
    limit = options.memory_limit
    with _executor(options) as executor, progress.lines(shown_on) as report:
        return runner.run(
            library,
            entries,
            jobs=options.jobs,
            time_limit=options.time_limit,
            memory_limit=None if limit is None else int(limit * 2**30),
            executor=executor,
            report=report,
            **how,
        )


@contextmanager
def _executor(options: Namespace) -> Iterator[Cluster | None]:
    """Connect to a scheduler, if one is named."""
    if options.scheduler is None:
        yield None
        return
    with ExitStack() as connected:
        try:
            to = Scheduler.connected(options.scheduler, options.wait or PATIENCE)
            scheduler = connected.enter_context(to)
        except ImportError as error:
            raise ConfigError(
                "--scheduler needs dask.distributed; type: pip install distributed"
            ) from error
        except NoScheduler as error:
            raise ConfigError(f"--scheduler {options.scheduler}: {error}") from error
        yield Cluster(scheduler, options.jobs)


def _tell_of(orphans: Sequence[str], library: Library, options: Namespace) -> None:
    for name in orphans:
        _say(f"{name}, a recording without a recipe")
    if orphans:
        command = _command(library, options, "--prune")
        _say(f"To remove recordings without a recipe: {command}")


def _command(library: Library, options: Namespace, *words: str) -> str:
    """Return what to type to record, in this project."""
    conf = ["--conf", str(options.conf)] if options.conf else []
    # nox tells its own words from the command's by two dashes; with nothing behind
    # them, they would only be in the way.
    return " ".join([library.settings.command, *conf, *words]).removesuffix(" --")


def _file(entry: Entry) -> str:
    """Return the name of an entry's recording in the store."""
    return entry.found_at or entry.recipe.file


def _count(recipes: int) -> str:
    return f"{recipes} recipe" if recipes == 1 else f"{recipes} recipes"


def _write_json(file: TextIO, **document: Any) -> None:
    print(json.dumps(document, indent=1, ensure_ascii=False), file=file, flush=True)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command line prints
