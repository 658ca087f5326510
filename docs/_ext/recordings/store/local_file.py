"""Read a file of a folder that may hold anything: pipes, or links in a circle."""

import errno
import os
from stat import S_ISREG

from recordings.store.notebook import RecordingError, check_size

_AT_ONCE = getattr(os, "O_NONBLOCK", 0)
"""Not to wait for the writer of a pipe; Windows has no pipes in folders."""


def content(path: str, where: str) -> bytes:
    """Return what a file holds; what else may be in a folder could be read for ever.

    Args:
        path: Its path.
        where: Its address, for messages.

    Raises:
        RecordingError: It is no file, or is too large.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _AT_ONCE)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise RecordingError(f"{where}: not a file") from error
        raise
    try:
        about = os.fstat(descriptor)
        if not S_ISREG(about.st_mode):
            raise RecordingError(f"{where}: not a file")
        check_size(about.st_size, where)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)
