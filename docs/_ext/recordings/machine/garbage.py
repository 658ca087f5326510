"""Look for no garbage while there is none to find."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Have no garbage looked for meanwhile.

    What is imported stays: to search all of it, again and again as it becomes more,
    takes a sixth of the time of an import as large as PyTorch's.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
