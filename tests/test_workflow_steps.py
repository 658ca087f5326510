"""Each `run` step of the workflows is executed, here in a clean clone or elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[1]
WORKFLOWS = sorted(PROJECT.glob(".github/workflows/*.yml"))
NOX = re.compile(r"\bnox -s (\w+)")
CI = (PROJECT / ".ci/run").read_text("utf-8")
CHECKS = {*re.findall(r"\w+", re.findall("for session in (.*);", CI)[0])}
"""Sessions that `.ci/run` executes."""
BY_HAND = {
    "claims": "hours: every recipe in eleven settings",
    "colab": "installs PyTorch as Colab has it",
    "downloads": "runs all downloads: half an hour",
    "links": "needs the internet",
    "verify": "runs all recipes again",
}
"""Why a session is executed neither here nor by `.ci/run`."""
STAND_IN = """\
#!/bin/sh
# Writes down what the GitHub CLI is asked; there is no release yet.
echo "$@" >> "$GH_ASKED"
[ "$1 $2" != "release view" ]
"""


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each step that runs a command, with the place where it stands."""
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text("utf-8"))["jobs"].items():
            for step in job["steps"]:
                if "run" in step:
                    yield f"{path.stem}/{name}", step


STEPS = {
    f"{place}: {step['run'].splitlines()[0][:50]}": step
    for place, step in steps()
    if not {*NOX.findall(step["run"])} & (CHECKS | {*BY_HAND})
    and "pip install" not in step["run"]
}


class Clone:
    """A clean clone of this project, as a hosted runner has it."""

    def __init__(self, root: Path) -> None:
        """Make it, with a site that seems to be built."""
        self.folder, self.remote = root / "clone", root / "remote.git"
        self.asked, self.output = root / "asked", root / "output"
        programs = root / "bin"
        programs.mkdir()
        (programs / "gh").write_text(STAND_IN)
        (programs / "python").write_text(self.program())
        for each in programs.iterdir():
            each.chmod(0o755)
        self.path = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.git(root, "clone", "-q", "--bare", str(PROJECT), str(self.remote))
        self.git(root, "clone", "-q", str(self.remote), str(self.folder))
        for role in ("author", "committer"):
            self.git(self.folder, "config", f"{role}.name", "Ada")
            self.git(self.folder, "config", f"{role}.email", "ada@example.org")
        self.git(self.folder, "commit", "-q", "--allow-empty", "-m", "A merge")
        built = self.folder / "docs/_build"
        (built / "html/en/downloads").mkdir(parents=True)
        (built / "html/index.html").write_text("<title>Site</title>")
        (built / "html/en/downloads/one.ipynb").write_text("{}")

    @staticmethod
    def program() -> str:
        """Return a `python` whose sessions use the packages that are here."""
        return (
            '#!/bin/sh\nif [ "$1 $2" = "-m nox" ]; then shift 2\n'
            f'exec {sys.executable} -m nox --no-venv --no-install "$@"\n'
            f'else exec {sys.executable} "$@"\nfi\n'
        )

    @staticmethod
    def git(folder: Path, *words: str) -> str:
        """Return what git says in a folder."""
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def run(self, step: dict[str, Any]) -> str:
        """Run a step as GitHub does, with stand-ins for what it fills in."""
        script = step["run"].replace(".venv/bin/nox", "python -m nox")
        filled = {
            name: re.sub(r"\$\{\{.*?\}\}", "", str(value))
            for name, value in step.get("env", {}).items()
        }
        given = {
            "PATH": self.path,
            "PYTHONPATH": str(self.folder / "docs/_ext"),
            "GH_ASKED": str(self.asked),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.output),
            "GITHUB_RUN_ID": "7",
            "GITHUB_SHA": self.git(self.folder, "rev-parse", "HEAD").strip(),
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env={**os.environ, **given, **filled},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_goes_well_in_a_clean_clone(name: str, clone: Clone) -> None:
    clone.run(STEPS[name])


def test_every_step_is_executed_somewhere() -> None:
    named = {name for _, step in steps() for name in NOX.findall(step["run"])}
    here = {name for step in STEPS.values() for name in NOX.findall(step["run"])}
    assert named == here | (named & CHECKS) | {*BY_HAND}


def the_step(words: str) -> dict[str, Any]:
    [step] = [step for _, step in steps() if words in step["run"]]
    return step


def test_changed_recordings_are_attested_and_proposed(clone: Clone) -> None:
    changed, new = "docs/recordings/index.ipynb", "docs/recordings/new.ipynb"
    for each in (changed, new):
        (clone.folder / each).write_text("{}")
    clone.git(clone.folder, "add", changed)
    clone.git(clone.folder, "commit", "-q", "-m", "One that is there")
    (clone.folder / changed).write_text("{ }")
    clone.run(the_step("git ls-files"))
    told = clone.output.read_text("utf-8").splitlines()
    assert (told[0], sorted(told[1:-1]), told[-1]) == (
        "files<<END",
        sorted([changed, new]),
        "END",
    )
    clone.run(the_step("gh pr create"))
    proposed = clone.git(clone.remote, "show", "--name-only", "recordings-7")
    assert changed in proposed
    assert new in proposed
    assert "pr create --head recordings-7" in clone.asked.read_text("utf-8")


def test_where_no_recording_changed_nothing_is_proposed(clone: Clone) -> None:
    assert "No recording changed." in clone.run(the_step("gh pr create"))
    assert not clone.asked.exists()


def test_the_site_is_kept_as_a_file_of_a_release(clone: Clone) -> None:
    clone.run(the_step("nox -s archive"))
    packed = clone.folder / "docs/_build/dist"
    for each in packed.iterdir():
        shutil.move(each, clone.folder)
    checked = subprocess.run(
        ["sha256sum", "-c", "site.zip.sha256"], cwd=clone.folder, check=False
    )
    assert checked.returncode == 0
    clone.run(the_step("gh release"))
    asked = clone.asked.read_text("utf-8").splitlines()
    assert asked[1].startswith("release create site --target ")
    assert asked[2] == "release upload site --clobber site.zip site.zip.sha256"
