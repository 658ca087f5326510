"""Keep what was recorded where a recipe gives the same again, and note that it did.

A run under a changed environment then changes a few lines of a recording, and not its
outputs. Where they differ, or where the code did, the new recording takes its place.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from recordings.comparison.verify import Rules, SettingError, compare
from recordings.model import Confirmation, Recording
from recordings.syntax_tree import are_equal

KEPT = 10
"""Confirmations that a recording holds."""


def merged(old: Recording | None, new: Recording, rules: Rules) -> Recording:
    """Return what to keep after a recipe was run again.

    Args:
        old: Its recording from before, fresh or stale.
        new: What it gives now.
        rules: Those by which the outputs are compared.

    Returns:
        The old recording with the new key and a confirmation, if the outputs agree and
        the code is the same; otherwise the new recording.
    """
    if old is None or not has_code(old, [each.source for each in new.blocks]):
        return new
    then, now = old.ingredients, new.ingredients
    # Only the environment may have changed: what runs, reads or names lines may not.
    was_guessed = now.noted and not (then.noted or then.files)
    if was_guessed:  # it is an older recording, for which no files were found
        then = replace(then, files=now.files, noted=now.noted, quoted=now.quoted)
    if replace(then, settings=now.settings, packages=now.packages) != now:
        return new
    # A setting may be there for the look of a figure.
    of_both = then.settings if was_guessed else now.settings
    whole_figures = then.settings != {
        name: value for name, value in now.settings.items() if name in of_both
    }
    try:
        differences = compare(old, new, rules, whole_figures=whole_figures)
    except SettingError:
        return new
    return new if differences else _confirmed(old, new)


def has_code(
    recording: Recording, sources: Sequence[str], as_python: Callable[[str], str] = str
) -> bool:
    """Tell whether a recording is of this code; a person may have edited it.

    Args:
        recording: Its key says that it is.
        sources: The code of each block; empty if the block is never run.
        as_python: Makes Python of a recorded block's source.
    """
    return len(sources) == len(recording.blocks) and all(
        not source or are_equal(source, as_python(block.source))
        for source, block in zip(sources, recording.blocks, strict=True)
    )


def _confirmed(old: Recording, new: Recording) -> Recording:
    run = new.run
    newest = Confirmation(run.date, run.versions, run.processor, run.gpu, run.commit)
    others = [
        each
        for each in old.confirmations
        if replace(each, date=newest.date, commit=newest.commit) != newest
    ]
    return replace(
        old,
        recipe=new.recipe,
        key=new.key,
        ingredients=new.ingredients,
        confirmations=(newest, *others)[:KEPT],
        names=new.names,
    )
