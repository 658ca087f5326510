"""A recording, and its form as an executed notebook."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import nbformat

from recordings import images

FORMAT = 1
"""Version of the metadata. A recording with another one counts as missing."""

KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""What a notebook's metadata say of the language of its cells."""
REST = "text/x-rst"
"""Kind of an output that is a scraper's own reST; only the page can show it."""

Output = dict[str, Any]
"""One notebook output, as nbformat defines it (`stream`, `display_data`, …)."""


FAULTS = (AttributeError, KeyError, RecursionError, TypeError, ValueError)
"""What reading a text that is no recording may raise."""


class RecordingError(Exception):
    """What should be a recording is none; the message names the file and says why."""


class ForeignError(RecordingError):
    """It is a notebook that somebody wrote; nothing here may remove it."""


@dataclass(frozen=True, slots=True)
class Ingredients:
    """All that a recording depends on; its digest is the key (see `recordings.key`)."""

    blocks: tuple[str, ...]
    """A digest of each code block's syntax tree and of its settings."""
    settings: dict[str, Any] = field(default_factory=dict)
    """The settings, of the file and of the gallery, that change output."""
    packages: dict[str, str] = field(default_factory=dict)
    """Pinned versions by package."""
    files: dict[str, str] = field(default_factory=dict)
    """Digests of local modules and data files, by path relative to the recipe."""
    data: dict[str, str] = field(default_factory=dict)
    """Published digests of data sets, by name."""
    lines: tuple[int, ...] | None = None
    """First line of each code block; only where an output names lines of the recipe."""


@dataclass(frozen=True, slots=True)
class Run:
    """Where, when and on what a recipe ran. What is unknown is None and not shown."""

    date: str
    """Start, ISO 8601, UTC, to the second."""
    seconds: float
    threads: int
    peak_memory: int | None = None
    """Bytes."""
    processor: str | None = None
    gpu: str | None = None
    system: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    """Versions that ran, by package, Python's among them."""
    commit: str | None = None
    """Only where the recipe's file was as committed."""


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """What one code block printed and drew."""

    source: str
    outputs: tuple[Output, ...] = ()
    seconds: float | None = None
    peak_memory: int | None = None
    """Bytes, highest while the block ran."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What a recipe printed and drew when it ran, block by block."""

    recipe: str
    """Name of the recipe as it ran: that of its page, and its own suffix."""
    key: str
    ingredients: Ingredients
    run: Run
    blocks: tuple[CodeBlock, ...]


_TYPES = {
    each: get_type_hints(each) for each in (Recording, Ingredients, Run, CodeBlock)
}
"""The types of each class's fields."""


def to_text(recording: Recording) -> str:
    """Write a recording as a notebook's text.

    The text depends on nothing but the recording: the same output gives the same lines.
    """
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
                },
            },
            "cells": cells,
        }
    )
    nbformat.validate(notebook)
    text: str = nbformat.writes(notebook, indent=1, sort_keys=True)
    return f"{text}\n"


def from_text(text: str, name: str) -> Recording:
    """Read a recording from a notebook's text.

    Args:
        text: What stands in the file.
        name: The file's name, for messages.

    Raises:
        ForeignError: It is a notebook, but no recording.
        RecordingError: It is no notebook, damaged, or of another format.
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
        )
        _check(recording, recording.ingredients, recording.run, *recording.blocks)
        datetime.fromisoformat(recording.run.date)
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
