"""`nox -s new` begins a recipe that lacks nothing but what is to be written."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import recipe_runs

PROJECT = Path(__file__).parents[1]
NAMES = ("gradients/my_recipe", "pitfalls/my_mistake")


def begin(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "recipe_site.new_recipe", *words]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Begin a recipe and a pitfall in a copy of the project."""
    project = tmp_path_factory.mktemp("project")
    unwanted = shutil.ignore_patterns("_build", "data", "__pycache__", "_ext")
    for name in ("docs", "recipes"):
        shutil.copytree(PROJECT / name, project / name, ignore=unwanted)
    shutil.copytree(PROJECT / "tests/data", project / "tests/data")
    for file in (*PROJECT.glob("tests/*.py"), PROJECT / "pyproject.toml"):
        shutil.copy(file, project / file.relative_to(PROJECT))
    done = begin(project, "gradients/my_recipe", "What is my recipe?")
    assert done.returncode == 0, done.stderr
    assert "nox -s check -- my_recipe" in done.stdout
    done = begin(project, "my_mistake", "Adding one too many", "--pitfall")
    assert done.returncode == 0, done.stderr
    return project


@pytest.mark.parametrize("name", NAMES)
def test_only_the_to_dos_are_to_be_mended(begun: Path, name: str) -> None:
    tests = ("tests/test_recipe_style.py", "tests/test_recipe_claims.py")
    about = f"({Path(name).name} or every_recipe or taken_once) and not mutation_fails"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-k", about, *tests],
        cwd=begun,
        capture_output=True,
        text=True,
        check=False,
    )
    failed = {*re.findall(r"(?m)^FAILED .*::(\w+)", done.stdout)}
    wanted = {"test_nothing_is_left_to_write", "test_an_entry_is_complete"}
    assert failed == wanted, done.stdout + done.stderr


@pytest.mark.skipif(not find_spec("torchvision"), reason="recipes run")
def test_what_is_begun_runs(begun: Path) -> None:
    scripts = [begun / f"recipes/{name}.py" for name in NAMES]
    for ran in recipe_runs.run(scripts):
        assert ran.status == 0, ran.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gradient/one", "One"), "did you mean gradients/one?"),
        (("one", "One"), "must be in a section (gradients, pitfalls, training)"),
        (("gradients/One", "One"), "'One' must have small letters"),
        (("gradients/one", "One", "--pitfall"), "a pitfall goes to pitfalls/"),
        (("gradients/one", " "), "the title is empty"),
        (("gradients/my_recipe", "Again"), "is there already"),
        (("gradients/one", "One", "--pit"), "unrecognized arguments: --pit"),
    ],
)
def test_what_can_be_no_recipe_is_said(
    begun: Path, words: tuple[str, ...], said: str
) -> None:
    before = {path: path.stat().st_mtime_ns for path in begun.rglob("*.[tp]*")}
    done = begin(begun, *words)
    assert done.returncode != 0
    assert said in done.stderr
    assert {path: path.stat().st_mtime_ns for path in before} == before
