"""A recipe runs in a copy of its folder, and finds there all that the project has."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from projects import write_named

from recordings.machine import git as repository
from recordings.machine.copies import mirror

if TYPE_CHECKING:
    from pathlib import Path

FILES = (
    "pyproject.toml",
    "data/far.csv",
    ".git/HEAD",
    "docs/conf.py",
    "docs/_build/html/index.html",
    "recipes/shared.py",
    "recipes/other/two.py",
    "recipes/section/deep/one.py",
    "recipes/section/beside.txt",
    "recipes/section/deep/helper.py",
    "recipes/section/deep/data/set.bin",
    "recipes/section/deep/__pycache__/helper.pyc",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write a project with all kinds of links that lead nowhere."""
    project = tmp_path / "project"
    write_named(project, FILES)
    for folder in (project, project / "recipes", project / "recipes/section/deep"):
        (folder / "nowhere").symlink_to(tmp_path / "is not there")
        (folder / "circle").symlink_to("circle")
        (folder / ".#lock").symlink_to("someone@machine.1234")
    (project / "recipes/linked.csv").symlink_to("../data/far.csv")
    return project


def test_all_of_the_project_is_found(project: Path, tmp_path: Path) -> None:
    script = mirror(project / "recipes/section/deep/one.py", project, tmp_path / "copy")
    top = script.parent / "../../.."
    for name in FILES:
        left_out = name.startswith(".git") or "__pycache__" in name
        assert (top / name).is_file() is not left_out, name
    assert (script.parent / "../../linked.csv").read_text("utf-8") == "data/far.csv"
    names = {each.name for each in script.parent.iterdir()}
    assert names == {"one.py", "helper.py", "data"}
    assert top.resolve().name == "project"


def test_what_a_recipe_does_in_its_folder_stays_there(
    project: Path, tmp_path: Path
) -> None:
    folder = mirror(
        project / "recipes/section/deep/one.py", project, tmp_path / "copy"
    ).parent
    (folder / "helper.py").write_text("other", "utf-8")
    (folder / "one.py").unlink()
    for place in (folder, folder.parent, folder.parent.parent):
        (place / "new").write_text("new", "utf-8")
    here = project / "recipes/section/deep"
    assert (here / "helper.py").read_text("utf-8").endswith("helper.py")
    assert (here / "one.py").is_file()
    assert not [*project.rglob("new")]


def test_a_recipe_may_stand_at_the_top(project: Path, tmp_path: Path) -> None:
    (project / "one.py").write_text("", "utf-8")
    script = mirror(project / "one.py", project, tmp_path / "copy")
    assert (script.parent / "recipes/shared.py").is_file()
    assert not (script.parent / ".git").exists()


def test_what_is_built_is_left_out(project: Path, tmp_path: Path) -> None:
    guide = project / "docs" / "guides" / "one.md"
    guide.parent.mkdir()
    guide.write_text("", "utf-8")
    docs = mirror(guide, project, tmp_path / "copy").parent.parent
    assert {each.name for each in docs.iterdir()} == {"conf.py", "guides"}


def test_the_project_is_the_repository_s_folder(tmp_path: Path) -> None:
    folder = tmp_path / "project" / "docs" / "guides"
    folder.mkdir(parents=True)
    project = tmp_path / "project"
    recipes = project / "recipes"
    assert repository.project(folder, project / "docs") == project / "docs"
    assert repository.project(recipes, project / "docs") == project
    assert repository.project(folder, folder) == folder.parent
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    assert repository.project(folder, project / "docs") == project
    assert repository.project(folder, folder) == project
