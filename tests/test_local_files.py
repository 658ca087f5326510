"""The files that a recipe's code uses are found, and those of the repository count."""

import ast
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from recordings.key import local_files

FILES = {
    "helper.py": "",
    "a/__init__.py": "",
    "a/b.py": "from . import d",
    "a/d/__init__.py": "from .. import e",
    "a/e.py": "import a",
    "a/unused.py": "import helper",
    "spaces/deep.py": "",
    "spaces/beside.py": "'pairs.csv'",
    "spaces/pairs.csv": "",
    "circle.py": "import turn",
    "turn.py": "import circle",
    "turn/not_in_module.py": "",
    "itself.py": "'../recipes/itself.py'",
    "notes.txt": "import helper",
    "broken.py": "def f(:",
    "reader.py": "'spaces/pairs.csv'",
    "points.csv": "",
    ".hidden.csv": "",
    "../outside.csv": "",
}


def write(folder: Path, texts: Mapping[str, str]) -> Path:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def files(folder: Path, code: str, patterns: Sequence[str] = ()) -> list[str]:
    """List the files that code depends on."""
    return [*local_files.digests([ast.parse(code)], folder, patterns)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import helper", ["helper.py"]),
        ("from helper import *", ["helper.py"]),
        ("def f():\n    import helper", ["helper.py"]),
        ("import a", ["a/__init__.py"]),
        ("import a.b", ["a/__init__.py", "a/b.py", "a/d/__init__.py", "a/e.py"]),
        ("from a import e", ["a/__init__.py", "a/e.py"]),
        ("from a.d import x", ["a/__init__.py", "a/d/__init__.py", "a/e.py"]),
        ("import spaces.deep", ["spaces/deep.py"]),
        ("import spaces, missing, missing.too", []),
        ("from . import helper", ["helper.py"]),
        (f"from {'.' * 99} import helper", []),
        ("import circle", ["circle.py", "turn.py"]),
        ("import itself", ["itself.py"]),
        ("import broken", ["broken.py"]),
        ("'points.csv', './points.csv', 'a/../points.csv'", ["points.csv"]),
        ("f'points.csv{a}'", ["points.csv"]),
        ("'../outside.csv'", ["../outside.csv"]),
        ("'spaces', '.', '', '/etc/hostname', 'points.cs'", []),
        (f"'points.csv{'x' * 5000}', 'points.csv\\0', '\\ud800'", []),
        ("import reader", ["reader.py", "spaces/pairs.csv"]),
        ("from spaces import beside", ["spaces/beside.py", "spaces/pairs.csv"]),
        ("'notes.txt'", ["notes.txt"]),
        ("'turn.py'", ["circle.py", "turn.py"]),
    ],
)
def test_files_that_code_uses(tmp_path: Path, code: str, expected: list[str]) -> None:
    folder = write(tmp_path / "recipes", FILES)
    assert files(folder, code) == expected


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["*.csv"], ["points.csv"]),
        (["points.*", "none/*"], ["points.csv"]),
        (["**/*.csv"], ["points.csv", "spaces/pairs.csv"]),
        (
            ["spaces/**"],
            [f"spaces/{name}" for name in ("beside.py", "deep.py", "pairs.csv")],
        ),
        (["turn.py"], ["circle.py", "turn.py"]),
        (["../*.csv"], ["../outside.csv"]),
        ([], []),
    ],
)
def test_files_that_a_pattern_names(
    tmp_path: Path, patterns: list[str], expected: list[str]
) -> None:
    folder = write(tmp_path / "recipes", FILES)
    assert files(folder, "", patterns) == expected


def test_files_that_are_not_in_the_repository_do_not_count(tmp_path: Path) -> None:
    folder = tmp_path / "project" / "recipes" / "section"
    names = ["kept.csv", "new.csv", "ignored.csv", "ignored_but_kept.csv", "made.py"]
    write(folder, dict.fromkeys(names, ""))
    write(tmp_path, {"data/set.csv": "", "outside.csv": ""})
    (folder / "data").symlink_to(tmp_path / "data")
    (folder / "link.csv").symlink_to("kept.csv")
    code = (
        f"{[*names, 'data/set.csv', 'link.csv', '../../../outside.csv']}\nimport made"
    )
    everything = files(folder, code)
    assert len(everything) == 8

    def git(*command: str) -> None:
        where = ["git", "-C", str(tmp_path / "project")]
        subprocess.run([*where, *command], check=True, capture_output=True)

    git("init")
    git("add", "recipes/section/kept.csv", "recipes/section/ignored_but_kept.csv")
    write(tmp_path, {"project/.gitignore": "ignored*\nmade.py\ndata\n"})
    assert files(folder, code) == [
        "ignored_but_kept.csv",
        "kept.csv",
        "link.csv",
        "new.csv",
    ]
    git("rm", "-r", "--cached", "recipes")
    write(tmp_path, {"project/.gitignore": "recipes\n"})
    assert files(folder, code) == everything


def test_without_git_all_files_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    write(tmp_path, {"points.csv": ""})
    assert files(tmp_path, "'points.csv'") == ["points.csv"]


def test_bytes_count(tmp_path: Path) -> None:
    found = set()
    for content in (b"a\n", b"a\r\n", b"\xff", b""):
        (tmp_path / "points.csv").write_bytes(content)
        found.add(
            local_files.digests([ast.parse("'points.csv'")], tmp_path)["points.csv"]
        )
    assert len(found) == 4
