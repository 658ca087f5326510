"""What recipes claim holds for other seeds than the one on the page."""

import ast
import contextlib
import io
import re
import textwrap
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from recordings.store.notebook import from_text

RECIPES = Path(__file__).parents[1] / "recipes"


@pytest.fixture(autouse=True)
def _no_windows() -> None:
    mpl.use("agg")


def run(recipe: str, seed: int) -> list[str]:
    """Run a recipe with another seed, and give the lines that it printed."""
    file = RECIPES / recipe
    code = file.read_text("utf-8")
    seeded = code.replace("manual_seed(0)", f"manual_seed({seed})")
    assert seeded != code or seed == 0, f"{recipe} sets no seed"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(seeded, str(file), "exec"), {"__name__": "__main__"})  # noqa: S102
    plt.close("all")
    return printed.getvalue().splitlines()


def test_where_to_clear_gradients_holds_for_other_seeds() -> None:
    failed = []
    for seed in range(20):
        try:
            lines = run("gradients/where_to_clear_gradients.py", seed)
        except AssertionError as error:
            failed.append((seed, error))
            continue
        losses = [line.split()[-1] for line in lines if line.startswith("epoch")]
        assert len(losses) == 22, "both orders print the loss at 11 epochs"
        right, wrong = losses[:11], losses[11:]
        assert len(set(right)) > 1
        assert len(set(wrong)) == 1, "in the wrong order the loss never moves"
    assert not failed, failed


def test_the_diff_of_a_pitfall_is_what_ran() -> None:
    """Applied to the mistake, the diff gives the repair: both define one name."""
    found = 0
    for file in sorted((RECIPES / "pitfalls").glob("*.py")):
        code = file.read_text("utf-8")
        block = re.search(r"(?m)^# \.\. code-block:: diff\n#\n((#.*\n)+?)#\n#? ", code)
        assert block, f"{file.name} shows no diff"
        lines = [line[5:] for line in block[1].splitlines() if line.strip("#")]
        mistake = [line[1:].rstrip() for line in lines if line[:1] != "+"]
        repair = [line[1:].rstrip() for line in lines if line[:1] != "-"]
        assert mistake != repair
        sources = [
            ast.get_source_segment(code, node)
            for node in ast.parse(code).body
            if isinstance(node, ast.FunctionDef)
        ]
        ran = [textwrap.dedent(each or "") for each in sources]
        first, second = (textwrap.dedent("\n".join(each)) for each in (mistake, repair))
        assert ran.index(first) < ran.index(second), file.name
        found += 1
    assert found


STRAY = re.compile(
    r"Traceback \(most|Warning:|\.py:\d|\d%\||/(?:tmp|home|root|work|usr|Users)/"
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
