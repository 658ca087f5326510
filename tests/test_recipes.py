"""What recipes claim holds for other seeds, and their pages show what ran."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import recipe_runs

from recordings.store.notebook import from_text

RECIPES = Path(__file__).parents[1] / "recipes"
SEEDS = range(1, 9)


@pytest.mark.skipif(not find_spec("torchvision"), reason="recipes run")
def test_where_to_clear_gradients_holds_for_other_seeds(tmp_path: Path) -> None:
    code = (RECIPES / "gradients/where_to_clear_gradients.py").read_text("utf-8")
    assert "manual_seed(0)" in code
    scripts = [tmp_path / f"seed_{seed}.py" for seed in SEEDS]
    for seed, script in zip(SEEDS, scripts, strict=True):
        script.write_text(code.replace("manual_seed(0)", f"manual_seed({seed})"))
    for seed, ran in zip(SEEDS, recipe_runs.run(scripts), strict=True):
        assert ran.status == 0, f"seed {seed}: {ran.stderr}"
        lines = re.findall(r"(?m)^(?:before|after) \w+ +(weight.*)$", ran.stdout)
        assert len(lines) == 4, "one for each place"
        assert len({lines[0], lines[1], lines[3]}) == 1, "three places give one result"
        assert lines[2] != lines[0], "before step(), nothing is learned"


def test_the_diff_of_a_pitfall_is_what_ran() -> None:
    """The recipe runs both, by a switch; what the diff changes is in the code."""
    found = 0
    for file in sorted((RECIPES / "pitfalls").glob("*.py")):
        code = file.read_text("utf-8")
        blocks = re.findall(
            r"(?m)^# \.\. code-block:: diff\n#\n((?:#.*\n)+?)#\n#? ", code
        )
        assert blocks, f"{file.name} shows no diff"
        ran = {line.strip() for line in code.splitlines()}
        for diff in blocks:
            lines = [line[5:] for line in diff.splitlines() if line.strip("#")]
            changed = {line[1:].strip() for line in lines if line[:1] in ("+", "-")}
            assert changed, file.name
            assert changed <= ran, file.name
            found += 1
    assert found


# Python prints a stray warning behind its place; a recipe's own begins the line.
STRAY = re.compile(
    r"Traceback \(most|: \w*Warning:|\.py:\d|\d%\||/(?:tmp|home|root|work|usr|Users)/"
)


@pytest.mark.parametrize(
    "recording",
    sorted((RECIPES.parent / "docs" / "recordings").rglob("*.ipynb")),
    ids=lambda path: path.stem,
)
def test_no_output_has_what_readers_should_not_see(recording: Path) -> None:
    """No stray warning, traceback, progress bar or path of a machine."""
    kept = from_text(recording.read_text("utf-8"), recording.name)
    for number, block in enumerate(kept.blocks, 1):
        for output in block.outputs:
            assert output["output_type"] != "error", number
            data = output.get("data", {})
            texts = [output.get("text", ""), *data.values()]
            text = "\n".join(each for each in texts if "<svg" not in each)
            assert not STRAY.search(text), f"block {number}: {STRAY.search(text)}"
