"""Let a recipe's stack begin in the recipe: what runs it is not for its page.

A stack is shown by Python's `traceback`, which PyTorch's anomaly mode and `logging`
ask, by `inspect`, and by a warning that is said to come from further out.
"""

import inspect
import sys
import traceback
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from sphinx_gallery import gen_rst

RUNS_CODE = {gen_rst._exec_once.__call__.__code__, gen_rst._get_last_repr.__code__}
"""What calls a recipe's code; there, and further out, a stack is cut."""
OWN = str(Path(__file__).parents[1])
NOWHERE = "sys", 1
"""The file and line that Python itself gives where a stack has ended."""


def hide() -> None:
    """Cut stacks in this process, from now on."""
    walk, outer, show = (
        traceback.walk_stack,
        inspect.getouterframes,
        gen_rst._showwarning,
    )

    def walk_stack(f: FrameType | None) -> Iterator[tuple[FrameType, int]]:
        frames = walk(f or sys._getframe(1))
        return takewhile(lambda it: it[0].f_code not in RUNS_CODE, frames)

    def getouterframes(frame: Any, context: int = 1) -> list[inspect.FrameInfo]:
        frames = outer(frame, context)
        return [*takewhile(lambda it: it.frame.f_code not in RUNS_CODE, frames)]

    def showwarning(  # noqa: PLR0913, PLR0917 - in the place of one with as many
        message: Any,
        category: Any,
        filename: str,
        lineno: int,
        file: Any = None,
        line: str | None = None,
    ) -> None:
        whole = {frame.f_code.co_filename for frame, _ in walk(sys._getframe())}
        shown = {frame.f_code.co_filename for frame, _ in walk_stack(sys._getframe())}
        if filename in whole - shown:
            (filename, lineno), line = NOWHERE, ""
        show(message, category, filename, lineno, file, line)

    vars(traceback)["walk_stack"] = walk_stack
    vars(inspect)["getouterframes"] = getouterframes
    vars(gen_rst)["_showwarning"] = showwarning


def without_own(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback without the functions that wrap Sphinx-Gallery's."""
    kept, rest = [], None
    while trace:
        if not trace.tb_frame.f_code.co_filename.startswith(OWN):
            kept.append(trace)
        trace = trace.tb_next
    for each in reversed(kept):
        rest = TracebackType(rest, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return rest
