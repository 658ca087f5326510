"""Keep what this device gives, beside recordings of another kind of device."""

from collections.abc import Sequence
from dataclasses import dataclass

from recordings import shelf
from recordings.comparison.confirm import merged
from recordings.library import Library
from recordings.model import Device, Entry, Recording
from recordings.running.keeping import Kept
from recordings.store.notebook import RecordingError, to_text


@dataclass(frozen=True, slots=True)
class Choice:
    """Which recipes are to be run, and which are not."""

    wanted: tuple[Entry, ...]
    there: int
    """How many have a fresh recording on another kind of device."""
    left_out: tuple[str, ...]
    """Which recipes can have none, and why; a line each."""


def choose(
    library: Library, entries: Sequence[Entry], here: Device | None, *, anew: bool
) -> Choice:
    """Choose the recipes that may get a recording on this kind of device.

    Args:
        library: The project's.
        entries: Those that were asked for.
        here: What they would run on, if that is known.
        anew: Choose also those that have one.
    """
    why = [_why_not(library, each, here) for each in entries]
    possible = [each for each, fault in zip(entries, why, strict=True) if not fault]
    return Choice(
        tuple(each for each in possible if anew or not each.variant),
        sum(each.variant is not None for each in entries),
        tuple(
            f"left out: {each.recipe.name}: {fault}"
            for each, fault in zip(entries, why, strict=True)
            if fault
        ),
    )


def _why_not(library: Library, entry: Entry, here: Device | None) -> str:
    """Say why a recipe can't have a recording beside its own."""
    if entry.found_at:
        return f"its recording is {entry.found_at}; to rename it, run without --variant"
    if entry.state != "fresh" or entry.recording is None:
        return "it has no fresh recording to be beside"
    device = entry.recording.run.device
    name = shelf.variant_name(entry.recipe.file, shelf.other_device(device))
    if name in library.names:
        page = name.removesuffix(".ipynb")
        return f"{name} is that of another recipe, {page}; rename one of them"
    if device == here:
        found = "no GPU" if here == "cpu" else "a GPU"
        return f"its recording ran on {device}, too; PyTorch finds {found} here"
    return ""


def beside(library: Library, entry: Entry, new: Recording) -> Kept:
    """Write a recording beside that of another kind of device, or confirm it."""
    device = new.run.device
    if entry.recording is None or device == entry.recording.run.device:
        return Kept("ran", new, f"not kept: its recording ran on {device}, too")
    name = shelf.variant_name(entry.recipe.file, device)
    try:
        old = shelf.read(library.store, name)
    except RecordingError:
        old = None
    recording = merged(old, new, library.rules(entry.recipe))
    library.store.write(name, to_text(recording))
    return Kept("kept" if recording is new else "confirmed", recording)
