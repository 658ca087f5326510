"""A recording, and its form as an executed notebook."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import nbformat

from recordings.model import CodeBlock, Confirmation, Ingredients, Recording, Run
from recordings.store import images

FORMAT = 1
"""Version of the metadata. A recording with another one counts as missing."""

KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""A notebook's metadata about the language of its cells."""
REST = "text/x-rst"
"""Kind of an output that is a scraper's own reST; only the page can show it."""


FAULTS = (AttributeError, KeyError, RecursionError, TypeError, ValueError)
"""What reading a text that is no recording may raise."""


class RecordingError(Exception):
    """A text is no recording; the message names the file and says why."""


class ForeignError(RecordingError):
    """It is a notebook that a person wrote; nothing here may remove it."""


_TYPES = {
    each: get_type_hints(each)
    for each in (Recording, Ingredients, Run, Confirmation, CodeBlock)
}
"""The types of each class's fields."""


def to_text(recording: Recording) -> str:
    """Write a recording as a notebook's text.

    The text depends on nothing but the recording: the same output gives the same lines.
    A confirmation is one line, so that another run is a small difference.
    """
    lines = {
        f"recordings: confirmation {number}": json.dumps(
            asdict(each), ensure_ascii=False, sort_keys=True
        )
        for number, each in enumerate(recording.confirmations)
    }
    cells = []
    for number, block in enumerate(recording.blocks, 1):
        measured = {"seconds": block.seconds, "peak_memory": block.peak_memory}
        outputs = [dict(output) for output in block.outputs]
        for output in outputs:
            if output["output_type"] == "execute_result":
                output["execution_count"] = number
        cells.append(
            {
                "cell_type": "code",
                "id": f"block-{number}",
                "execution_count": number,
                "metadata": {"recording": measured},
                "source": block.source,
                "outputs": outputs,
            }
        )
    notebook = nbformat.from_dict(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {
                **KERNEL,
                "recording": {
                    "format": FORMAT,
                    "recipe": recording.recipe,
                    "key": recording.key,
                    "ingredients": asdict(recording.ingredients),
                    "run": asdict(recording.run),
                    **({"confirmations": [*lines]} if lines else {}),
                },
            },
            "cells": cells,
        }
    )
    nbformat.validate(notebook)
    text: str = nbformat.writes(notebook, indent=1, sort_keys=True)
    for mark, line in lines.items():
        text = text.replace(f'"{mark}"', line)
    return f"{text}\n"


def from_text(text: str, name: str) -> Recording:
    """Read a recording from a notebook's text.

    Args:
        text: The file's content.
        name: The file's name, for messages.

    Raises:
        ForeignError: It is a notebook, but not a recording.
        RecordingError: It is not a notebook, is damaged, or is in another format.
    """
    try:
        notebook = nbformat.v4.reads(text)
        nbformat.validate(notebook)
    except (*FAULTS, nbformat.ValidationError) as error:
        cause = str(error).strip().partition("\n")[0] or type(error).__name__
        raise RecordingError(f"{name}: not a valid notebook: {cause}") from error
    about = notebook.metadata.get("recording")
    if not isinstance(about, nbformat.NotebookNode):
        raise ForeignError(f"{name}: a notebook, but not a recording")
    if about.get("format") != FORMAT:
        raise RecordingError(
            f"{name}: recorded in format {about.get('format')!r}; "
            f"this version reads format {FORMAT}"
        )
    try:
        ingredients = dict(about.ingredients)
        lines = ingredients.pop("lines")
        recording = Recording(
            recipe=about.recipe,
            key=about.key,
            ingredients=Ingredients(
                blocks=tuple(ingredients.pop("blocks")),
                lines=None if lines is None else tuple(lines),
                **_plain(ingredients),
            ),
            run=Run(**_plain(about.run)),
            blocks=tuple(
                CodeBlock(
                    source=cell.source,
                    outputs=tuple(_plain(output) for output in cell.outputs),
                    **_plain(cell.metadata.recording),
                )
                for cell in notebook.cells
            ),
            confirmations=tuple(
                Confirmation(**_plain(each)) for each in about.get("confirmations", ())
            ),
        )
        runs: list[Run | Confirmation] = [recording.run, *recording.confirmations]
        _check(recording, recording.ingredients, *runs, *recording.blocks)
        for each in runs:
            datetime.fromisoformat(each.date)
        _check_pictures(recording.blocks)
    except FAULTS as error:
        raise RecordingError(f"{name}: its recording is damaged: {error}") from error
    return recording


def _check(*parts: Any) -> None:
    """Make sure that each field holds what its type says.

    Raises:
        TypeError: One does not.
    """
    fields = (
        (name, hint, getattr(part, name))
        for part in parts
        for name, hint in _TYPES[type(part)].items()
    )
    for name, hint, value in fields:
        options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        kinds = [int | float if it is float else get_origin(it) or it for it in options]
        # JSON knows no such numbers, but Python reads them.
        endless = isinstance(value, float) and not math.isfinite(value)
        if endless or not any(isinstance(value, kind) for kind in kinds):
            raise TypeError(f"{name} can't be {value!r}")


def _check_pictures(blocks: Iterable[CodeBlock]) -> None:
    """Make sure that each picture can be shown, with its text alternative.

    Raises:
        TypeError: A text alternative is no text.
        ValueError: A picture is broken.
    """
    for block in blocks:
        for output in block.outputs:
            for kind in output.get("data", {}).keys() & images.SUFFIXES.keys():
                images.check(kind, output["data"][kind])
                alternative = output["metadata"].get("alt", "")
                if not isinstance(alternative, str):
                    raise TypeError(f"a text alternative can't be {alternative!r}")


def _plain(node: Any) -> Any:
    """Turn notebook nodes, at every depth, into plain dictionaries and lists."""
    return json.loads(json.dumps(node))
