"""Copies of recipes' folders: a recipe may change or delete what is in its own.

To make a file takes half a millisecond, and a folder may hold a thousand recipes. So a
copy that a recipe left as it was serves the next one of that folder.
"""

import os
import shutil
import stat
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from recordings.machine.workspace import remove, workspace

LEFT_OUT = (".git", "__pycache__", "_build")
"""What is not mirrored: git would take the mirror for its own, and the rest is made."""
MOST_COMPARED = 64 * 2**20
"""Bytes in a folder's files, up to which its copy is kept."""


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
    """Copies that are kept for the next recipe, as many as run at once.

    None is kept for long without a recipe, whose process would remove it if this one
    were killed.
    """

    def __init__(self, most: int, is_wanted: Callable[[], bool]) -> None:
        """Begin with none.

        Args:
            most: How many there are, with those that recipes have.
            is_wanted: Tells whether a recipe waits for one.
        """
        self._most, self._is_wanted = most, is_wanted
        self._lent = 0
        self._free: deque[_Copy] = deque()
        self._lock = Lock()

    @contextmanager
    def lent(self, script: Path, project: Path) -> Iterator[Path | None]:
        """Give a folder with a copy of a recipe's own, which no other recipe has now.

        None if it can't be copied: the recipe's process will try, and say why.

        Args:
            script: The recipe, or a guide.
            project: As for `mirror`.
        """
        copy = self._taken(script.parent.resolve())
        if copy is None:
            with suppress(OSError):
                copy = _Copy(script, project)
        try:
            yield copy.place if copy else None
        finally:
            with self._lock:
                self._lent -= 1
            if copy:
                self._take_back(copy)

    def close(self) -> None:
        """Remove those that are kept."""
        with self._lock:
            kept, self._free = self._free, deque()
        for each in kept:
            each.close()

    def _taken(self, folder: Path) -> "_Copy | None":
        """Take a copy of a folder that still is one, if such a copy is kept."""
        with self._lock:
            self._lent += 1
            own = [each for each in self._free if each.original == folder]
            found = own[0] if own else None
            if found:
                self._free.remove(found)
            surplus = max(0, self._lent + len(self._free) - self._most)
            old = [self._free.popleft() for _ in range(min(surplus, len(self._free)))]
        if found and not found.is_current():
            old.append(found)
            found = None
        for each in old:
            each.close()
        return found

    def _take_back(self, copy: "_Copy") -> None:
        """Keep a copy if a recipe waits for it, and if it can be had as it was."""
        kept = False
        try:
            kept = self._is_wanted() and copy.restore()
        finally:
            if kept:
                with self._lock:
                    self._free.append(copy)
            else:
                copy.close()


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
            own = self._made.enter_context(workspace())
            self.place = own / "copy"
            # First: what changes while it is copied makes the copy old.
            self._copied = self._originals()
            folder = mirror(script, project, self.place).parent
            depth = len(folder.relative_to(own).parts)
            self._levels = [folder, *folder.parents[:depth]][::-1]
            self._was = [_about(each) for each in self._levels]
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove it."""
        self._made.close()

    def is_current(self) -> bool:
        """Tell whether the original is as it was copied."""
        with suppress(OSError):
            return self._copied == self._originals()
        return False

    def restore(self) -> bool:
        """Remove what was added; tell whether nothing else was changed."""
        with suppress(OSError):
            now = [_about(each) for each in self._levels]
            # Not before all are seen to be the ones that were made: one may be a link.
            if any(it.own != was.own for it, was in zip(now, self._was, strict=True)):
                return False
            for folder, was in zip(self._levels, self._was, strict=True):
                for name in _names(folder) - was.inside.keys():
                    remove(folder / name)
                os.utime(folder, ns=(was.read, was.changed))
            untouched = self._was == [_about(each) for each in self._levels]
            return untouched and self._is_equal()
        return False

    def _is_equal(self) -> bool:
        """Tell whether files have the bytes of the originals, as far as that is quick.

        Where memory holds them (tmpfs), a write through a mapping changes no time.
        """
        files = [each for each in _entries(self.original) if each.is_file()]
        if sum(each.stat().st_size for each in files) > MOST_COMPARED:
            return False
        copy = self._levels[-1]
        return all(it.read_bytes() == (copy / it.name).read_bytes() for it in files)

    def _originals(self) -> list[object]:
        """Return what the copy depends on: names around the folder, and all in it."""
        inside = self.original.relative_to(self._project)
        around = [self._project / each for each in reversed(inside.parents)]
        names = [{it.name for it in _entries(each)} for each in around]
        own = _names(self.original).difference(LEFT_OUT)
        return [*names, _inside(self.original, own, os.stat)]


@dataclass(frozen=True, slots=True)
class _About:
    """What is known of one folder of a copy."""

    own: tuple[object, ...]
    """Which one it is, who may do what with it, and its extended attributes."""
    inside: dict[str, tuple[int, ...]]
    changed: int
    read: int = field(compare=False)
    """When, like the time of its last change, in nanoseconds."""


def _about(folder: Path) -> _About:
    """Look at a folder, without what is in the folders there."""
    own = folder.lstat()
    who = own.st_dev, own.st_ino, own.st_mode, own.st_uid, own.st_gid
    more = sorted(os.listxattr(folder)) if sys.platform == "linux" else []
    inside = _inside(folder, _names(folder), os.lstat)
    return _About((*who, *more), inside, own.st_mtime_ns, own.st_atime_ns)


def _inside(
    folder: Path, names: Iterable[str], about: Callable[[str], os.stat_result]
) -> dict[str, tuple[int, ...]]:
    """Return of each name in a folder what changes when that does."""
    found: dict[str, tuple[int, ...]] = {}
    for name in names:
        with suppress(OSError):  # a link to nowhere, or in a circle
            it = about(f"{folder}{os.sep}{name}")
            found[name] = (it.st_mode, it.st_ino)
            if not stat.S_ISDIR(it.st_mode):
                found[name] += (it.st_size, it.st_mtime_ns, it.st_ctime_ns)
    return found


def _names(folder: Path) -> set[str]:
    with os.scandir(folder) as entries:
        return {each.name for each in entries}
