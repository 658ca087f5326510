"""What publishes the site: the workflows, and the branch of notebooks for Colab."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from recipe_site.sharing import attested
from recordings.store.seal import sealed

if TYPE_CHECKING:
    from projects import MakeProject

PROJECT = Path(__file__).parents[1]
WORKFLOWS = sorted(PROJECT.glob(".github/workflows/*.yml"))
PLACE = "en/downloads/gradients/zeroing.ipynb"


def git(folder: Path, *command: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *command], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a clone of an empty repository, with one commit and a built site."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(tmp_path, "clone", "-q", "remote.git", "clone")
    clone = tmp_path / "clone"
    (clone / ".gitignore").write_text("site\n")
    git(clone, "add", ".gitignore")
    git(clone, "commit", "-q", "-m", "First")
    for name, text in {PLACE: "{}", "en/downloads/gradients/zeroing.py": "1"}.items():
        file = clone / "site" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return clone


def send(clone: Path) -> subprocess.CompletedProcess[str]:
    module = "recipe_site.sharing.notebooks_branch"
    command = [sys.executable, "-m", module, "site", "--push"]
    return subprocess.run(
        command, cwd=clone, capture_output=True, text=True, check=False
    )


def test_notebooks_go_to_a_branch_of_their_own(clone: Path) -> None:
    remote = clone.parent / "remote.git"
    done = send(clone)
    assert done.returncode == 0, done.stderr
    assert git(remote, "ls-tree", "-r", "--name-only", "notebooks") == PLACE
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "rev-parse", "--abbrev-ref", "HEAD") != "notebooks"
    assert send(clone).stdout == "the notebooks are as they were\n"
    (clone / "site" / PLACE).write_text('{"cells": []}')
    assert "pushed to notebooks: " in send(clone).stdout
    assert git(remote, "rev-list", "--count", "notebooks") == "2"


def test_a_site_that_is_not_built_is_said(clone: Path) -> None:
    (clone / "site" / PLACE).unlink()
    done = send(clone)
    assert done.returncode == 1
    assert done.stderr == "site holds no notebooks; type first: nox -s docs\n"


STAND_IN = """\
#!{python}
# Vouches as the GitHub CLI does, for files whose bytes were signed.
import hashlib, pathlib, sys
file = sys.argv[3]
assert sys.argv[1:3] == ["attestation", "verify"]
assert sys.argv[4:] == ["--repo", "ada/site", "--signer-workflow",
                        "ada/site/.github/workflows/record.yml",
                        "--source-ref", "refs/heads/main"]
digest = hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest()
if digest not in pathlib.Path({signed!r}).read_text():
    sys.exit("no attestations found for subject")
"""


def test_a_recording_that_was_changed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed, recording = tmp_path / "signed", tmp_path / "one.ipynb"
    recording.write_text("{}")
    signed.write_text(sha256(b"{}").hexdigest())
    program = tmp_path / "bin/gh"
    program.parent.mkdir()
    program.write_text(STAND_IN.format(python=sys.executable, signed=str(signed)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    assert not [*attested.refused([recording], "ada/site")]
    recording.write_text("{ }")
    [told] = attested.refused([recording], "ada/site")
    assert told.startswith("one.ipynb: not as the record workflow made it")
    assert "no attestations found" in told


def test_recordings_from_gpus_have_to_be_attested(make_project: MakeProject) -> None:
    project = make_project({"one": "print(1)", "two": "print(2)"})
    project.run()
    assert not [*attested.from_gpus(project.library)]
    [file] = project.site.root.glob("docs/recordings/**/one.ipynb")
    text = file.read_text("utf-8")
    assert text.count('"gpu": null') == 1
    file.write_text(sealed(text.replace('"gpu": null', '"gpu": "NVIDIA H200"')))
    [found] = attested.from_gpus(project.library)
    assert found.endswith("/one.ipynb")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_can_do_no_more_than_it_has_to(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {}
    noxfile = (PROJECT / "noxfile.py").read_text("utf-8")
    sessions = {*re.findall(r"(?m)^@nox\.session.*\n(?:@.*\n)*def (\w+)\(", noxfile)}
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 120, name
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
            for asked in re.findall(r"\bnox -s (\w+)", step.get("run", "")):
                assert asked in sessions, f"{path.name}: {name}"


def test_a_pull_request_shows_what_it_changes_in_recordings() -> None:
    text = (PROJECT / ".github/workflows/pull-request.yml").read_text("utf-8")
    steps = yaml.safe_load(text)["jobs"]["site"]["steps"]
    [shown] = [each for each in steps if "nox -s diff" in each.get("run", "")]
    # The commit before the merge has to be there, and the file has to be kept.
    assert "HEAD^1" in shown["run"]
    assert steps[0]["with"]["fetch-depth"] == 2
    kept = [each["with"]["path"] for each in steps if "path" in each.get("with", {})]
    assert "docs/_build/diff.html" in kept


def test_what_runs_recipes_cannot_write() -> None:
    """Code of a recipe must not reach a token that can change the repository."""
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text("utf-8"))["jobs"].items():
            runs = " ".join(step.get("run", "") for step in job["steps"])
            if re.search(r"nox -s (record|verify|tests|doctest|claims)\b", runs):
                rights = {"contents": "read"}
                assert job["permissions"] == rights, f"{path.name}: {name}"
