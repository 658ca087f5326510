"""What `python -m recordings run`, `status` and `verify` do; see `recordings.cli`."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from textwrap import indent
from typing import Any, TextIO

from sphinx.errors import ConfigError

from recordings.comparison.confirm import merged
from recordings.comparison.verify import SettingError, compare
from recordings.library import Library
from recordings.machine import provenance
from recordings.model import Device, Entry, Recording
from recordings.running import progress, runner, variants
from recordings.running.cluster.executor import Cluster
from recordings.running.cluster.scheduler import PATIENCE, NoScheduler, Scheduler
from recordings.running.events import Result
from recordings.running.keeping import Keep, Kept
from recordings.shelf import variant_name
from recordings.store.notebook import to_text

OK, FAILED = 0, 1
"""Exit statuses."""
SHOWN = 3
"""Files outside the project that are named for each recipe."""


def run(library: Library, entries: list[Entry], options: Namespace) -> int:
    """Record what is not fresh; outputs that agree with the recorded ones stay."""
    # With --json, standard output is for one document only.
    shown_on = sys.stderr if options.json else sys.stdout
    is_there = True
    if options.variant:
        results, is_there = _variants(library, entries, options, shown_on)
    else:
        results = _with_runner(library, entries, options, shown_on, anew=options.all)
    failed = not is_there or any(each.status == "failed" for each in results)
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
) -> tuple[list[Result], bool]:
    """Keep what this device gives, beside the recordings of another kind of device.

    Returns:
        What became of those that were run, and whether any has such a recording now.
    """
    here: Device | None = None
    if not options.scheduler:
        here = "cuda" if provenance.finds_gpu() else "cpu"
    choice = variants.choose(library, entries, here, anew=options.all)
    for line in choice.left_out:
        print(line, file=shown_on)
    if not choice.wanted:
        there = f"{choice.there} with a fresh recording on another kind of device"
        print(f"nothing to run: {_count(len(entries))}, {there}", file=shown_on)
        return [], choice.there > 0
    library.store.check_writable(each.recipe.file for each in choice.wanted)
    how = {"anew": True, "write": False, "pinned": True}
    results = _with_runner(
        library, choice.wanted, options, shown_on, variants.beside, **how
    )
    kept = any(each.status in {"kept", "confirmed"} for each in results)
    return results, kept or choice.there > 0


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
            _say(f"{'':10}{entry.variant_fault}")
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
    how = {"anew": True, "write": False, "pinned": options.confirm}
    keep = partial(_confirm, options) if options.confirm else None
    results = _with_runner(library, known, options, keep=keep, **how)
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
    """Say how a recipe's outputs differ from its recording; nothing if they agree."""
    entry, again = result.entry, result.recording
    if again is None or entry.recording is None:
        return result.reason
    rules = library.rules(entry.recipe, options.tolerance)
    recorded, _ = _same_device(entry, entry.recording, again)
    try:
        differences = compare(recorded, again, rules)
        across = entry.variant and compare(entry.recording, entry.variant, rules)
    except SettingError as error:
        return str(error)
    if entry.variant and across:
        devices = f"{entry.recording.run.device} and {entry.variant.run.device}"
        _say(f"\n{entry.recipe.name} gives other outputs on {devices}:")
        _say(indent("\n\n".join(across), "  "))
    return "\n\n".join(differences)


def _confirm(
    options: Namespace, library: Library, entry: Entry, new: Recording
) -> Kept:
    """Note in a recording that a recipe gave the same again, if it did."""
    rules = library.rules(entry.recipe, options.tolerance)
    recorded, name = _same_device(entry, entry.recording or new, new)
    try:
        differs = recorded is new or compare(recorded, new, rules)
    except SettingError:  # that is told in the end
        return Kept("ran", new)
    if not differs:
        library.store.write(name, to_text(merged(recorded, new, rules)))
    return Kept("ran", new)


def _same_device(
    entry: Entry, main: Recording, again: Recording
) -> tuple[Recording, str]:
    """Return a recording to compare a run with, and its name in the store."""
    device, name = again.run.device, _file(entry)
    if entry.variant and entry.variant.run.device == device:
        return entry.variant, variant_name(name, device)
    return main, name


def _with_runner(
    library: Library,
    entries: Sequence[Entry],
    options: Namespace,
    shown_on: TextIO | None = None,
    keep: Keep | None = None,
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
            keep=keep,
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
