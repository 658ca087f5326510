"""What was made of the same files before, so that it is not made again."""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import recordings
import translation

_PACKAGES = (
    *("Babel", "docutils", "markdown-it-py", "mdit-py-plugins", "myst-parser"),
    *("polib", "Sphinx", "sphinx-gallery"),
)
"""Those that have a say in how a text is read."""


class Cache:
    """Results in a file, each under a digest of all that it was made from."""

    def __init__(self, file: Path) -> None:
        """Read what a run before this one has left; nothing if that can't be read."""
        self._file = file
        try:
            found = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            found = None
        self._before: dict[str, Any] = found if isinstance(found, dict) else {}
        self._now: dict[str, Any] = {}

    def result(self, make: Callable[[], Any], *made_from: object) -> Any:
        """Return what `make` gives, which JSON must be able to hold.

        Args:
            make: Called if it was not made of just this before.
            made_from: All that the result depends on, beside this project's code.
        """
        text = repr((make.__name__, _code(), made_from))
        name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        if name not in self._now:
            found = self._before.get(name)
            self._now[name] = make() if found is None else found
        return self._now[name]

    def save(self) -> None:
        """Leave what was asked for now, for the next run."""
        if self._now.keys() != self._before.keys():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            # Of this process alone: another may write at the same time.
            beside = self._file.with_suffix(f".{os.getpid()}.part")
            beside.write_text(json.dumps(self._now), "utf-8")
            beside.replace(self._file)


def digest(folders: Iterable[Path], patterns: Sequence[str]) -> str:
    """Digest the files below some folders whose names match any of some patterns."""
    found = hashlib.sha256()
    for folder in folders:
        for file in sorted({it for each in patterns for it in folder.rglob(each)}):
            found.update(f"{file}\0".encode("utf-8", "surrogateescape"))
            found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


@cache
def _code() -> str:
    """Digest the code that results are made with."""
    folders = [Path(__file__).parent]
    folders += [Path(each.__path__[0]) for each in (recordings, translation)]
    versions = [sys.version, *map(version, _PACKAGES)]
    return f"{digest(folders, ['*.py'])} {versions}"
