"""What a saved file concerns: editions, recordings, or this program itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

MADE = {"_build", "recipes"}
"""Folders in `docs/` that builds write."""


@dataclass(frozen=True, slots=True)
class Concerns:
    """What has to be done after files were saved."""

    editions: frozenset[str] = frozenset()
    """Languages of the editions to be built."""
    recordings: bool = False
    """Whether a recording may be stale now."""
    program: bool = False
    """Whether this program has to begin anew, since its own code may have changed."""

    def __or__(self, other: "Concerns") -> "Concerns":
        """Put two together."""
        return Concerns(
            self.editions | other.editions,
            self.recordings or other.recordings,
            self.program or other.program,
        )


def concerns(paths: Iterable[str], languages: Sequence[str]) -> Concerns:
    """Tell what has to be done after files were saved.

    Args:
        paths: Of the files, from the project's folder.
        languages: Those of the editions.
    """
    found = Concerns()
    for path in paths:
        parts = PurePosixPath(path).parts
        if not _is_passing(parts):
            found |= _concerns(parts, languages)
    return found


def _is_passing(parts: Sequence[str]) -> bool:
    """Tell whether a file is a dataset's, or one that a program has for a moment."""
    hidden = any(each.startswith(".") or each == "data" for each in parts)
    hidden |= "." not in parts[-1]  # an editor's; all that is written has an ending
    return hidden or parts[-1].endswith((".tmp", ".part", ".swp", "~"))


def _concerns(parts: Sequence[str], languages: Sequence[str]) -> Concerns:
    everything = frozenset(languages)
    if len(parts) == 1 and parts[0] != "pyproject.toml":
        return Concerns()  # a folder, of which more is said
    if parts[0] == "locales":
        known = everything & {parts[1]}
        # The folder of another language makes another edition.
        return Concerns(known or everything, program=not known)
    if parts[0] == "docs":
        if parts[1] in MADE:
            return Concerns()
        if parts[1] == "_ext" and parts[-1].endswith(".py"):
            return Concerns(everything, recordings=True, program=True)
        is_shown_only = parts[1] in ("_static", "_templates", "recordings")
        return Concerns(everything, recordings=not is_shown_only)
    return Concerns(everything, recordings=True)
