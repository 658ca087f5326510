"""Make a page's notebook download: prose, code with what it gave, and run card."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from recordings.model import FILE, Block, CodeBlock, Output
from recordings.store.notebook import KERNEL, REST

_MAGIC = re.compile(r"^`{3,} *\w*\n(%%.*?)\n`{3,}$", re.MULTILINE | re.DOTALL)
"""A block of code that begins with one of Jupyter's own commands."""


def notebook(  # noqa: PLR0913 - the last three by name
    blocks: Sequence[Block],
    given: Sequence[CodeBlock | None],
    texts: Sequence[str],
    run_card: str | None,
    *,
    first: str | None = None,
    last: str | None = None,
    promote_magic: bool = False,
) -> dict[str, Any]:
    """Make a notebook, valid by nbformat 4.5; equal arguments give equal notebooks.

    Args:
        blocks: Of the page, so without what it hides.
        given: What was recorded of each of them, if it held code before the page hid
            any.
        texts: The Markdown of each text block.
        run_card: Markdown; the last cell.
        first: Code to begin with.
        last: Code to end with.
        promote_magic: Whether code in a text that begins with one of Jupyter's own
            commands becomes a cell.
    """
    cells: list[dict[str, Any]] = []
    if first is not None:
        cells.append(_code_cell("first", first.strip()))
    texts_left = iter(texts)
    is_recorded = any(given)
    count = 0
    for number, (block, gave) in enumerate(zip(blocks, given, strict=True), 1):
        if block.kind == "text":
            text = next(texts_left)
            parts = _MAGIC.split(text) if promote_magic else [text]
            cells += _text_cells(f"text-{number}", parts)
            continue
        source = block.content.strip("\n")
        count += bool(source)
        shown_count = count if is_recorded and source else None
        outputs = list(_outputs(gave.outputs if gave else (), shown_count))
        if source or outputs:
            cells.append(_code_cell(f"code-{number}", source, outputs, shown_count))
    if last is not None:
        cells.append(_code_cell("last", last.strip()))
    if run_card:
        cells.append(_text_cell("run-card", run_card.strip()))
    made = {"cells": cells, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}
    sorted_copy: dict[str, Any] = json.loads(json.dumps(made, sort_keys=True))
    return sorted_copy


def _outputs(outputs: Sequence[Output], count: int | None) -> Iterator[Output]:
    for output in outputs:
        if output["output_type"] == "execute_result":
            yield {**output, "execution_count": count}
        elif "data" not in output:
            yield output
        elif data := {
            k: it for k, it in output["data"].items() if k not in (REST, FILE)
        }:
            yield {**output, "data": data}


def _text_cells(name: str, parts: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the cells of a text: its words, with code in between."""
    for index, part in enumerate(parts):
        if index % 2:
            yield _code_cell(f"{name}-code-{index}", part)
        elif words := part.strip():
            yield _text_cell(f"{name}-{index}" if index else name, words)


def _text_cell(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def _code_cell(
    name: str, source: str, outputs: Sequence[Output] = (), count: int | None = None
) -> dict[str, Any]:
    fails = any(output["output_type"] == "error" for output in outputs)
    return {
        "cell_type": "code",
        "execution_count": count,
        "id": name,
        # Jupyter goes on after such a cell.
        "metadata": {"tags": ["raises-exception"]} if fails else {},
        "outputs": [*outputs],
        "source": source,
    }
