"""Keep a recipe from changing the files of its project, which its folder links to.

What is refused is what Python announces, in this process and those forked from it. What
git does not track may be written: a data set, a picture, what an earlier run wrote.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from recordings.machine import git as repository

WRITES = os.O_WRONLY | os.O_RDWR | os.O_TRUNC
_files: frozenset[str] = frozenset()
_folders: frozenset[str] = frozenset()


def protect(project: Path) -> None:
    """Refuse from now on, in this process, to change what git tracks in a project.

    Args:
        project: The folder of the repository; of another, nothing is tracked.
    """
    global _files, _folders  # noqa: PLW0603 - it is this process that is guarded
    listed = repository.git(project, "ls-files", "-z")
    names = [os.fsdecode(name) for name in listed.split(b"\0") if name]
    if not names:
        return
    _files = frozenset(f"{project}{os.sep}{name}" for name in names)
    around = {*map(str, project.parents), str(project)}
    todo = {*map(os.path.dirname, _files)} - around
    while todo:  # with strings, since each recipe's process does this
        around |= todo
        todo = {*map(os.path.dirname, todo)} - around
    _folders = frozenset(around)
    sys.addaudithook(_hear)


def holds(path: str) -> bool:
    """Tell whether a file is protected, so that it was not written."""
    return path in _files


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse what Python announces, if that would change the project."""
    if event not in _EVENTS:
        return
    changed: list[str] = []
    with suppress(OSError, ValueError, TypeError):  # the call itself will tell
        changed = [*_EVENTS[event](arguments)]
    for path in changed:
        if path in _files or (path in _folders and event == "os.rename"):
            raise PermissionError(
                errno.EACCES,
                "a recipe can't change what belongs to its project",
                os.path.relpath(path),
            )


def _opened(arguments: tuple[Any, ...]) -> Iterator[str]:
    path, _, flags = arguments
    if flags & WRITES and not isinstance(path, int):
        yield os.path.realpath(os.fsdecode(path))


def _truncated(arguments: tuple[Any, ...]) -> Iterator[str]:
    if not isinstance(arguments[0], int):
        yield os.path.realpath(os.fsdecode(arguments[0]))


def _removed(arguments: tuple[Any, ...]) -> Iterator[str]:
    yield _place(arguments[0], arguments[1])


def _renamed(arguments: tuple[Any, ...]) -> Iterator[str]:
    source, target, source_folder, target_folder = arguments
    yield _place(source, source_folder)
    yield _place(target, target_folder)


def _place(path: Any, folder: int) -> str:
    """Return where a name is, which may be that of a link."""
    start = f"/proc/self/fd/{folder}" if folder >= 0 else ""
    parent, name = os.path.split(os.path.join(start, os.fsdecode(path)))  # noqa: PTH118
    return os.path.join(os.path.realpath(parent), name)  # noqa: PTH118


_EVENTS: dict[str, Callable[[tuple[Any, ...]], Iterator[str]]] = {
    "open": _opened,
    "os.truncate": _truncated,
    "os.remove": _removed,
    "os.rename": _renamed,
}
