"""Remember the digests of code blocks from one command to the next.

To parse a thousand recipes, and to walk through their trees, takes longer than all else
that `status` does. It is there to save time only: without it, all is as before.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

MOST = 100_000
"""Digests in the file, at which it is begun anew."""
_known: dict[str, str] = {}


@contextmanager
def kept_in(file: Path) -> Iterator[None]:
    """Begin with the digests in a file, if there are any; in the end add the new."""
    found: dict[str, str] = {}
    with suppress(OSError, ValueError, AttributeError, RecursionError):
        given = json.loads(file.read_text("ascii")).items()
        found = {code: it for code, it in given if isinstance(it, str)}
        _known.update(found)
    yield
    if len(_known) > len(found):
        _write(file, _known if len(_known) < MOST else {})


def _write(file: Path, digests: dict[str, str]) -> None:
    beside = file.with_name(f".{file.name}-{token_hex(4)}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_text(json.dumps(digests), "ascii")
            beside.replace(file)
        finally:
            beside.unlink(missing_ok=True)


def known(code: str, make: Callable[[], str]) -> str:
    """Return a code's digest; make it if it is not known."""
    name = sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
    if name not in _known:
        _known[name] = make()
    return _known[name]
