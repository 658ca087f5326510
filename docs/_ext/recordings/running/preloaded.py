"""Imported by the fork server: what every recipe needs, and what forks must know."""

import atexit
import gc
import multiprocessing
import os
import sys
from contextlib import suppress
from multiprocessing import forkserver
from pathlib import Path

import nbformat

from recordings.key import first_imports
from recordings.machine import provenance, reads
from recordings.machine.process_tree import has_one_thread

# For those that are forked: each recipe's process would import it.
from recordings.running import recorder  # noqa: F401

PRELOAD = "RECORDINGS_PRELOAD"
"""Environment variable: the modules to import, with blanks between them."""

MAIN_PROCESS = multiprocessing.current_process()
"""What a process that was not forked is to `multiprocessing`."""
PATH = [*sys.path]
"""Where modules are found, before any recipe changes that."""
reads.install()
first_imports.preload(os.environ.pop(PRELOAD, "").split())
sys.path[:] = PATH
IS_SAFE = has_one_thread()
"""Whether this process can be forked."""
FILE_MEMORY = provenance.file_memory()
"""Bytes of files, such as libraries, that a fork uses and doesn't count as its own."""

# Else each fork would compile nbformat's schema.
nbformat.validate(nbformat.v4.new_notebook())
# Else each fork would search, and so copy, all that was imported.
gc.freeze()


@atexit.register
def _remove_socket() -> None:
    """Remove the server's socket, as a runner that was killed did not."""
    address = forkserver._forkserver._forkserver_address  # type: ignore[attr-defined] # noqa: SLF001
    with suppress(OSError, TypeError, ValueError):
        Path(address).unlink()
        Path(address).parent.rmdir()  # only if it was there for the socket alone
