"""Files that a recording depends on are digested each in its own way."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from recordings.key import local_files

FILES = dict.fromkeys(
    (
        *("points.csv", ".hidden.csv", "../outside.csv", "spaces/pairs.csv"),
        *("spaces/beside.py", "turn.py"),
    ),
    "",
)


def write(folder: Path, texts: Mapping[str, str]) -> Path:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["*.csv"], ["points.csv"]),
        (["**/*.csv"], ["points.csv", "spaces/pairs.csv"]),
        (["spaces/**"], ["spaces/beside.py", "spaces/pairs.csv"]),
        (["turn.py", "*.csv"], ["points.csv", "turn.py"]),
        (["../*.csv"], ["../outside.csv"]),
        ([], []),
    ],
)
def test_files_that_a_pattern_names(
    tmp_path: Path, patterns: list[str], expected: list[str]
) -> None:
    folder = write(tmp_path / "recipes", FILES)
    assert sorted(local_files.digests({}, folder, patterns)) == expected


@pytest.mark.parametrize("pattern", ["*.txt", "spaces", "none/*"])
def test_a_pattern_that_names_nothing(tmp_path: Path, pattern: str) -> None:
    folder = write(tmp_path / "recipes", FILES)
    with pytest.raises(ValueError, match=r"no file matches .* in recipes/; correct"):
        local_files.digests({}, folder, ["*.csv", pattern])


def test_files_that_are_not_in_the_repository_do_not_count(tmp_path: Path) -> None:
    folder = tmp_path / "project" / "recipes" / "section"
    names = ["kept.csv", "new.csv", "ignored.csv", "ignored_but_kept.csv", "made.py"]
    write(folder, dict.fromkeys(names, ""))
    write(tmp_path, {"data/set.csv": "", "outside.csv": ""})
    (folder / "data").symlink_to(tmp_path / "data")
    (folder / "link.csv").symlink_to("kept.csv")
    patterns = ["*", "data/*", "../../../outside.csv"]

    def files() -> Sequence[str]:
        return sorted(local_files.digests({}, folder, patterns))

    everything = files()
    assert len(everything) == 8
    listed = local_files.digest(folder, "names")

    def git(*command: str) -> None:
        where = ["git", "-C", str(tmp_path / "project")]
        subprocess.run([*where, *command], check=True, capture_output=True)

    git("init")
    git("add", "recipes/section/kept.csv", "recipes/section/ignored_but_kept.csv")
    write(tmp_path, {"project/.gitignore": "ignored*\nmade.py\ndata\n"})
    assert files() == ["ignored_but_kept.csv", "kept.csv", "link.csv", "new.csv"]
    in_clone = local_files.digest(folder, "names")
    (folder / "made.py").unlink()
    assert in_clone == local_files.digest(folder, "names") != listed
    write(folder, {"made.py": ""})
    git("rm", "-r", "--cached", "recipes")
    write(tmp_path, {"project/.gitignore": "recipes\n"})
    assert files() == everything


def test_without_git_all_files_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    write(tmp_path, {"points.csv": ""})
    assert [*local_files.digests({}, tmp_path, ["*"])] == ["points.csv"]


@pytest.mark.parametrize(
    ("name", "kind", "groups"),
    [
        ("a.csv", "text", [[b"a\n", b"a\r\n"], [b"a"], [b"\0\n"], [b"\0\r\n"], [b""]]),
        ("a.py", "tree", [[b"a\n", b"a # b\r\n"], [b"b"], [b"f("], [b"f(("], [b""]]),
        ("a.py", "text", [[b"a\n", b"a\r\n"], [b"a # b\n"]]),
        ("a.csv", "bytes", [[b"a\n"], [b"a\r\n"], [b"\xff"]]),
    ],
)
def test_what_makes_another_digest(
    tmp_path: Path, name: str, kind: local_files.Kind, groups: list[list[bytes]]
) -> None:
    found = []
    for group in groups:
        same = set()
        for content in group:
            (tmp_path / name).write_bytes(content)
            same.add(local_files.digest(tmp_path / name, kind))
        [digest] = same
        assert local_files.kind_of(digest) == kind
        found.append(digest)
    assert len({*found}) == len(groups)


def test_a_file_that_was_looked_for_in_vain(tmp_path: Path) -> None:
    recorded = {"a.csv": local_files.digest(tmp_path / "a.csv", "text")}
    assert local_files.digests(recorded, tmp_path) == recorded == {"a.csv": ""}
    write(tmp_path, {"a.csv": ""})
    assert local_files.digests(recorded, tmp_path) != recorded
