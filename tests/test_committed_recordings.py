"""What `nox -s verify` makes of the recordings that are committed."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from forked import run_module

from recordings.comparison.verify import Rules, compare
from recordings.gallery.scripts import settings_of_block, split
from recordings.key.ingredients import is_code
from recordings.model import CodeBlock, Recording
from recordings.store.notebook import from_text
from recordings.store.seal import sealed

ROOT = Path(__file__).parents[1]
RECORDINGS = ROOT / "docs" / "recordings"
AS_IS = "recipes/gradients/looking_at_gradients"
"""Runs in a moment."""
MEASURED = re.compile(r"(?i)(?:loss|accuracy|right)\W+(?P<number>\d+\.\d+)")


@pytest.mark.skipif(not find_spec("torch"), reason="recipes run")
def test_verify_fails_on_a_loss_changed_by_a_tenth(tmp_path: Path) -> None:
    changed = "recipes/gradients/where_to_clear_gradients"
    for name in (
        *("pyproject.toml", "docs/conf.py", "recipes/GALLERY_HEADER.rst"),
        *("recipes/gradients/GALLERY_HEADER.rst", f"{changed}.py", f"{AS_IS}.py"),
        *(f"docs/recordings/{page}.ipynb" for page in (changed, AS_IS)),
        "docs/_ext/recipe_site/figures.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    file = tmp_path / f"docs/recordings/{changed}.ipynb"
    text = file.read_text("utf-8")
    found = re.search(r"mini-batches: loss from (\d+\.\d+)", text)
    assert found, "the recording tells the lowest loss of a mini-batch"
    loss = f"{float(found[1]) * 1.1:.3f}"
    text = text.replace(found[0], found[0].replace(found[1], loss))
    file.write_text(sealed(text), "utf-8")
    before = file.read_bytes()
    verified = run_module(tmp_path, "recordings", "verify")
    assert verified.status == 1, verified.stderr
    told = verified.stdout + verified.stderr
    for line in (
        f"- mini-batches: loss from {loss} to",
        f"+ mini-batches: loss from {found[1]} to",
        "1 of 2 recipes as recorded",
        f"nox -s record -- --all {changed}.py",
    ):
        assert line in told
    assert file.read_bytes() == before, "to verify writes nothing"


LEAST_DIGITS = 20
"""Of a number that is changed, so that a tenth of it is more than its rounding."""


def changed_by_a_tenth(recording: Recording) -> Iterator[tuple[int, str, Recording]]:
    """Change each loss and each accuracy that is printed, one at a time."""
    for index, block in enumerate(recording.blocks):
        for place, output in enumerate(block.outputs):
            text = output.get("text", "")
            for found in MEASURED.finditer(text):
                start, end = found.span("number")
                decimals = len(found["number"].partition(".")[2])
                if float(found["number"]) * 10**decimals < LEAST_DIGITS:
                    continue  # a tenth of it is within its rounding
                number = f"{float(found['number']) * 1.1:.{decimals}f}"
                outputs = [*block.outputs]
                outputs[place] = {**output, "text": text[:start] + number + text[end:]}
                blocks = [*recording.blocks]
                blocks[index] = replace(block, outputs=tuple(outputs))
                yield index, found[0], replace(recording, blocks=tuple(blocks))


def test_no_recipe_keeps_a_loss_from_being_compared() -> None:
    """Whatever tolerance or shape a recipe asks for, its losses count."""
    seen = 0
    for file in sorted(RECORDINGS.glob("recipes/*/*.ipynb")):
        recording = from_text(file.read_text("utf-8"), file.name)
        settings, blocks = split(ROOT / recording.recipe)
        of_blocks = [settings_of_block(block) for block in blocks if is_code(block)]
        for number, what, other in changed_by_a_tenth(recording):
            unseen = f"{file.stem}, block {number + 1}: {what} changed by 10 %"
            rules = Rules(settings=settings, block_settings=of_blocks)
            found = compare(recording, other, rules)
            assert found or diverges(recording.blocks[number]), unseen
            seen += 1
    assert seen > 20


def diverges(block: CodeBlock) -> bool:
    """Tell whether a block prints a run whose numbers are chance: only that may go."""
    text = "".join(output.get("text", "") for output in block.outputs)
    return bool(re.search(r"\bnan\b|\binf\b|\be\+\d|\d{3}\.\d", text))
