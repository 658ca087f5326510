"""Let recipes that share a folder run in turn, and in one copy of it."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from recordings.library import Library
from recordings.machine.workspace import workspace
from recordings.model import Entry


class Turns:
    """The folders that recipes share, and who waits for whom."""

    def __init__(self, library: Library) -> None:
        """Begin with nobody waiting."""
        self._library = library
        self._folders: dict[Path, Path] = {}
        self._next: dict[str, Entry] = {}
        self._made = ExitStack()

    def __enter__(self) -> Self:
        """Make no folder yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the folders."""
        self._made.close()

    def with_earlier(self, entries: Iterable[Entry]) -> list[Entry]:
        """Add those recipes that have to run before: what they write is needed."""
        found = {each.recipe.page: each for each in entries}
        for page in [*found]:
            while (earlier := self._library.before.get(page)) is not None:
                page = earlier.page  # noqa: PLW2901 - up to the first
                found.setdefault(page, self._library.entry(earlier))
        return [*found.values()]

    def first(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Yield those that can run at once; the others have their turn later."""
        for entry in entries:
            if earlier := self._library.before.get(entry.recipe.page):
                self._next[earlier.page] = entry
            else:
                yield entry

    def after(self, entry: Entry) -> Entry | None:
        """Return the one whose turn it is when this one has ended."""
        return self._next.pop(entry.recipe.page, None)

    def folder(self, entry: Entry) -> Path | None:
        """Return the folder for the copy that a recipe shares, if it shares one."""
        if entry.recipe.page not in self._library.before:
            return None
        own = entry.recipe.path.parent
        if own not in self._folders:
            self._folders[own] = self._made.enter_context(workspace())
        return self._folders[own]
