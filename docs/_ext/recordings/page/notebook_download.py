"""Make a page's notebook download: prose, code with what it gave, and run card."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from recordings.model import FILE, Block, CodeBlock, Output
from recordings.store.notebook import KERNEL, REST


def notebook(
    blocks: Sequence[Block],
    given: Sequence[CodeBlock | None],
    texts: Sequence[str],
    run_card: str | None,
) -> dict[str, Any]:
    """Make a notebook, valid by nbformat 4.5; equal arguments give equal notebooks.

    Args:
        blocks: Of the page, so without what it hides.
        given: What was recorded of each of them, if it held code before the page hid
            any.
        texts: The Markdown of each text block.
        run_card: Markdown; the last cell.
    """
    cells: list[dict[str, Any]] = []
    texts_left = iter(texts)
    is_recorded = any(given)
    count = 0
    for number, (block, gave) in enumerate(zip(blocks, given, strict=True), 1):
        if block.kind == "text":
            if text := next(texts_left).strip():
                cells.append(_text_cell(f"text-{number}", text))
            continue
        source = block.content.strip("\n")
        count += bool(source)
        shown_count = count if is_recorded and source else None
        outputs = list(_outputs(gave.outputs if gave else (), shown_count))
        if source or outputs:
            cells.append(_code_cell(f"code-{number}", source, outputs, shown_count))
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


def _text_cell(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def _code_cell(
    name: str, source: str, outputs: list[Output], count: int | None
) -> dict[str, Any]:
    fails = any(output["output_type"] == "error" for output in outputs)
    return {
        "cell_type": "code",
        "execution_count": count,
        "id": name,
        # Jupyter goes on after such a cell.
        "metadata": {"tags": ["raises-exception"]} if fails else {},
        "outputs": outputs,
        "source": source,
    }
