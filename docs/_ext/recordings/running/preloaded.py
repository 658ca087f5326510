"""Imported by the fork server: what every recipe needs, and what forks must know."""

import atexit
import gc
import multiprocessing
import os
import sys
from contextlib import suppress
from multiprocessing import forkserver
from pathlib import Path

from recordings.machine.garbage import uncollected

with uncollected():
    # For those that are forked: each recipe's process would import them.
    import nbformat.v4  # noqa: F401

    from recordings.key import first_imports, noted
    from recordings.machine import provenance, reads
    from recordings.machine.process_tree import has_one_thread
    from recordings.running import recorder  # noqa: F401
    from recordings.store.store import Store

PRELOAD = "RECORDINGS_PRELOAD"
"""Environment variable: the modules to import, with blanks between them."""

MAIN_PROCESS = multiprocessing.current_process()
"""What a process that was not forked is to `multiprocessing`."""
PATH = [*sys.path]
"""Where modules are found, before any recipe changes that."""
FILE_MEMORY = 0
"""Bytes of files, such as libraries, that a fork uses and doesn't count as its own."""


def be_forked() -> None:
    """Be ready for that: a fork copies what it changes, and to look at it is enough."""
    global FILE_MEMORY  # noqa: PLW0603 - it is of this process
    FILE_MEMORY = provenance.file_memory()
    provenance.processor()
    noted.see_installed()
    gc.freeze()


reads.install()
first_imports.preload(os.environ.pop(PRELOAD, "").split())
sys.path[:] = PATH
IS_SAFE = has_one_thread()
"""Whether this process can be forked."""

# Else each fork would find the class of stores in folders anew.
Store(os.curdir)
be_forked()


@atexit.register
def _remove_socket() -> None:
    """Remove the server's socket, as a runner that was killed did not."""
    address = forkserver._forkserver._forkserver_address  # type: ignore[attr-defined] # noqa: SLF001
    with suppress(OSError, TypeError, ValueError):
        Path(address).unlink()
        Path(address).parent.rmdir()  # only if it was there for the socket alone
