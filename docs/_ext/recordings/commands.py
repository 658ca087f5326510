"""What `python -m recordings run`, `status` and `verify` do; see `recordings.cli`."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import indent
from typing import Any

from sphinx.errors import ConfigError

from recordings import gallery
from recordings.comparison import verify as comparison
from recordings.key.ingredients import code_blocks
from recordings.library import Library
from recordings.model import Entry
from recordings.running import progress, runner
from recordings.running.events import Result

OK, FAILED = 0, 1
"""Exit statuses."""


def run(library: Library, entries: list[Entry], options: Namespace) -> int:
    """Record what is not fresh."""
    results = _with_runner(library, entries, options, anew=options.all)
    without_recipe = _without_recipe(library)
    if options.prune:
        for name in without_recipe:
            library.store.remove(name)
    failed = any(each.status == "failed" for each in results)
    if options.json:
        _print_json(
            results=[_result_as_json(library, each) for each in results],
            without_recipe=[] if options.prune else without_recipe,
            pruned=without_recipe if options.prune else [],
        )
    else:
        if not results:
            _say(f"nothing to run: {_count(len(entries), 'recipe')}, all fresh")
        _tell_without_recipe(library, without_recipe, options, pruned=options.prune)
    return FAILED if failed else OK


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
            for reason in _reasons(entry):
                _say(f"{'':10}{reason}")
        _tell_without_recipe(library, without_recipe, options, pruned=False)
        fresh = sum(each.state == "fresh" for each in entries)
        _say(f"{fresh} of {_count(len(entries), 'recipe')} fresh")
        if outdated:
            what = "record the rest" if fresh < len(entries) else "rename recordings"
            _say(f"To {what}: {_command(library, options)}")
    return FAILED if options.check and outdated else OK


def verify(library: Library, entries: list[Entry], options: Namespace) -> int:
    """Run recipes again, and compare with their recordings."""
    known = [each for each in entries if each.state == "fresh"]
    unknown = [each for each in entries if each.state != "fresh"]
    results = _with_runner(library, known, options, anew=True, write=False)
    tolerance = options.tolerance
    if tolerance is None:
        tolerance = library.settings.tolerance
    told = {r.entry.recipe.name: _difference(r, tolerance) for r in results}
    faults = {name: text for name, text in told.items() if text}
    lacking = {
        each.recipe.name: f"nothing to compare with, its recording is {each.state}: "
        f"{'; '.join(each.reasons)}\n"
        f"Type: {_command(library, options, each.recipe.name)}"
        for each in unknown
    }
    if options.json:
        _print_json(
            results=[
                {"recipe": name, "difference": text or None}
                for name, text in {**told, **lacking}.items()
            ]
        )
    else:
        for name, text in {**faults, **lacking}.items():
            _say(f"\n{name}\n{indent(text, '  ')}")
        same = len(entries) - len(faults) - len(lacking)
        _say(f"\n{same} of {_count(len(entries), 'recipe')} as recorded")
        if faults:
            command = _command(library, options, "--all", *faults)
            _say(f"To record what they give now: {command}")
    return FAILED if faults or lacking else OK


def _difference(result: Result, tolerance: float) -> str:
    """Say how a recipe's outputs differ from its recording; nothing if they don't."""
    entry = result.entry
    if result.recording is None or entry.recording is None:
        return result.reason
    try:
        differences = comparison.compare(
            entry.recording,
            result.recording,
            tolerance=tolerance,
            settings=entry.recipe.settings,
            block_settings=[
                gallery.settings_of_block(each) for each in code_blocks(entry.recipe)
            ],
        )
    except comparison.SettingError as error:
        return str(error)
    return comparison.report(differences)


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
    """Connect to a scheduler, where one is named."""
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
    """Name the recordings without a recipe, not even a renamed one."""
    names = library.without_recipe()
    found = {entry.found_at for entry in library.entries()} if names else set()
    return [n for n in names if n not in found and not library.is_foreign(n)]


def _command(library: Library, options: Namespace, *words: str) -> str:
    """Give what to type to record, in this project."""
    conf = ["--conf", str(options.conf)] if options.conf else []
    return " ".join([library.settings.command, *conf, *words])


def _reasons(entry: Entry) -> Sequence[str]:
    if entry.found_at:
        return [f"its recording stands under another name, {entry.found_at}"]
    return entry.reasons


def _when(entry: Entry) -> str:
    return f"recorded {entry.recording.run.date}" if entry.recording else ""


def _tell_without_recipe(
    library: Library, names: Sequence[str], options: Namespace, *, pruned: bool
) -> None:
    for name in names:
        done = "removed " if pruned else ""
        _say(f"{done}{name}, a recording without a recipe")
    if names and not pruned:
        command = _command(library, options, "--prune")
        _say(f"To remove recordings without a recipe: {command}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _entry_as_json(library: Library, entry: Entry) -> dict[str, Any]:
    recording = entry.recording
    return {
        "recipe": entry.recipe.name,
        "path": str(entry.recipe.path),
        "page": entry.recipe.page,
        "state": entry.state,
        "reasons": list(entry.reasons),
        "recording": library.store.where(entry.found_at or entry.recipe.file)
        if recording
        else None,
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
