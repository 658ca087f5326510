"""What recipes claim, they check: with one thing changed, each fails by its assertion.

The table `data/claims.toml` has a mutation of each recipe. It also keeps what a reader
will remember, the numbers that this rests on, and in a comment where each fact that is
not obvious was checked.
"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

RECIPES = Path(__file__).parents[1] / "recipes"
TABLE = Path(__file__).parent / "data" / "claims.toml"
CLAIMS: dict[str, dict[str, Any]] = tomllib.loads(TABLE.read_text("utf-8"))

KEYS = {
    **dict.fromkeys(("mutation", "old", "new", "remember", "numbers"), str),
    "seconds": int | float,
}
"""What an entry has. It may also have `fails_by`, the name of another error."""
SECONDS = 300
"""The longest that a recipe may run here; the slowest took 43 on a busy machine."""


def test_every_recipe_has_an_entry() -> None:
    found = {
        path.relative_to(RECIPES).with_suffix("").as_posix()
        for path in RECIPES.glob("*/*.py")
    }
    assert CLAIMS.keys() == found


@pytest.mark.parametrize("name", CLAIMS)
def test_an_entry_is_complete(name: str) -> None:
    claim = CLAIMS[name]
    assert claim.keys() - {"fails_by"} == KEYS.keys()
    for key, kind in KEYS.items():
        assert isinstance(claim[key], kind), key
        assert claim[key] or key == "new", f"{key} says nothing"
    above = TABLE.read_text("utf-8").partition(f'\n["{name}"]\n')[0]
    comment = above.rpartition("\n\n")[2].split("\n")
    assert comment[0].startswith("# Facts:"), "say where the facts were checked"
    assert all(line.startswith("# ") for line in comment)


def mutated(name: str) -> str:
    """Give the recipe's code with the mutation."""
    old, new = CLAIMS[name]["old"], CLAIMS[name]["new"]
    code = (RECIPES / f"{name}.py").read_text("utf-8")
    assert code.count(old) == 1, f"found {code.count(old)} times:\n{old}"
    return code.replace(old, new)


@pytest.mark.parametrize("name", CLAIMS)
def test_the_mutation_is_found_once(name: str) -> None:
    compile(mutated(name), name, "exec")


@pytest.mark.parametrize("name", CLAIMS)
def test_the_mutation_fails(name: str, tmp_path: Path) -> None:
    pytest.importorskip("torchvision", reason="the recipe runs")
    script = tmp_path / f"{Path(name).name}.py"
    script.write_text(mutated(name), "utf-8")
    (tmp_path / "data").symlink_to((RECIPES / "data").resolve())
    ran = subprocess.run(
        [sys.executable, script.name],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 1, f"nothing noticed it:\n{ran.stdout}"
    error = CLAIMS[name].get("fails_by", "AssertionError")
    traceback = ran.stderr.rpartition("Traceback (most recent call last):\n")[2]
    assert re.search(rf"(?m)^(?:\w+\.)*{error}\b", traceback), ran.stderr
    # An assertion of torch's own would be another one's claim.
    frames = re.findall(r'(?m)^  File "(.+)", line', traceback)
    assert "fails_by" in CLAIMS[name] or frames[-1].endswith(script.name), ran.stderr
