"""Run a guide's cells in a kernel, and keep what they print and draw."""

import ast
import asyncio
import itertools
import json
import math
import os
import re
import signal
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode

from recordings.guides import GuideFailed
from recordings.guides.reading import Guide, cells, code
from recordings.machine import answers, provenance, reads
from recordings.machine.portable import Portable, make_portable
from recordings.machine.reads import Note
from recordings.model import CodeBlock, Output

SETTINGS = {
    "Application": {"log_level": "ERROR"},
    "HistoryManager": {"enabled": False},
    # Vector figures, the same on every run. `%config InlineBackend…` in a guide wins.
    "InlineBackend": {
        "figure_formats": ["svg"],
        "print_figure_kwargs": {"bbox_inches": "tight", "metadata": {"Date": None}},
        "rc": {"svg.hashsalt": "recordings"},
    },
}
"""IPython's settings in the kernel."""

GPU = f"__import__({provenance.__name__!r}, fromlist=['gpu']).gpu()"
"""What the kernel is asked in the end: its process has PyTorch, not this one."""
BEGIN = f"__import__({reads.__name__!r}, fromlist=['begin']).begin()"
READS = f"__import__({answers.__name__!r}, fromlist=['it']).write_noted({{!r}})"
"""What it is told before its first cell, and in the end with the path of a file."""
UNTOLD = "after the last cell, the kernel did not tell which files it had read"
TIMEOUT = 30.0
"""Seconds to wait for an answer."""

_COLOR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CELL_LINE = re.compile(r"Cell In\[(\d+)\], line (\d+)")


class Ran(NamedTuple):
    """What a guide printed and drew, and the GPU that it found."""

    blocks: tuple[CodeBlock, ...]
    gpu: str | None
    notes: list[Note]
    """What the kernel read."""


def record(
    guide: Guide,
    time_limit: float = math.inf,
    longest_output: int = 10 * 2**20,
    portable: Portable | None = None,
) -> Ran:
    """Run a guide's cells in a kernel of this very Python, in the guide's folder.

    Args:
        guide: The guide.
        time_limit: Seconds for all cells together.
        longest_output: Characters that it may print before it counts as a flood.
        portable: Takes this machine's folders out of a text.

    Raises:
        GuideFailed: It can't be read, a cell raised or was not done in time, or the
            kernel died.
    """
    page, lines = guide.read(), [block.line for block in cells(guide)]
    notebook: NotebookNode = nbformat.v4.new_notebook(cells=code(page))
    portable = _without_cells(portable or make_portable(guide.path.parent))
    deadline = time.monotonic() + time_limit
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        client = _Client(
            notebook,
            longest_output,
            km=_kernel(Path(scratch)),
            resources={"metadata": {"path": str(guide.path.parent)}},
            timeout_func=lambda _cell: _seconds_to(deadline),
            # Rather fail than lose output on a busy machine.
            iopub_timeout=60,
            raise_on_iopub_timeout=True,
            allow_errors=guide.settings(page).execution_allow_errors,
            record_timing=False,
            shutdown_kernel="immediate",
        )
        try:
            asyncio.run(client.run(_environment(scratch)))
        except CellExecutionError as error:
            cell = notebook.cells[client.index]
            traceback = _clean(cell.outputs[-1], portable)["traceback"]
            line = lines[client.index] + _line_in_cell(cell, traceback) - 1
            cause = f"{error.ename}: {portable(error.evalue)}"
            why = "\n".join([*traceback, guide.place(line, cause)])
            raise GuideFailed(why) from None
        except (CellTimeoutError, RuntimeError) as error:
            cause = client.flood or str(error)
            if isinstance(error, CellTimeoutError):
                cause = f"not done after {time_limit:g} seconds"
            raise GuideFailed(guide.place(lines[client.index], cause)) from None
    blocks = [
        CodeBlock(
            source=cell.source,
            outputs=tuple(
                _clean(each, portable, number) for each in _merged(cell.outputs)
            ),
            seconds=client.seconds.get(number - 1),
            peak_memory=client.peaks.get(number - 1),
        )
        for number, cell in enumerate(notebook.cells, 1)
    ]
    return Ran(tuple(blocks), client.gpu, client.notes)


class _Client(NotebookClient):
    """Runs cells, measures what each takes, and stops a flood."""

    def __init__(self, notebook: NotebookNode, longest: int, **options: Any) -> None:
        started, ended = self._start, self._stop
        super().__init__(
            notebook, on_cell_execute=started, on_cell_executed=ended, **options
        )
        self.index = 0
        self.seconds: dict[int, float] = {}
        self.peaks: dict[int, int | None] = {}
        self.gpu: str | None = None
        self.notes: list[Note] = []
        self.flood = ""
        """Why it was stopped, if it printed too much."""
        self._longest = longest
        self._printed = 0
        self._kernel = 0
        self._clock = 0.0

    async def run(self, environment: dict[str, str]) -> None:
        """Run all cells in a kernel, from its start to its end."""
        async with self.async_setup_kernel(cleanup_kc=True, env=environment):
            manager: Any = self.km
            self._kernel = manager.provisioner.pid
            await self._ask(BEGIN)
            for index, cell in enumerate(self.nb.cells):
                count = self.code_cells_executed + 1
                await self.async_execute_cell(cell, index, execution_count=count)
                if self.flood:
                    raise RuntimeError(self.flood)
            name = await self._ask(GPU)
            self.gpu = name if isinstance(name, str) else None
            answer = Path(environment["IPYTHONDIR"], "notes")
            await self._ask(READS.format(str(answer)))
            self.notes = _notes(answer)

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Handle a message; a kernel that prints without end is killed."""
        self._printed += len(msg["content"].get("text", ""))
        if self._printed > self._longest and not self.flood:
            self.flood = f"it printed more than {self._longest:,} characters"
            with suppress(ProcessLookupError):
                os.kill(self._kernel, signal.SIGKILL)
        return super().process_message(msg, cell, cell_index)

    def _start(self, *, cell_index: int, **_cell: Any) -> None:
        self.index = cell_index
        provenance.reset_peak_memory(self._kernel)
        self._clock = time.perf_counter()

    def _stop(self, *, cell_index: int, **_reply: Any) -> None:
        self.seconds[cell_index] = round(time.perf_counter() - self._clock, 3)
        self.peaks[cell_index] = provenance.peak_memory(self._kernel)

    async def _ask(self, expression: str) -> Any:
        """Have the kernel work out a plain value; no answer is None."""
        kernel: Any = self.kc
        asked = {"silent": True, "user_expressions": {"it": expression}, "reply": True}
        with suppress(TimeoutError, LookupError, SyntaxError, ValueError):
            reply = await kernel.execute("", timeout=TIMEOUT, **asked)
            answer = reply["content"]["user_expressions"]["it"]["data"]["text/plain"]
            return ast.literal_eval(answer)
        return None


def _notes(file: Path) -> list[Note]:
    """Read what the kernel wrote; without it, edits of its files would go unseen."""
    try:
        return [Note(*each) for each in json.loads(file.read_text("ascii"))]
    except (OSError, ValueError):
        raise RuntimeError(UNTOLD) from None


def _kernel(scratch: Path) -> AsyncKernelManager:
    """Prepare a kernel of this Python, whatever kernels are installed and set up."""
    profile = scratch / "profile_default"
    profile.mkdir()
    settings = json.dumps(SETTINGS)
    (profile / "ipython_kernel_config.json").write_text(settings, encoding="utf-8")
    return AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
        connection_file=str(scratch / "kernel.json"),
    )


def _environment(scratch: str) -> dict[str, str]:
    """Return the kernel's environment, in which it chooses how figures are drawn."""
    kept = {name: text for name, text in os.environ.items() if name != "MPLBACKEND"}
    # Otherwise the debugger, which is not used, warns that modules are frozen.
    return kept | {"IPYTHONDIR": scratch, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def _seconds_to(deadline: float) -> int | None:
    """Return how many seconds are left, at least 1; None if there is no deadline."""
    left = deadline - time.monotonic()
    return None if math.isinf(left) else max(1, math.ceil(left))


def _line_in_cell(cell: NotebookNode, traceback: list[str]) -> int:
    """Find the line of a cell that raised; 1 if the traceback doesn't name it."""
    found = _CELL_LINE.findall("\n".join(traceback))
    named = [int(line) for count, line in found if int(count) == cell.execution_count]
    return named[-1] if named else 1


def _merged(outputs: Iterable[Output]) -> Iterator[Output]:
    """Join what was printed in a row: the pieces in which it came are chance."""
    for kind, group in itertools.groupby(outputs, lambda it: it["output_type"]):
        if kind != "stream":
            yield from group
            continue
        texts = {"stdout": "", "stderr": ""}
        for each in group:
            texts[each["name"]] += each["text"]
        for name, text in texts.items():
            if text:
                yield {"output_type": "stream", "name": name, "text": text}


def _without_cells(portable: Portable) -> Portable:
    """Call the files that IPython makes of cells by what they are, too."""
    temporary = re.escape(tempfile.gettempdir())
    cell = re.compile(rf"{temporary}[/\\]ipykernel_\d+[/\\]\d+\.py")
    return lambda text: portable(cell.sub("cell", text))


def _clean(output: Output, portable: Portable, number: int = 0) -> Output:
    """Make an output plain, and free of this machine's folders."""
    plain: Output = json.loads(json.dumps(output))
    match plain["output_type"]:
        case "stream":
            plain["text"] = portable(plain["text"])
        case "error":
            shown = _COLOR.sub("", "\n".join(plain["traceback"]))
            plain["traceback"] = portable(shown).splitlines()
            plain["evalue"] = portable(plain["evalue"])
        case "execute_result":
            plain["execution_count"] = number
    for kind, content in plain.get("data", {}).items():
        if isinstance(content, str) and kind.startswith(("text/", "image/svg")):
            plain["data"][kind] = portable(content)
    return plain
