"""A recording, and its form as an executed notebook."""

import json
from dataclasses import asdict, replace
from datetime import datetime
from itertools import chain
from typing import Any

from recordings.model import (
    CodeBlock,
    Confirmation,
    Ingredients,
    Meaning,
    Recording,
    Run,
)
from recordings.store.checks import (
    check_characters,
    check_depth,
    check_files,
    check_types,
)
from recordings.store.seal import is_sealed, sealed
from recordings.texts import cleaned_json
from recordings.units import size

FORMAT = 1
"""Version of the metadata. A recording with a different one counts as missing."""

NOTEBOOK = (4, 5)
"""Version of notebooks."""
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""A notebook's metadata about the language of its cells."""
REST = "text/x-rst"
"""Kind of an output that is a scraper's own reST; only the page can show it."""

LARGEST = 32 * 2**20
"""Characters of a recording: a build holds each of them several times over."""

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
    about = asdict(replace(recording, blocks=())) | {"format": FORMAT, "seal": ""}
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
    import nbformat  # noqa: PLC0415 - slow to load, and what is known is only read

    notebook = nbformat.from_dict(
        {
            "nbformat": NOTEBOOK[0],
            "nbformat_minor": NOTEBOOK[1],
            "metadata": {**KERNEL, "recording": about},
            "cells": [
                _cell(number, block) for number, block in enumerate(recording.blocks, 1)
            ],
        }
    )
    # Not `nbformat.writes`, which would validate it: `from_text` does, of what is new.
    text: str = nbformat.v4.writes(notebook, indent=1, sort_keys=True)
    for mark, line in lines.items():
        text = text.replace(f'"{mark}"', line)
    return sealed(f"{cleaned_json(text)}\n")


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


def from_text(text: str, name: str, *, is_new: bool = False) -> Recording:
    """Read a recording from a notebook's text.

    Args:
        text: The file's content.
        name: The file's name, for messages.
        is_new: Look closely, though it is as it was written: it was only just.

    Raises:
        ForeignError: It is a notebook, but not a recording.
        RecordingError: It is not a notebook, is damaged, or is in another format.
    """
    check_size(len(text if text.isascii() else text.encode(errors="replace")), name)
    whole = is_sealed(text)
    known = whole and not is_new
    try:
        about, cells = _parsed(text, known=known)
    except Exception as error:  # what is no notebook may make nbformat raise anything
        cause = str(error).strip().partition("\n")[0] or type(error).__name__
        raise RecordingError(f"{name}: not a valid notebook: {cause}") from error
    if not isinstance(about, dict):
        raise ForeignError(f"{name}: a notebook, but not a recording")
    if about.pop("format", None) != FORMAT:
        raise RecordingError(
            f"{name}: recorded in another format; this version reads format {FORMAT}"
        )
    # A recording that has none is older than seals are.
    was_sealed = about.pop("seal", None) is not None
    try:
        check_characters(text, [about, cells])
        recording = _recording(about, cells, known=known)
    except FAULTS as error:
        cause = f"{error} is missing" if isinstance(error, KeyError) else f"{error}"
        raise RecordingError(f"{name}: its recording is damaged: {cause}") from error
    if was_sealed and not whole:
        raise RecordingError(f"{name}: it was changed after it was recorded")
    return recording


def check_size(length: int, name: str) -> None:
    """Make sure that a recording is not larger than builds can bear.

    Raises:
        RecordingError: It is.
    """
    if length > LARGEST:
        raise RecordingError(
            f"{name}: a recording of {size(length)}; it may have {size(LARGEST)}, so "
            "the recipe has to print less, or draw fewer or smaller pictures"
        )


def _parsed(text: str, *, known: bool) -> tuple[Any, list[Any]]:
    """Return what a notebook's text says of a recording, if anything, and its cells.

    Args:
        text: The notebook's.
        known: It is as it was written, so it need not be validated again.
    """
    found: dict[str, Any] = json.loads(text, parse_constant=_refuse)
    check_depth(found)
    if not known:
        import nbformat  # noqa: PLC0415 - as above

        nbformat.validate(nbformat.v4.to_notebook(found))
    elif (found["nbformat"], found["nbformat_minor"]) != NOTEBOOK:
        raise ValueError("it is of another version")
    for cell in found["cells"]:
        cell["source"] = _joined(cell["source"])
        for output in cell.get("outputs", ()):
            if "text" in output:
                output["text"] = _joined(output["text"])
            data = output.get("data", {})
            data.update({kind: _joined(it, kind) for kind, it in data.items()})
    return found["metadata"].get("recording"), found["cells"]


def _joined(lines: Any, kind: str = "text") -> Any:
    """Return the text of a list of lines, as notebooks have it; else what is given."""
    is_text = isinstance(lines, list) and not kind.endswith("json")
    return "".join(lines) if is_text else lines


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _recording(
    about: dict[str, Any], cells: list[dict[str, Any]], *, known: bool
) -> Recording:
    """Make a recording of a notebook's metadata and cells; check what it holds.

    What is as it was written has pictures that were whole when they were drawn.
    """
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
        check_types(part)
    for each in runs:
        datetime.fromisoformat(each.date)
    for block in recording.blocks:
        check_files(block, drawn=not known)
    return recording
