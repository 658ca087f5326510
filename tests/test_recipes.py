"""What recipes claim holds for other seeds than the one on the page."""

import contextlib
import io
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

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
    assert len(failed) <= 1, failed
