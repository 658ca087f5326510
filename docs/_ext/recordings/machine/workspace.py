"""A folder of one's own for a while: made, locked, and removed.

As long as its maker runs, such a folder is locked. One that is not was left behind by
a runner that was killed; the next one to make a folder removes it.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from recordings.machine.reads import MARK

PREFIX = "recordings-"
NEW = 60.0
"""Seconds for which a folder may be there and not be locked yet."""
GONE = "it deleted or renamed the folder of its run, in which its results are kept"


@contextmanager
def workspace() -> Iterator[Path]:
    """Make a folder, and remove it whatever was done in it."""
    _sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        (folder / MARK).touch()
        with _locked(folder) as descriptor:
            try:
                yield folder
            finally:
                remove(_now_at(descriptor) or folder)
    finally:
        remove(folder)


def _now_at(descriptor: int) -> Path | None:
    """Return where an open folder is now, if it was moved; only Linux tells."""
    with suppress(OSError):
        return Path(f"/proc/self/fd/{descriptor}").readlink()
    return None


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """Hold a folder's lock, which ends with this process at the latest.

    Yields:
        A descriptor of it.

    Raises:
        OSError: Another holds it, or the folder can't be opened.
    """
    # Only Unix has it, and only who runs recipes needs it.
    import fcntl  # noqa: PLC0415

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield descriptor
    finally:
        os.close(descriptor)


def _sweep(temporary: Path) -> None:
    """Remove folders that killed runners left behind."""
    for folder in temporary.glob(f"{PREFIX}*"):
        with suppress(OSError):
            about = folder.lstat()
            is_own = about.st_uid == os.getuid() and (folder / MARK).is_file()
            if is_own and time.time() - about.st_mtime > NEW:
                with _locked(folder):
                    remove(folder)


def is_there(folder: Path) -> bool:
    """Tell whether a run's folder is where it was made."""
    return (folder / MARK).is_file()


def remove(folder: Path) -> None:
    """Remove a folder, with what is read-only in it; links are not followed.

    A file, or a link in its place, is removed, too. The mark goes last: where this is
    interrupted, the next runner goes on.
    """
    with suppress(OSError):
        if folder.is_dir() and not folder.is_symlink():
            folder.chmod(0o700)
            for each in [*folder.iterdir()]:
                if each.name != MARK:
                    _remove_all(each)
    _remove_all(folder)


def _remove_all(path: Path) -> None:
    """Remove a file, a link, or a folder, read-only or however deeply nested."""
    with suppress(OSError, RecursionError):  # before Python 3.13, only so deep
        if path.is_symlink() or not path.is_dir():
            path.unlink()
        else:
            shutil.rmtree(path, ignore_errors=True)
    if os.path.lexists(path):
        # Of folders only: a file may be one of the project's, by a hard link.
        open_up = ("-type", "d", "-execdir", "chmod", "u+rwx", "{}", ";")
        for command in (["find", str(path), *open_up], ["rm", "-rf", "--", str(path)]):
            subprocess.run(command, check=False, stderr=subprocess.DEVNULL)
