"""A recording, and its form as an executed notebook."""

import json
import math
from dataclasses import asdict
from datetime import datetime
from functools import cache
from itertools import chain
from pathlib import PurePosixPath
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import nbformat

from recordings.model import (
    FILE,
    CodeBlock,
    Confirmation,
    Ingredients,
    Meaning,
    Recording,
    Run,
)
from recordings.store import images

FORMAT = 1
"""Version of the metadata. A recording with a different one counts as missing."""

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


def to_text(recording: Recording) -> str:
    """Write a recording as a notebook's text.

    The text depends on nothing but the recording: the same output gives the same lines.
    A confirmation is one line, so that another run is a small difference; so is a name.
    """
    about = asdict(recording) | {"format": FORMAT}
    del about["blocks"]
    lines: dict[str, str] = {}

    def in_a_line(value: Any) -> str:
        mark = f"recordings: line {len(lines)}"
        lines[mark] = json.dumps(value, ensure_ascii=False, sort_keys=True)
        return mark

    about["confirmations"] = [*map(in_a_line, about["confirmations"])]
    about["names"] = {name: in_a_line(it) for name, it in about["names"].items()}
    for optional in ("confirmations", "names"):
        if not about[optional]:
            del about[optional]
    notebook = nbformat.from_dict(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {**KERNEL, "recording": about},
            "cells": [
                _cell(number, block) for number, block in enumerate(recording.blocks, 1)
            ],
        }
    )
    nbformat.validate(notebook)
    text: str = nbformat.writes(notebook, indent=1, sort_keys=True)
    for mark, line in lines.items():
        text = text.replace(f'"{mark}"', line)
    return f"{text}\n"


def _cell(number: int, block: CodeBlock) -> dict[str, Any]:
    count = {"execution_count": number}
    return {
        "cell_type": "code",
        "id": f"block-{number}",
        **count,
        "metadata": {
            "recording": {"seconds": block.seconds, "peak_memory": block.peak_memory}
        },
        "source": block.source,
        "outputs": [
            {**each, **(count if each["output_type"] == "execute_result" else {})}
            for each in block.outputs
        ],
    }


@cache
def from_text(text: str, name: str) -> Recording:
    """Read a recording from a notebook's text; nobody may change what is in it.

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
    plain = json.loads(json.dumps(notebook))
    about = plain["metadata"].get("recording")
    if not isinstance(about, dict):
        raise ForeignError(f"{name}: a notebook, but not a recording")
    if about.pop("format", None) != FORMAT:
        raise RecordingError(
            f"{name}: recorded in another format; this version reads format {FORMAT}"
        )
    try:
        recording = _recording(about, plain["cells"])
    except FAULTS as error:
        raise RecordingError(f"{name}: its recording is damaged: {error}") from error
    return recording


def _recording(about: dict[str, Any], cells: list[dict[str, Any]]) -> Recording:
    """Make a recording of a notebook's metadata and cells."""
    ingredients = about["ingredients"]
    ingredients["blocks"] = tuple(ingredients["blocks"])
    if ingredients["lines"] is not None:
        ingredients["lines"] = tuple(ingredients["lines"])
    confirmations = [Confirmation(**each) for each in about.pop("confirmations", ())]
    names = about.pop("names", {})
    parts = {
        "ingredients": Ingredients(**ingredients),
        "run": Run(**about["run"]),
        "confirmations": tuple(confirmations),
        "names": {
            name: tuple(Meaning(**each) for each in meanings)
            for name, meanings in names.items()
        },
        "blocks": tuple(
            CodeBlock(
                cell["source"], tuple(cell["outputs"]), **cell["metadata"]["recording"]
            )
            for cell in cells
        ),
    }
    recording = Recording(**(about | parts))
    runs: list[Run | Confirmation] = [recording.run, *confirmations]
    meanings = chain.from_iterable(recording.names.values())
    blocks = recording.blocks
    for part in (recording, recording.ingredients, *runs, *blocks, *meanings):
        _check_types(part)
    for each in runs:
        datetime.fromisoformat(each.date)
    for block in recording.blocks:
        _check_files(block)
    return recording


def _check_types(part: Any) -> None:
    """Make sure that each field holds what its type says.

    Raises:
        TypeError: One does not.
    """
    kind: Any = type(part)
    for name, hint in _hints(kind).items():
        value = getattr(part, name)
        options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        kinds = [int | float if it is float else get_origin(it) or it for it in options]
        # JSON knows no such numbers, but Python reads them.
        endless = isinstance(value, float) and not math.isfinite(value)
        if endless or not any(isinstance(value, kind) for kind in kinds):
            raise TypeError(f"{name} can't be {value!r}")


@cache
def _hints(part: type) -> dict[str, Any]:
    return get_type_hints(part)


def _check_files(block: CodeBlock) -> None:
    """Make sure that each picture can be shown, and each other file be written.

    Raises:
        TypeError: A text alternative or a name is no text.
        ValueError: A picture is broken, or a file is one outside of the site.
    """
    for output in block.outputs:
        if FILE in output.get("data", {}):
            images.to_bytes(FILE, output["data"][FILE])
            name = PurePosixPath(output["metadata"]["file"])
            if name.is_absolute() or ".." in name.parts:
                raise ValueError(f"a file can't be written to {name}")
        for kind in output.get("data", {}).keys() & images.SUFFIXES.keys():
            images.check(kind, output["data"][kind])
            alternative = output["metadata"].get("alt", "")
            if not isinstance(alternative, str):
                raise TypeError(f"a text alternative can't be {alternative!r}")
