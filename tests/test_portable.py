"""What is printed names no folder of the machine that recorded it."""

import re
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

from recordings.machine.portable import make_portable

STDLIB = sysconfig.get_path("stdlib")
INSTALLED = sysconfig.get_path("purelib")

TEXTS = {
    "HERE": ".",
    "HERE/": "./",
    "HERE/data.csv": "data.csv",
    'File "HERE/one.py", line 3': 'File "one.py", line 3',
    "[PosixPath('HERE'), PosixPath('HERE/a/b')]": "[PosixPath('.'), PosixPath('a/b')]",
    "file://HERE/a.csv": "file://a.csv",
    "HEREAFTER/a and HERE-2/a and HERE.": "../guidesAFTER/a and ../guides-2/a and ..",
    "PROJECT/docs/x": "../x",
    "PROJECT/docs": "..",
    "PROJECT and PROJECT/recipes/a b": "../.. and ../../recipes/a b",
    "THERE/data.csv in THERE": "data.csv in .",
    "COPY/pyproject.toml": "../../pyproject.toml",
    "HOME and HOME/notes": "~ and ~/notes",
    "File ~/project/docs/guides/helper.py:2, in f": "File helper.py:2, in f",
    f"{STDLIB}/json/decoder.py:355": "json/decoder.py:355",
    f"{INSTALLED}/torch/nn.py": "torch/nn.py",
    f"{INSTALLED}": "site-packages",
    "TEMPORARY/tmpabc/x": "/tmp/tmpabc/x",  # noqa: S108 - what is to be printed
    "/usr/share/datasets, /home, 1/2 and a/docs/guides": (
        "/usr/share/datasets, /home, 1/2 and a/docs/guides"
    ),
}


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Make a home, a project in it, and a copy of that in a temporary folder."""
    home, temporary = tmp_path / "home" / "me", tmp_path / "temporary"
    here = home / "project" / "docs" / "guides"
    copy = temporary / "recordings-x" / "copy"
    for folder in (here, copy / "docs" / "guides"):
        folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return {
        "HERE": str(here),
        "THERE": str(copy / "docs" / "guides"),
        "PROJECT": str(home / "project"),
        "COPY": str(copy),
        "HOME": str(home),
        "TEMPORARY": str(temporary),
    }


@pytest.mark.parametrize(("text", "expected"), TEXTS.items(), ids=range(len(TEXTS)))
def test_folders_are_taken_out(
    places: dict[str, str], text: str, expected: str
) -> None:
    for name in sorted(places, key=len, reverse=True):
        text = text.replace(name, places[name])
    portable = make_portable(Path(places["HERE"]), Path(places["THERE"]))
    assert portable(text) == expected


def test_a_folder_goes_by_its_links_and_by_its_real_name(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    (real / "guides").mkdir(parents=True)
    link.symlink_to(real)
    portable = make_portable(link / "guides")
    text = f"{real}/guides/a, {link}/guides/b, {link}, {real}"
    assert portable(text) == "a, b, .., .."


def test_a_folder_of_the_whole_machine_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/")
    portable = make_portable(Path("/app"))
    assert portable("/app/x in /app, / and /etc") == "x in ., / and /etc"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("./item of HOME/no-such-item, <a href='HOME/no-such-item'>", None),
        ("GET HOME and HOME/", None),
        ("HOME/THERE, HOME/THERE/not/there", "~/THERE, ~/THERE/not/there"),
        ('  File "HOME/gone/x.py", line 3', '  File "~/gone/x.py", line 3'),
    ],
)
def test_a_home_below_the_root_is_a_path_where_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, expected: str | None
) -> None:
    home = "/tmp"  # noqa: S108 - like `/root`, but all may write to it
    monkeypatch.setenv("HOME", home)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with tempfile.TemporaryDirectory(dir=home) as there:
        names = {"HOME": home, "THERE": Path(there).name}

        def filled(template: str) -> str:
            return re.sub("HOME|THERE", lambda it: names[it[0]], template)

        portable = make_portable(Path("/srv/project"))
        assert portable(filled(text)) == filled(expected or text)


def test_this_very_python_is_not_named(tmp_path: Path) -> None:
    portable = make_portable(tmp_path)
    for module in (sys.modules["json"], pytest):
        assert module.__file__
        shown = portable(module.__file__)
        assert shown == f"{module.__name__}/__init__.py"
