"""What recipes claim, they check: with one thing changed, each fails by its assertion.

The table `data/claims.toml` has a mutation of each recipe. It also keeps what a reader
will remember, the numbers that this rests on, and in a comment where each fact that is
not obvious was checked.
"""

from __future__ import annotations

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import recipe_runs

RECIPES = Path(__file__).parents[1] / "recipes"
TABLE = Path(__file__).parent / "data" / "claims.toml"
CLAIMS: dict[str, dict[str, Any]] = tomllib.loads(TABLE.read_text("utf-8"))

KEYS = {
    **dict.fromkeys(("mutation", "old", "new", "remember", "numbers"), str),
    "seconds": int | float,
}
"""What an entry has. It may also have `fails_by`, the name of another error."""


NAMES = [
    path.relative_to(RECIPES).with_suffix("").as_posix()
    for path in sorted(RECIPES.glob("*/*.py"))
]


@pytest.mark.parametrize("name", sorted({*NAMES, *CLAIMS}))
def test_every_recipe_has_an_entry(name: str) -> None:
    entries = "tests/data/claims.toml"
    assert name in CLAIMS, f'{entries} lacks recipes/{name}.py; write: ["{name}"]'
    assert name in NAMES, f"{entries} has {name}, and there is no recipes/{name}.py"


@pytest.mark.parametrize("name", CLAIMS)
def test_an_entry_is_complete(name: str) -> None:
    claim = CLAIMS[name]
    assert "TODO" not in str(claim), "write the entry in tests/data/claims.toml"
    assert claim.keys() - {"fails_by"} == KEYS.keys()
    for key, kind in KEYS.items():
        assert isinstance(claim[key], kind), key
        assert claim[key] or key == "new", f"{key} says nothing"
    above = TABLE.read_text("utf-8").partition(f'\n["{name}"]\n')[0]
    comment = above.rpartition("\n\n")[2].split("\n")
    assert comment[0].startswith("# Facts:"), "say where the facts were checked"
    assert all(line.startswith("# ") for line in comment)
    code = (RECIPES / f"{name}.py").read_text("utf-8")
    assert code.count(claim["old"]) == 1, "the mutation is found once"


@pytest.fixture(scope="module")
def mutants(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, recipe_runs.Ran]:
    """Run the recipes that this run of pytest asks for, with their mutations."""
    if not find_spec("torchvision"):
        pytest.skip("recipes run, and need torchvision")
    asked = [each.nodeid for each in request.session.items]
    here = f"{test_the_mutation_fails.__name__}[{{}}]"
    scripts = {}
    slowest_first = sorted(CLAIMS, key=lambda name: -CLAIMS[name]["seconds"])
    for name in slowest_first:
        claim = CLAIMS[name]
        if any(each.endswith(here.format(name)) for each in asked):
            folder = tmp_path_factory.mktemp("recipe")
            (folder / "data").symlink_to((RECIPES / "data").resolve())
            scripts[name] = folder / f"{Path(name).name}.py"
            code = (RECIPES / f"{name}.py").read_text("utf-8")
            scripts[name].write_text(code.replace(claim["old"], claim["new"]), "utf-8")
    return dict(zip(scripts, recipe_runs.run([*scripts.values()]), strict=True))


@pytest.mark.parametrize("name", CLAIMS)
def test_the_mutation_fails(name: str, mutants: dict[str, recipe_runs.Ran]) -> None:
    ran, code = mutants[name], (RECIPES / f"{name}.py").read_text("utf-8")
    said = f"what `old` of {name} in tests/data/claims.toml says is not in the recipe"
    assert CLAIMS[name]["old"] in code, said
    assert ran.status == 1, f"nothing noticed it:\n{ran.stdout}{ran.stderr}"
    error = CLAIMS[name].get("fails_by", "AssertionError")
    last = ran.stderr.rpartition("Traceback (most recent call last):\n")[2]
    assert re.search(rf"(?m)^(?:\w+\.)*{error}\b", last), ran.stderr
    # An assertion of PyTorch's own would not be the recipe's claim.
    frames = re.findall(r'(?m)^  File "(.+)", line', last)
    own = frames[-1].endswith(f"{Path(name).name}.py")
    assert "fails_by" in CLAIMS[name] or own, ran.stderr
