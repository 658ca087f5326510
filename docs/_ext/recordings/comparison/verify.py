"""Compare two recordings of a recipe by what they tell a reader, not by bytes.

Printed text and other text outputs are compared as
`recordings.comparison.tolerant_diff` says: numbers within a tolerance, the rest to the
letter. Errors are compared by name and message, figures by their number, order, kinds
and sizes (to 2 %).

A recipe may set another tolerance, for itself or for one block, and may have a block
compared by shape. That is for a block that prints times, memory or a diverging run,
and whose assertions say what matters; never for one whose numbers are the lesson:

    # sphinx_gallery_tolerance = 0.1
    # sphinx_gallery_tolerance_block = 0.2
    # sphinx_gallery_compare_block = "shape"
"""

import hashlib
import json
import re
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from textwrap import indent
from typing import Any

from recordings.comparison.tolerant_diff import compare_text
from recordings.model import FILE, CodeBlock, Output, Recording

FIGURE_TOLERANCE = Decimal("0.02")


class SettingError(ValueError):
    """A recipe's setting is invalid; the message names it and says what it can be."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a project and a recipe say about the comparison of its outputs."""

    tolerance: float = 0.05
    """Relative difference that is allowed where the recipe sets none."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The recipe's in-file settings, without `sphinx_gallery_`."""
    block_settings: Sequence[Mapping[str, Any]] = ()
    """Those of each code block."""


def compare(
    recorded: Recording,
    again: Recording,
    rules: Rules,
    *,
    whole_figures: bool = False,
) -> list[str]:
    """List the code blocks whose outputs differ between two recordings of a recipe.

    Args:
        recorded: The recording that is kept.
        again: What the recipe gave when it was run again.
        rules: Those of the recipe.
        whole_figures: Let all that a figure shows count, and not its size alone.

    Returns:
        A paragraph for each: where it is, and a diff with `-` for what was recorded,
        `+` for what is new, and `?` for more.

    Raises:
        SettingError: A rule is invalid.
    """
    recipe, lines = again.recipe, again.ingredients.lines
    counts = len(recorded.blocks), len(again.blocks)
    allowed = tolerances(rules, recipe, counts[1])
    if counts[0] != counts[1]:
        text = "{}: the recording has {} code blocks, the recipe now {}"
        return [text.format(recipe, *counts)]
    paragraphs = []
    for number, (old, new, tolerance) in enumerate(
        zip(recorded.blocks, again.blocks, allowed, strict=True), 1
    ):
        parts = compare_blocks(old, new, tolerance, whole=whole_figures)
        if parts:
            line = f", line {lines[number - 1]}" if lines else ""
            text = "\n".join(chain(*([f"{kind}:", *parts[kind]] for kind in parts)))
            paragraphs.append(f"{recipe}, block {number}{line}:\n{indent(text, '  ')}")
    return paragraphs


def tolerances(rules: Rules, recipe: str, blocks: int) -> list[Decimal | None]:
    """Return how far off the numbers of each block may be; None: by shape.

    Args:
        rules: Those of the recipe.
        recipe: Its name, for messages.
        blocks: How many code blocks it has.

    Raises:
        SettingError: A rule is invalid.
    """
    if "compare" in rules.settings:
        raise SettingError(
            f"{recipe}: sphinx_gallery_compare cannot be set for a whole recipe; "
            "set sphinx_gallery_compare_block in the blocks that need it"
        )
    of_recipe = _tolerance(rules.settings, "tolerance", rules.tolerance, recipe)
    found: list[Decimal | None] = []
    for number, own in enumerate([*rules.block_settings, *({},) * blocks][:blocks], 1):
        place = f"{recipe}, block {number}"
        allowed = Decimal(str(_tolerance(own, "tolerance_block", of_recipe, place)))
        found.append(None if _is_by_shape(own, place) else allowed)
    return found


def _tolerance(
    settings: Mapping[str, Any], name: str, default: float, place: str
) -> float:
    """Return the tolerance that a recipe or block sets, if it sets one."""
    value = settings.get(name, default)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value < 1:
        raise SettingError(
            f"{place}: sphinx_gallery_{name} must be a number from 0 to below 1, "
            f"such as 0.05 for 5 %, not {value!r}"
        )
    return float(value)


def _is_by_shape(settings: Mapping[str, Any], place: str) -> bool:
    """Tell if a block is to be compared by shape."""
    value = settings.get("compare_block")
    if value not in (None, "shape"):
        raise SettingError(
            f'{place}: sphinx_gallery_compare_block must be "shape", not {value!r}'
        )
    return value == "shape"


def compare_blocks(
    old: CodeBlock, new: CodeBlock, tolerance: Decimal | None, *, whole: bool = False
) -> dict[str, list[str]]:
    """Return how the outputs of two blocks differ: the rows of a diff, by kind.

    Args:
        old: The block as it was recorded.
        new: The block as it ran again.
        tolerance: How far off numbers may be; None: by shape.
        whole: Let all that a figure shows count, and not its size alone.
    """
    whole = whole and tolerance is not None  # by shape: it draws what is chance
    recorded, again = (_texts(each.outputs, whole=whole) for each in (old, new))
    found = {}
    for kind in recorded | again:
        if recorded.get(kind) == again.get(kind):
            continue
        allowed = FIGURE_TOLERANCE if kind == "figures" else tolerance
        rows = compare_text(recorded.get(kind, ""), again.get(kind, ""), allowed)
        if rows:
            found[kind] = rows
    return found


def _texts(outputs: Iterable[Output], *, whole: bool) -> dict[str, str]:
    """Return the outputs of a block as one text for each kind of output."""
    texts = defaultdict(list)
    for output in outputs:
        match output["output_type"]:
            case "stream":
                texts["printed"].append(_text(output["text"]))
            case "error":
                texts["error"].append(f"{output['ename']}: {output['evalue']}\n")
            case _:
                for kind, content in sorted(output["data"].items()):
                    if kind.startswith("image/"):
                        figure = _text(content)
                        shown = _drawing if whole else _size
                        texts["figures"].append(f"{kind}, {shown(kind, figure)}\n")
                    elif kind == FILE:  # a video, say, of which no two are equal
                        texts["files"].append(f"{output['metadata']['file']}\n")
                    else:
                        texts[kind].append(f"{_text(content)}\n")
    return {kind: "".join(parts) for kind, parts in texts.items()}


def _text(content: Any) -> str:
    """Return the content of an output as text; it may be a list of lines."""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(part, str) for part in content):
        return "".join(content)
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)


def _drawing(kind: str, picture: str) -> str:
    """Return a drawing, in which numbers may differ a little; a bitmap's digest."""
    if kind == "image/svg+xml":
        return picture
    # Beginning with a letter, so that no part of it is taken for a number.
    return f"sha256_{hashlib.sha256(picture.encode()).hexdigest()}"


def _size(kind: str, picture: str) -> str:
    """Return the size that a picture says it has."""
    if kind == "image/svg+xml":
        tag = re.search(r"<svg\b[^>]*>", picture)
        sizes = r"""\s(width|height|viewBox)\s*=\s*["']([^"']*)["']"""
        found = re.findall(sizes, tag[0]) if tag else []
        return ", ".join(f"{name} {value}" for name, value in sorted(found))
    if kind == "image/png":
        try:
            header = b64decode(picture[:64])
        except ValueError:
            header = b""
        if header.startswith(b"\x89PNG\r\n\x1a\n"):
            width, height = (int.from_bytes(header[at : at + 4]) for at in (16, 20))
            return f"height {height}, width {width}"
    return "size unknown"
