"""Have a Python process that a recipe starts note what it reads, as the recipe's does.

It is found through `PYTHONPATH`, which the recipe's process sets unseen; so it gives
way to the `sitecustomize` that would have been found without it.
"""

import sys
from contextlib import suppress
from pathlib import Path

_here = Path(__file__).parent
_path = [each for each in sys.path if each != str(_here)]
sys.path[:] = [str(_here.parents[2]), *_path]
with suppress(Exception):  # it may be another Python
    from recordings.machine import reads

    reads.join()
sys.path[:] = _path
for _name in [each for each in sys.modules if each.partition(".")[0] == "recordings"]:
    del sys.modules[_name]
_own = sys.modules.pop(__name__)
try:
    import sitecustomize  # type: ignore[import-not-found] # noqa: F401
except ImportError:
    sys.modules[__name__] = _own  # Python looks for it there
