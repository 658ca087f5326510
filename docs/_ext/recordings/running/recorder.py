"""Run a recipe or guide, and make its recording or tell why there is none.

It runs in a copy of its folder, so that it may even delete that: a recipe in this
process, a guide in a kernel.
"""

import ast
import logging
import os
import traceback
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from recordings.gallery import capture, scripts
from recordings.gallery.hooks import files as hook_files
from recordings.guides import GuideFailed
from recordings.key import conf_code, first_imports, noted
from recordings.key.ingredients import code_trees, make_key, names_lines
from recordings.key.place import Place
from recordings.library import Library, open_library
from recordings.machine import clock, guard, provenance, reads
from recordings.machine import git as repository
from recordings.machine.copies import mirror
from recordings.machine.portable import make_portable
from recordings.machine.workspace import GONE, is_there
from recordings.model import CodeBlock, Ingredients, Recipe, Recording, Run
from recordings.running.job import Host, Job, Outcome
from recordings.store.notebook import to_text

CHANGED = "it, or a file that it uses, was changed while it ran; record it again"
LONGEST_OUTPUT = 10 * 2**20
"""Characters that a recipe may print; beyond, it is a flood and fails."""


class RecipeChanged(Exception):  # noqa: N818 - what happened, not a fault here
    """A recipe was edited while it ran, so its recording would be of unknown code."""


class UnreadableRecipe(Exception):  # noqa: N818 - what happened, not a fault here
    """A recipe's file has no docstring, no title or the like; the message says."""


def attempt(job: Job, host: Host) -> Outcome:
    """Run a recipe, and tell what came of it; whatever it raises ends here.

    Args:
        job: What to run, where and within which bounds.
        host: This process.
    """
    # What Sphinx-Gallery would warn of, a recipe that raised, is in the outcome.
    logging.getLogger("sphinx").setLevel(logging.CRITICAL)
    try:
        conf_dir, source = Path(job.conf_dir), Path(job.source)
        library = open_library(conf_dir, source, only=(job.script, job.page))
        recipe = next(each for each in library.recipes if each.page == job.page)
        if recipe.fault:
            raise UnreadableRecipe(recipe.fault)  # noqa: TRY301 - told like the others
        return record(library, recipe, job, host)
    except GuideFailed as failed:
        *_, last = str(failed).strip().splitlines()
        return Outcome(failure=last, traceback=str(failed))
    except (UnreadableRecipe, RecipeChanged) as refused:
        return Outcome(failure=str(refused))
    except SystemExit as left:
        code = left.code
        plain = isinstance(code, int | str | None)
        said = repr(code) if plain else type(code).__name__
        return Outcome(failure=f"it called sys.exit({said})")
    except BaseException as error:  # noqa: BLE001 - whatever it is, the runner must know
        if not is_there(Path(job.workspace)):
            return Outcome(failure=GONE)
        reason = capture.reason(type(error).__name__, capture.said(error))
        where = _where(error.__traceback__)
        return Outcome(failure=f"{reason}{where}", traceback=traceback.format_exc())


def _where(trace: TracebackType | None) -> str:
    """Say where it was raised, if in no package: maybe in a hook of the project's."""
    own = [
        each
        for each in traceback.extract_tb(trace)
        if not each.filename.startswith((*reads.INSTALLED, "<"))
    ]
    if not own:
        return ""
    return f"; raised in {Path(own[-1].filename).name}, line {own[-1].lineno}"


def _without_refused(notes: noted.Notes) -> noted.Notes:
    """Take what was to be written, but is protected, for what was read."""
    during, before = notes
    return [
        each._replace(how="text")
        if each.how in noted.WRITES and guard.holds(each.real)
        else each
        for each in during
    ], before


def record(library: Library, recipe: Recipe, job: Job, host: Host) -> Outcome:
    """Run a recipe in this process, and give what came of it.

    Args:
        library: The project's.
        recipe: The one to run.
        job: Where and within which bounds.
        host: This process.

    Raises:
        GuideFailed: A guide's cell raised.
        RecipeChanged: It, or a file that it uses, was edited while it ran.
    """
    folder = Path(job.workspace)
    before = library.before.get(recipe.page)  # whose recording need not be here
    keys = {before.page: job.earlier} if before else {}
    project = job.project or repository.project(
        recipe.path.parent.resolve(), library.conf_dir
    )
    copies = job.copy or (job.shared or folder) / "copy"
    try:
        script = mirror(recipe.path, project, copies)
    except OSError as error:
        raise UnreadableRecipe(f"its folder can't be copied: {error}") from error
    copied = copies.stat().st_mtime
    portable = make_portable(script.parent, recipe.path.parent, folder)
    try:
        library.ingredients(recipe, keys=keys)
    except ValueError as error:
        raise UnreadableRecipe(str(error)) from error
    if library.read(replace(recipe, path=script)).blocks != recipe.blocks:
        raise RecipeChanged(CHANGED)
    first_imports.preload(scripts.preload(recipe, library.settings.preload or ()))

    def peak_of_block() -> int | None:
        peak = provenance.peak_memory()
        provenance.reset_peak_memory()
        return peak + host.shared_memory if peak else None

    commit = job.commit or provenance.commit(recipe.path)
    if recipe.kind == "recipe":  # a guide's cells run in a process of their own
        guard.protect(project)
    started, start = datetime.now(UTC), clock.seconds()
    provenance.reset_peak_memory()
    if recipe.kind == "guide":
        from recordings.guides import kernel, reading  # noqa: PLC0415 - MyST-NB

        ran = kernel.record(
            reading.open_guide(script, library.conf),
            job.time_limit,
            LONGEST_OUTPUT,
            portable,
        )
        captured, gpu = capture.Captured(ran.blocks, {}), ran.gpu
        notes: noted.Notes = (ran.notes, [])
    else:
        captured = capture.capture(
            script,
            recipe.page,
            library.gallery_settings,
            folder / "figures",
            failure_expected=scripts.failure_expected(
                recipe.path, library.gallery_settings
            ),
            peak_memory=peak_of_block,
            portable=portable,
            echo=host.echo,
            note_line=host.note_line,
            longest_output=LONGEST_OUTPUT,
        )
        notes = _without_refused(reads.noted())
        gpu = provenance.gpu()
    blocks = captured.blocks
    seconds, texts = round(clock.seconds() - start, 2), _texts(blocks)
    place = Place(
        recipe.path.parent.resolve() / recipe.path.name,
        project,
        copies / (project.name or "project"),
        copied,
        folder,
    )
    code, modules = _code(library, recipe)
    used = noted.collect(place, notes, code, texts, modules)
    with_lines = names_lines(texts, recipe, by_number=used.counts_lines)
    like = Ingredients(
        blocks=(),
        files=used.files,
        lines=() if with_lines else None,
        noted=True,
        quoted=used.quoted,
    )
    ingredients = library.ingredients(recipe, like, keys)
    if used.changed or _changed(library, recipe, ingredients, keys):
        raise RecipeChanged(CHANGED)
    recording = Recording(
        recipe=recipe.name,
        key=make_key(ingredients),
        ingredients=ingredients,
        run=Run(
            date=started.isoformat(timespec="seconds").replace("+00:00", "Z"),
            seconds=seconds,
            threads=job.threads,
            peak_memory=max(
                (each.peak_memory for each in blocks if each.peak_memory), default=None
            ),
            processor=provenance.processor(),
            gpu=gpu,
            system=provenance.system(),
            versions=provenance.versions(library.packages),
            commit=commit,
            outside=used.outside,
        ),
        blocks=blocks,
        names=captured.names,
    )
    failure = captured.failure
    if failure and captured.missing and not job.shared:
        failure += _hint(library, recipe, captured.missing)
    return Outcome(to_text(recording), failure, captured.traceback)


def _hint(library: Library, recipe: Recipe, missing: str) -> str:
    """Say what to do if another recipe of the folder writes a file that is missing."""
    folder, others = recipe.path.parent, []
    for other in sorted({*folder.glob("*.py")} - {recipe.path}):
        with suppress(OSError, ValueError):
            if missing in other.read_text("utf-8"):
                others.append(other.name)
    if not others:
        return ""
    own = Path(os.path.relpath(folder, library.conf_dir)).as_posix()
    return (
        f"; if {' or '.join(others)}, where that name stands, writes the file, add "
        f"{own!r} to recordings_shared_folders in conf.py"
    )


def _changed(
    library: Library, recipe: Recipe, after: Ingredients, keys: dict[str, str]
) -> bool:
    """Tell whether a recipe was edited while it ran.

    Args:
        library: The project's.
        recipe: As it ran.
        after: Its ingredients now, but of the recipe as it ran.
        keys: As for `Library.ingredients`.
    """
    return library.ingredients(library.read(recipe), after, keys) != after


def _code(library: Library, recipe: Recipe) -> tuple[list[ast.AST], list[Path]]:
    """Return the code that is the recipe's or that `conf.py` adds, and its modules.

    Of `conf.py` itself only that counts which sets up a run, or is called in it.
    """
    conf = library.conf_dir / "conf.py"
    code, modules = [*code_trees(recipe), *conf_code.code_that_sets(conf)], []
    hooks = [] if recipe.kind == "guide" else hook_files(library.gallery_settings)
    for name, file in hooks:
        if file.resolve() == conf.resolve():
            code += conf_code.code(conf, name)
        else:
            modules.append(file)
    return code, modules


def _texts(blocks: Iterable[CodeBlock]) -> list[str]:
    """All text in the outputs of code blocks."""
    texts: list[str] = []
    for block in blocks:
        for output in block.outputs:
            texts += [output.get("text", ""), "\n".join(output.get("traceback", ()))]
            data = output.get("data", {})
            texts += [data.get("text/plain", ""), data.get("text/html", "")]
    return texts
