"""Guides: executable MyST-NB pages, recorded in a kernel and replayed without one.

`pages` finds them, `kernel` records them, `replay` hands recordings to MyST-NB. Each is
imported when it is first asked for: a project without guides needs no MyST-NB.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recordings.guides.kernel import record
    from recordings.guides.pages import Guide, cells, find, is_of, open_guide
    from recordings.guides.replay import prepare, seed

__all__ = [
    "Guide",
    "GuideFailed",
    "OtherCode",
    "cells",
    "find",
    "is_of",
    "open_guide",
    "prepare",
    "record",
    "seed",
]

_PLACES = {
    "Guide": "pages",
    "cells": "pages",
    "find": "pages",
    "is_of": "pages",
    "open_guide": "pages",
    "prepare": "replay",
    "record": "kernel",
    "seed": "replay",
}


class GuideFailed(Exception):  # noqa: N818 - what happened, not a fault of ours
    """A guide can't be read or run. The message's last line says where and why."""


class OtherCode(Exception):  # noqa: N818 - what was found, not a fault of ours
    """A recording is one of other code than a page has now."""


def __getattr__(name: str) -> Any:
    """Import what is asked for from the module that it stands in."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
