"""Have a Python process that a recipe starts note what it reads, as the recipe's does.

It is found through `PYTHONPATH`, which the recipe's process sets; so it gives way to
the `sitecustomize` that would have been found without it.
"""

import sys
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_here = Path(__file__).parent
sys.path[:] = [each for each in sys.path if each != str(_here)]
_found = spec_from_file_location("recordings_reads", _here.with_name("reads.py"))
with suppress(Exception):  # it may be another Python
    if _found and _found.loader:
        _reads = module_from_spec(_found)
        sys.modules[_found.name] = _reads
        _found.loader.exec_module(_reads)
        _reads.join()
sys.modules.pop("recordings_reads", None)
_own = sys.modules.pop("sitecustomize")
try:
    import sitecustomize  # type: ignore[import-not-found] # noqa: F401
except ImportError:
    sys.modules["sitecustomize"] = _own  # Python expects one
