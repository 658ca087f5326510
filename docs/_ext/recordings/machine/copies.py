"""Copies of recipes' folders: a recipe may change or delete what is in its own.

To make a file takes half a millisecond, and a folder may hold a thousand recipes. So a
copy that a recipe left as it was serves the next one of that folder.
"""

import os
import shutil
import stat
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Lock

from recordings.machine.workspace import remove, workspace

LEFT_OUT = (".git", "__pycache__", "_build")
"""What is not mirrored: git would take the mirror for its own, and the rest is made."""

_State = dict[str, tuple[int, ...]]
"""What is in a folder: the name of each entry, and what changes when that does."""


def mirror(script: Path, project: Path, target: Path) -> Path:
    """Copy a recipe's folder, so that the recipe may change or delete what is in it.

    Files are copied; folders, such as a data set's, are links to the originals, and so
    is what is around the folder, up to the project's own. What is neither, such as
    a link to nowhere or an editor's lock, is left out.

    Args:
        script: The recipe, or a guide.
        project: A folder around it; the recipe finds what is in there.
        target: A folder for the copy; if it is there, so is the copy.

    Returns:
        The recipe in the copy.
    """
    folder = script.parent.resolve()
    place, copy = project, target / (project.name or "project")
    if target.exists():
        return copy / folder.relative_to(project) / script.name
    copy.mkdir(parents=True)
    for name in folder.relative_to(project).parts:
        for entry in _entries(place):
            if entry.name != name:
                (copy / entry.name).symlink_to(entry)
        place, copy = place / name, copy / name
        copy.mkdir()
    for entry in _entries(folder):
        if entry.is_dir():
            (copy / entry.name).symlink_to(entry)
        else:
            shutil.copy2(entry, copy / entry.name)
    return copy / script.name


def _entries(folder: Path) -> Iterator[Path]:
    """List the files and folders in a folder, but for what only tools use."""
    for entry in folder.iterdir():
        if entry.name not in LEFT_OUT and (entry.is_dir() or entry.is_file()):
            yield entry


class Copies:
    """Copies that are kept for the next recipe, as many as run at once."""

    def __init__(self, most: int) -> None:
        """Begin with none.

        Args:
            most: How many are kept while no recipe has them.
        """
        self._most = most
        self._free: deque[_Copy] = deque()
        self._lock = Lock()

    @contextmanager
    def lent(self, script: Path, project: Path) -> Iterator[Path]:
        """Give a folder with a copy of a recipe's own, which no other recipe has now.

        Args:
            script: The recipe, or a guide.
            project: As for `mirror`.

        Raises:
            OSError: It can't be copied.
        """
        folder = script.parent.resolve()
        copy = self._taken(folder) or _Copy(script, project)
        try:
            yield copy.place
        finally:
            copy.tidy()
            with self._lock:
                self._free.append(copy)
                old = [
                    self._free.popleft() for _ in range(len(self._free) - self._most)
                ]
            for each in old:
                each.close()

    def close(self) -> None:
        """Remove those that are kept."""
        with self._lock:
            kept, self._free = self._free, deque()
        for each in kept:
            each.close()

    def _taken(self, folder: Path) -> "_Copy | None":
        """Take a copy of a folder that still is one, if such a copy is kept."""
        with self._lock:
            found = next((it for it in self._free if it.original == folder), None)
            if found is None:
                return None
            self._free.remove(found)
        if found.is_true():
            return found
        found.close()
        return self._taken(folder)


class _Copy:
    """The copy of a folder, in a folder of its own."""

    def __init__(self, script: Path, project: Path) -> None:
        """Make it.

        Raises:
            OSError: It can't be made.
        """
        self._made = ExitStack()
        self.original = script.parent.resolve()
        self._project = project
        try:
            self.place = self._made.enter_context(workspace()) / "copy"
            # First: what changes while it is copied makes the copy untrue.
            self._copied = self._originals()
            mirror(script, project, self.place)
            self._was = self._copies()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove it."""
        self._made.close()

    def is_true(self) -> bool:
        """Tell whether it is as it was made, and the original as it was then."""
        with suppress(OSError):
            return self._copied == self._originals() and self._was == self._copies()
        return False

    def tidy(self) -> None:
        """Remove what was added."""
        with suppress(OSError):
            for folder, there in zip(self._levels(), self._was, strict=True):
                for name in _names(folder) - there.keys():
                    _remove(folder / name)

    def _levels(self) -> list[Path]:
        """Return the copies of the project's folder and of those down to this one."""
        root = self.place / (self._project.name or "project")
        inside = self.original.relative_to(self._project)
        return [root / each for each in (*reversed(inside.parents), inside)]

    def _copies(self) -> list[_State]:
        return [_state(each, os.lstat) for each in self._levels()]

    def _originals(self) -> list[_State]:
        inside = self.original.relative_to(self._project)
        around = [self._project / each for each in reversed(inside.parents)]
        names: list[_State] = [dict.fromkeys(_names(each), ()) for each in around]
        return [*names, _state(self.original, os.stat)]


def _state(folder: Path, about: Callable[[str], os.stat_result]) -> _State:
    """Return what is in a folder, without what is in the folders there."""
    state: _State = {}
    for name in _names(folder).difference(LEFT_OUT):
        with suppress(OSError):  # a link to nowhere, or in a circle
            found = about(f"{folder}{os.sep}{name}")
            state[name] = (found.st_mode, found.st_ino)
            if not stat.S_ISDIR(found.st_mode):
                when = found.st_mtime_ns, found.st_ctime_ns
                state[name] += (found.st_size, *when)
    return state


def _names(folder: Path) -> set[str]:
    with os.scandir(folder) as entries:
        return {each.name for each in entries}


def _remove(path: Path) -> None:
    """Remove a file, a link, or a folder with what is in it."""
    if path.is_dir() and not path.is_symlink():
        remove(path)
    else:
        path.unlink()
