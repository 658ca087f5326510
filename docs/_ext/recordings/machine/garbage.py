"""Look for no garbage while there is none to find."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Have no garbage looked for meanwhile.

    What is imported stays: to search all of it, again and again as it becomes more,
    takes a sixth of the time of an import as large as PyTorch's. What is imported may
    set how garbage is looked for, and that stays, too.
    """
    first, *others = gc.get_threshold()
    gc.set_threshold(0, *others)
    try:
        yield
    finally:
        if not gc.get_threshold()[0]:
            gc.set_threshold(first, *others)
