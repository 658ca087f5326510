"""Pack files and folders into bytes, and unpack them elsewhere."""

import io
import tarfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LARGEST = 2**30
"""Bytes of files that are packed."""
LEVEL = 1
"""Of compression: what is sent once is not worth more time."""


class TooLargeError(ValueError):
    """There is too much to pack; the message says how much, and what to do."""


def pack(root: Path, paths: Iterable[Path]) -> bytes:
    """Pack files, links as links, and folders without what is in them.

    Args:
        root: The folder that their names are relative to.
        paths: What to pack; what is not there any more is left out.

    Raises:
        TooLargeError: The files are larger than `LARGEST`.
    """
    there = [it for it in paths if it.is_symlink() or it.is_file() or it.is_dir()]
    if sum(each.lstat().st_size for each in there) > LARGEST:
        raise TooLargeError(
            f"{root} has more than {LARGEST // 2**20} MiB, too much to send; have git "
            "ignore what recipes don't need"
        )
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=LEVEL) as archive:
        for path in there:
            archive.add(path, path.relative_to(root).as_posix(), recursive=False)
    return buffer.getvalue()


def unpack(archive: bytes, folder: Path) -> None:
    """Unpack into a folder, which is made. No file is newer than now.

    What is unpacked takes the place of a link.

    Raises:
        OSError: There is no room for it, or it would be, or lead, out of the folder.
    """
    now = time.time()

    def settle(info: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
        root = Path(path).resolve()
        place = root / info.name
        if place.is_symlink() and place.parent.resolve().is_relative_to(root):
            place.unlink()
        # A file under a second name would give away what is under its first.
        if info.islnk() and not (root / info.linkname).resolve().is_relative_to(root):
            raise tarfile.LinkOutsideDestinationError(info, info.linkname)
        # The other machine's clock may be ahead; its users are not known here.
        nobody: Any = dict.fromkeys(("uid", "gid", "uname", "gname"))
        kept = tarfile.tar_filter(info, path)
        return kept.replace(mtime=min(info.mtime, now), **nobody)

    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        try:
            packed.extractall(folder, filter=settle)  # noqa: S202 - it has a filter
        except tarfile.FilterError as error:
            raise OSError(f"it can't be unpacked: {error}") from error
