"""What `python -m recordings run`, `status` and `verify` do; see `recordings.cli`."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import indent
from typing import Any

from sphinx.errors import ConfigError

from recordings.comparison.verify import SettingError
from recordings.comparison.verify import report as written
from recordings.library import Library
from recordings.model import Entry
from recordings.running import progress, runner
from recordings.running.events import Result
from recordings.store.notebook import to_text

OK, FAILED = 0, 1
"""Exit statuses."""


def run(library: Library, entries: list[Entry], options: Namespace) -> int:
    """Record what is not fresh; outputs that agree with the recorded ones stay."""
    results = _with_runner(library, entries, options, anew=options.all)
    without_recipe = _without_recipe(library)
    if options.prune:
        for name in without_recipe:
            library.store.remove(name)
    if options.json:
        _print_json(
            results=[_result_as_json(library, each) for each in results],
            without_recipe=[] if options.prune else without_recipe,
            pruned=without_recipe if options.prune else [],
        )
    else:
        if not results:
            _say(f"nothing to run: {_count(len(entries))}, all fresh")
        _tell_without_recipe(library, without_recipe, options, pruned=options.prune)
    return FAILED if any(each.status == "failed" for each in results) else OK


def status(library: Library, entries: list[Entry], options: Namespace) -> int:
    """Tell which recordings are fresh, stale or missing, and why."""
    without_recipe = [] if options.recipes else _without_recipe(library)
    outdated = [each for each in entries if each.state != "fresh" or each.found_at]
    if options.json:
        _print_json(
            recipes=[_entry_as_json(library, each) for each in entries],
            without_recipe=without_recipe,
        )
    else:
        width = max((len(each.recipe.name) for each in entries), default=0)
        for entry in entries:
            _say(f"{entry.state:8}{entry.recipe.name:{width}}  {_when(entry)}".rstrip())
            for reason in entry.reasons:
                _say(f"{'':10}{reason}")
            if entry.found_at:
                _say(f"{'':10}its recording has another name, {entry.found_at}")
        _tell_without_recipe(library, without_recipe, options, pruned=False)
        fresh = sum(each.state == "fresh" for each in entries)
        _say(f"{fresh} of {_count(len(entries))} fresh")
        if outdated:
            what = "record the rest" if fresh < len(entries) else "rename recordings"
            _say(f"To {what}: {_command(library, options)}")
    return FAILED if options.check and outdated else OK


def verify(library: Library, entries: list[Entry], options: Namespace) -> int:
    """Run recipes again, and compare with their recordings."""
    known = [each for each in entries if each.state == "fresh"]
    if options.confirm:
        library.store.check_writable(_file(each) for each in known)
    results = _with_runner(library, known, options, anew=True, write=False)
    told = {each.recipe.name: _lacking(library, each, options) for each in entries}
    for result in results:
        difference = _difference(library, result, options.tolerance)
        told[result.entry.recipe.name] = difference
        if options.confirm and result.recording and not difference:
            kept = library.merged(result.entry, result.recording, options.tolerance)
            library.store.write(_file(result.entry), to_text(kept))
    if options.json:
        _print_json(
            results=[
                {"recipe": name, "difference": text or None}
                for name, text in told.items()
            ]
        )
    else:
        for name, text in told.items():
            if text:
                _say(f"\n{name}\n{indent(text, '  ')}")
        same = sum(not text for text in told.values())
        confirmed = " and confirmed" if options.confirm else ""
        _say(f"\n{same} of {_count(len(entries))} as recorded{confirmed}")
        faults = [each.recipe.name for each in known if told[each.recipe.name]]
        if faults:
            command = _command(library, options, "--all", *faults)
            _say(f"To record what they give now: {command}")
    return FAILED if any(told.values()) else OK


def _lacking(library: Library, entry: Entry, options: Namespace) -> str:
    """Say why a recipe can't be verified; nothing if it can."""
    if entry.state == "fresh":
        return ""
    return (
        f"nothing to compare with, its recording is {entry.state}: "
        f"{'; '.join(entry.reasons)}\n"
        f"Type: {_command(library, options, entry.recipe.name)}"
    )


def _difference(library: Library, result: Result, tolerance: float | None) -> str:
    """Say how a recipe's outputs differ from its recording; nothing if they don't."""
    if result.recording is None:
        return result.reason
    try:
        return written(library.compare(result.entry, result.recording, tolerance))
    except SettingError as error:
        return str(error)


def _with_runner(
    library: Library,
    entries: Sequence[Entry],
    options: Namespace,
    **how: bool,
) -> list[Result]:
    """Have the runner run recipes, and show how it goes."""
    limit = options.memory_limit
    with (
        _executor(options.scheduler) as executor,
        # With --json, standard output is for one document only.
        progress.lines(sys.stderr if options.json else sys.stdout) as report,
    ):
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
def _executor(scheduler: str | None) -> Iterator[runner.Executor | None]:
    """Connect to a scheduler, if one is named."""
    if scheduler is None:
        yield None
        return
    try:
        from distributed import Client  # noqa: PLC0415 - seldom there, slow to load
    except ImportError as error:
        raise ConfigError(
            "--scheduler needs dask.distributed; type: pip install distributed"
        ) from error
    try:
        client = Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise ConfigError(f"--scheduler {scheduler}: no answer: {error}") from error
    with client:
        yield client


def _without_recipe(library: Library) -> list[str]:
    """Return the names of recordings without a recipe, not even a renamed one."""
    names = library.without_recipe()
    found = {entry.found_at for entry in library.entries()} if names else set()
    return [n for n in names if n not in found and not library.is_foreign(n)]


def _tell_without_recipe(
    library: Library, names: Sequence[str], options: Namespace, *, pruned: bool
) -> None:
    for name in names:
        done = "removed " if pruned else ""
        _say(f"{done}{name}, a recording without a recipe")
    if names and not pruned:
        command = _command(library, options, "--prune")
        _say(f"To remove recordings without a recipe: {command}")


def _command(library: Library, options: Namespace, *words: str) -> str:
    """Return what to type to record, in this project."""
    conf = ["--conf", str(options.conf)] if options.conf else []
    return " ".join([library.settings.command, *conf, *words])


def _file(entry: Entry) -> str:
    """Return the name of an entry's recording in the store."""
    return entry.found_at or entry.recipe.file


def _when(entry: Entry) -> str:
    return f"recorded {entry.recording.run.date}" if entry.recording else ""


def _count(recipes: int) -> str:
    return f"{recipes} recipe" if recipes == 1 else f"{recipes} recipes"


def _entry_as_json(library: Library, entry: Entry) -> dict[str, Any]:
    recording = entry.recording
    return {
        "recipe": entry.recipe.name,
        "path": str(entry.recipe.path),
        "page": entry.recipe.page,
        "state": entry.state,
        "reasons": list(entry.reasons),
        "recording": library.store.where(_file(entry)) if recording else None,
        "found_at": entry.found_at,
        "recorded": recording.run.date if recording else None,
        "seconds": recording.run.seconds if recording else None,
    }


def _result_as_json(library: Library, result: Result) -> dict[str, Any]:
    recipe = result.entry.recipe
    return {
        "recipe": recipe.name,
        "path": str(recipe.path),
        "page": recipe.page,
        "status": result.status,
        "reason": result.reason or None,
        "seconds": round(result.seconds, 2),
        "recording": library.store.where(recipe.file) if result.recording else None,
        "log": str(result.log) if result.log else None,
        "last_lines": result.tail.splitlines(),
    }


def _print_json(**document: Any) -> None:
    _say(json.dumps(document, indent=1, ensure_ascii=False))


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command line prints
