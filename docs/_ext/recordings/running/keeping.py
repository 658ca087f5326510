"""What is done with what a recipe gave, as soon as it is there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from recordings.comparison.confirm import merged
from recordings.library import Library
from recordings.model import Entry, Recording
from recordings.store.notebook import to_text


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a new recording."""

    status: Literal["recorded", "confirmed", "kept", "ran"]
    recording: Recording
    """The one that is in the store now, or the new one."""
    reason: str = ""
    """Why it was not kept, if it was to be."""


Keep = Callable[[Library, Entry, Recording], Kept]
"""Does something with a new recording.

It may raise a StoreError or a RecordingError, which then is why this recipe failed.
"""


def as_main(library: Library, entry: Entry, new: Recording) -> Kept:
    """Write it under the recipe's name, or confirm what is there."""
    recording = merged(entry.recording, new, library.rules(entry.recipe))
    library.store.write(entry.recipe.file, to_text(recording))
    return Kept("recorded" if recording is new else "confirmed", recording)


def nowhere(_library: Library, _entry: Entry, new: Recording) -> Kept:
    """Write nothing."""
    return Kept("ran", new)
