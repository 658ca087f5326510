"""Look for no garbage while there is none to find."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEVER = 2**31 - 19
"""How many objects have to be made before garbage is looked for: never, as it were.

It is a number that nobody else would set.
"""


@contextmanager
def uncollected() -> Iterator[None]:
    """Have no garbage looked for meanwhile.

    What is imported stays: to search all of it, again and again as it becomes more,
    takes a sixth of the time of an import as large as PyTorch's. What is imported may
    set how garbage is looked for, and that stays, too.
    """
    first, *others = gc.get_threshold()
    gc.set_threshold(NEVER, *others)
    try:
        yield
    finally:
        now, *others = gc.get_threshold()
        if now == NEVER:
            gc.set_threshold(first, *others)
