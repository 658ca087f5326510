"""A recipe runs in a copy of its folder, and can't change the project around it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from projects import recipe

if TYPE_CHECKING:
    from projects import MakeProject, Project

    from recordings.running.events import Result

CHANGES = {
    "writes": 'open("../../notes.txt", "w").write("x")',
    "adds": 'open("inner/notes.txt", "a").write("x")',
    "truncates": 'import os\nos.truncate("inner/notes.txt", 0)',
    "deletes": 'import os\nos.remove("inner/notes.txt")',
    "deletes_all": 'import shutil\nshutil.rmtree("../../docs/deep")',
    "renames": 'import os\nos.rename("inner/notes.txt", "inner/others.txt")',
    "renames_a_folder": 'import os\nos.rename("../../docs/deep", "../../docs/x")',
    "replaces": (
        'open("mine", "w").close()\nimport os\nos.replace("mine", "inner/notes.txt")'
    ),
    "writes_a_neighbor": 'open("../others/neighbor.py", "a").write("x")',
    "has_a_child_that_writes": (
        'import os\nif os.fork() == 0:\n    open("inner/notes.txt", "w")\nos.wait()\n'
        'raise PermissionError("can\'t change what belongs to its project")'
    ),
}
MAY = {
    "writes_what_git_does_not_have": 'open("inner/new.txt", "w").write("x")',
    "writes_data": 'open("data/set.bin", "wb").write(b"x")',
    "writes_its_own": 'open("own.txt", "w").write("x")',
    "deletes_links": 'import os\nos.remove("inner")\nos.remove("../../notes.txt")',
    "reads": 'print(open("inner/notes.txt").read())\nopen("../../notes.txt", "rb")',
}


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    project = make_project({**CHANGES, **MAY})
    folder = "recipes/all"
    project.site.write(
        {
            ".gitignore": "data/\n_build/\ndocs/recordings/\n__pycache__/\n",
            "notes.txt": "kept",
            "docs/deep/er/notes.txt": "kept",
            "recipes/others/GALLERY_HEADER.rst": "Others\n======\n",
            "recipes/others/neighbor.py": recipe("1"),
            f"{folder}/own.txt": "kept",
            f"{folder}/inner/notes.txt": "kept",
            f"{folder}/data/set.bin": "older",
        }
    )
    for words in ("init -q", "add -A"):
        subprocess.run(["git", *words.split()], cwd=project.site.root, check=True)
    project.site.write({f"{folder}/inner/new.txt": "kept"})
    return project


@pytest.fixture(scope="module")
def files(project: Project) -> dict[Path, bytes]:
    return contents(project)


def contents(project: Project) -> dict[Path, bytes]:
    root = project.site.root
    left_out = {".git", "_build", "recordings", "data", "__pycache__"}
    return {
        path.relative_to(root): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not left_out & {*path.relative_to(root).parts}
    }


@pytest.fixture(scope="module")
def results(project: Project, files: dict[Path, bytes]) -> dict[str, Result]:
    assert files
    return project.run()


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_the_project_is_refused(
    results: dict[str, Result], name: str
) -> None:
    assert results[name].status == "failed"
    assert "PermissionError: " in results[name].reason
    assert "can't change what belongs to its project" in results[name].reason


@pytest.mark.parametrize("name", MAY)
def test_what_is_the_recipe_s_may_be_changed(
    results: dict[str, Result], name: str
) -> None:
    assert results[name].reason == ""


def test_the_project_is_as_it_was(
    project: Project, files: dict[Path, bytes], results: dict[str, Result]
) -> None:
    assert len(results) == len(CHANGES) + len(MAY) + 1
    new = Path("recipes/all/inner/new.txt")
    assert contents(project) == files | {new: b"x"}
    data = project.site.root / "recipes/all/data/set.bin"
    assert data.read_bytes() == b"x"
