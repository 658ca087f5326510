"""`nox` answers a session that it does not know, and checks what a change needs."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).parents[1]


def nox(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nox", *words]
    return subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, check=False
    )


def test_an_unknown_session_is_answered_with_those_near() -> None:
    done = nox("-s", "lint", "trnslate", "--", "--check")
    assert done.returncode != 0
    assert "no session is called trnslate; did you mean translate?" in done.stderr
    assert "Session lint" not in done.stdout + done.stderr, "nothing has run"


def test_nox_alone_lists_the_sessions() -> None:
    done = nox()
    assert "- docs -> Build the site" in done.stdout
    assert "- check -> Run all" in done.stdout


def test_the_lock_has_a_version_of_all_that_is_asked_for(noxfile: Any) -> None:
    text = (PROJECT / "requirements.lock").read_text("utf-8")
    locked = dict(re.findall(r"(?m)^([\w.-]+)==([\w.+!-]+)", text))
    for group in noxfile.PYPROJECT["dependency-groups"]:
        for asked in map(Requirement, noxfile.requirements(group)):
            version = locked[canonicalize_name(asked.name)]
            assert asked.specifier.contains(version), f"type: nox -s lock ({asked})"
    assert text.count("--hash=sha256:") >= len(locked)
    assert "://" not in text, "it names no host"


@pytest.fixture(scope="module")
def noxfile() -> Any:
    """Load the project's own noxfile, as nox does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PROJECT)
        patch.setattr(sys, "argv", ["nox"])
        found = spec_from_file_location("noxfile", "noxfile.py")
        assert found
        assert found.loader
        made = module_from_spec(found)
        found.loader.exec_module(made)
    return made


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make a repository with a recipe and a test, and go there."""
    monkeypatch.chdir(tmp_path)

    def git(*words: str) -> None:
        own = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        subprocess.run(["git", *own, *words], check=True, capture_output=True)

    for name in ("recipes/gradients/one.py", "docs/recordings/one.ipynb", "tests/t.py"):
        Path(name).parent.mkdir(parents=True)
        Path(name).write_text("1\n")
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "First")
    git("switch", "-q", "-c", "mine")
    return git


@pytest.mark.parametrize(
    ("name", "is_code"),
    [
        ("recipes/gradients/one.py", False),
        ("docs/guides/one.md", False),
        ("locales/zh_CN/one.po", False),
        ("docs/recordings/one.ipynb", True),
        ("tests/t.py", True),
        ("tests/new.py", True),
        ("noxfile.py", True),
        ("pyproject.toml", True),
        ("docs/_ext/one.py", True),
    ],
)
@pytest.mark.parametrize("committed", [True, False], ids=["committed", "at hand"])
def test_torch_is_asked_for_where_code_changed(
    noxfile: Any, git: Callable[..., None], name: str, *, is_code: bool, committed: bool
) -> None:
    assert not noxfile.code_changed()
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text("2\n")
    if committed:
        git("add", ".")
        git("commit", "-q", "-m", "Second")
    assert noxfile.code_changed() == is_code
