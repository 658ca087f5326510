"""The command line, from what is typed to what is told, with real recipes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import psutil
import pytest
from projects import MARK, PATIENCE, WITHOUT_MATPLOTLIB, recipe

from recordings.cli import main
from recordings.library import open_library
from recordings.running import progress, runner
from recordings.running.events import Planned, Result, Started
from recordings.store.store import Store, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import MakeSite, Site


class Done(NamedTuple):
    """What a command did."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Read standard output, which has to be one document."""
        return json.loads(self.stdout)


@dataclass(frozen=True)
class Project:
    """A site, and the command line in its root."""

    site: Site
    capsys: pytest.CaptureFixture[str]

    def write(self, **recipes: str) -> None:
        """Write recipes, each given by its name and code."""
        self.site.write(
            {f"recipes/all/{name}.py": recipe(code) for name, code in recipes.items()}
        )

    def __call__(self, *arguments: str) -> Done:
        """Type `python -m recordings`, then these arguments."""
        self.capsys.readouterr()
        try:
            status = main(arguments)
        except SystemExit as leaving:  # argparse's
            status = int(str(leaving.code))
        return Done(status, *self.capsys.readouterr())

    @property
    def recordings(self) -> dict[str, str]:
        """Each recording's text, by its name in the store."""
        folder = self.site.root / "docs" / "recordings"
        return {
            path.relative_to(folder).as_posix(): path.read_text("utf-8")
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }


class MakeProject(Protocol):
    """What the fixture `make_project` gives."""

    def __call__(self, **recipes: str) -> Project:
        """Write a site of recipes, each given by its name and code, and go there."""


@pytest.fixture
def make_project(
    make_site: MakeSite,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> MakeProject:
    found = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    absolute = [str(Path(each).absolute()) for each in found if each]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(absolute))

    def make(**recipes: str) -> Project:
        site = make_site(
            {f"recipes/all/{name}.py": recipe(code) for name, code in recipes.items()},
            extensions=["recordings"],
            sphinx_gallery_conf={"image_scrapers": (), "reset_modules": ()},
        )
        conf = site.root / "docs" / "conf.py"
        conf.write_text(WITHOUT_MATPLOTLIB + conf.read_text("utf-8"), "utf-8")
        monkeypatch.chdir(site.root)
        return Project(site, capsys)

    return make


# run --------------------------------------------------------------------------


def test_run_records_what_is_not_fresh(make_project: MakeProject) -> None:
    project = make_project(one="print(1)", two="print(2)")
    first = project("run", "--jobs", "2")
    assert first.status == 0
    lines = first.stdout.splitlines()
    assert sorted(lines[:2]) == [
        "running recipes/all/one.py",
        "running recipes/all/two.py",
    ]
    assert sorted(re.sub(r"[\d.]+", "N", line) for line in lines[2:]) == [
        "recorded recipes/all/oneNpy in N s",
        "recorded recipes/all/twoNpy in N s",
    ]
    again = project("run")
    assert again == Done(0, "nothing to run: 2 recipes, all fresh\n", "")
    project.write(two="print(3)")
    third = project("run").stdout
    assert "running recipes/all/two.py, about " in third
    assert "one" not in third


def test_failure_is_told_with_reason_last_lines_and_log(
    make_project: MakeProject,
) -> None:
    project = make_project(good="1", bad='print("before")\nraise ValueError("[no]")')
    done = project("run")
    assert done.status == 1
    assert "FAILED recipes/all/bad.py: ValueError: [no]\n" in done.stdout
    _, table = done.stdout.split("Failed", 1)
    log = "docs/_build/recordings/logs/recipes/all/bad.log"
    for wanted in ("recipes/all/bad.py", "before", 'raise ValueError("[no]")', log):
        assert wanted in table
    assert "good" not in table
    assert "before" in (project.site.root / log).read_text("utf-8")


LINES = "\\n\\nfirst [b]\\n\\n  second\\n"


def test_reason_is_one_line(make_project: MakeProject) -> None:
    project = make_project(
        interrupted="raise KeyboardInterrupt",
        lines=f'raise ValueError("{LINES}")',
        none="raise ValueError",
    )
    project.site.write(
        {
            "recipes/all/unreadable.py": "print(1)\n",
            "recipes/all/untitled.py": '"""\n"""\n\nprint(1',
        }
    )
    done = project("run")
    reasons = dict(re.findall(r"(?m)^FAILED recipes/all/(.*).py: (.*)$", done.stdout))
    unreadable = reasons.pop("unreadable")
    assert reasons == {
        "interrupted": "KeyboardInterrupt",
        "lines": "ValueError: first [b]",
        "none": "ValueError",
        "untitled": "line 4: '(' was never closed",
    }
    assert unreadable.startswith('Could not find docstring in file "unreadable.py"')
    assert str(project.site.root) not in unreadable
    rows = [each.strip() for each in done.stdout.partition("Failed")[2].splitlines()]
    first = next(n for n, row in enumerate(rows) if row.startswith("recipes/all/lines"))
    assert rows[first].split(None, 1)[1] == "ValueError: first [b]"
    assert rows[first + 4 : first + 9] == ["ValueError:", "", "first [b]", "", "second"]
    status = project("status").stdout
    assert unreadable in status
    assert str(project.site.root) not in status


def test_reason_that_the_store_gives_is_one_line(make_project: MakeProject) -> None:
    class Broken(Store):
        def write(self, name: str, _text: str) -> None:
            raise StoreError(f"{name}: cannot be written:\n  the bucket\n  is full")

    make_project(one="print(1)")
    library = replace(open_library(Path("docs").absolute()), store=Broken(""))
    file = StringIO()
    with progress.lines(file) as report:
        [result] = runner.run(library, library.entries(), report=report)
    reason = "recipes/all/one.ipynb: cannot be written: the bucket is full"
    assert result.reason == reason
    assert f"FAILED recipes/all/one.py: {reason}\n" in file.getvalue()


def test_run_as_json_prints_one_document(make_project: MakeProject) -> None:
    project = make_project(good="1", bad="1 / 0")
    done = project("run", "--json")
    assert done.status == 1
    assert "FAILED recipes/all/bad.py" in done.stderr
    bad, good = done.json["results"]
    assert (bad["recipe"], bad["status"]) == ("recipes/all/bad.py", "failed")
    assert bad["reason"] == "ZeroDivisionError: division by zero"
    assert bad["recording"] is None
    assert bad["last_lines"][-1] == "ZeroDivisionError: division by zero"
    assert Path(bad["log"]).is_file()
    assert (good["status"], good["reason"]) == ("recorded", None)
    assert Path(good["recording"]).is_file()
    assert project("run", "good", "--json").json == {
        "results": [],
        "without_recipe": [],
        "pruned": [],
    }


def test_recordings_without_a_recipe_are_listed_and_pruned(
    make_project: MakeProject,
) -> None:
    project = make_project(one="print(1)", two="print(2)", three="print(3)")
    project("run")
    folder = project.site.root / "recipes" / "all"
    (folder / "two.py").unlink()
    (folder / "three.py").rename(folder / "other.py")
    status = project("status").stdout
    assert "recipes/all/two.ipynb, a recording without a recipe\n" in status
    assert "python -m recordings run --prune" in status
    assert "recipes/all/three.ipynb, a recording" not in status
    assert "fresh   recipes/all/other.py" in status
    assert "its recording stands under another name, recipes/all/three.ip" in status
    assert status.endswith(
        "2 of 2 recipes fresh\nTo rename recordings: python -m recordings run\n"
    )
    assert project("status", "--check").status == 1
    mine = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    project.site.write({"docs/recordings/mine.ipynb": mine})
    assert "mine.ipynb" not in project("status").stdout
    pruned = project("run", "one", "--prune").stdout
    assert "removed recipes/all/two.ipynb, a recording without" in pruned
    assert project.recordings["mine.ipynb"] == mine
    (project.site.root / "docs/recordings/mine.ipynb").unlink()
    assert [*project.recordings] == ["recipes/all/one.ipynb", "recipes/all/three.ipynb"]
    renamed = project("run")
    assert renamed.status == 0
    told = "renamed recipes/all/three.ipynb to recipes/all/other.ipynb\n"
    assert renamed.stdout == told
    assert project("status", "--check").status == 0


# status -----------------------------------------------------------------------


def test_status_says_what_is_not_fresh_and_why(make_project: MakeProject) -> None:
    project = make_project(same="print(1)", edited="print(1)", new="print(2)")
    project("run", "same", "edited")
    project.write(edited="print(4)")
    done = project("status")
    assert done.status == 0
    rows = done.stdout.splitlines()
    assert rows[0].startswith("stale   recipes/all/edited.py  recorded 20")
    assert rows[1] == "          code block 1 (line 7) changed"
    assert rows[2:4] == [
        "missing recipes/all/new.py",
        "          it has no recording yet",
    ]
    assert rows[4].startswith("fresh   recipes/all/same.py    recorded 20")
    assert rows[5:] == [
        "1 of 3 recipes fresh",
        "To record the rest: python -m recordings run",
    ]
    assert project("status", "--check").status == 1
    assert project("status", "--check", "same").status == 0


def test_status_as_json(make_project: MakeProject) -> None:
    project = make_project(one="print(1)", two="print(2)")
    project("run", "one")
    one, two = project("status", "--json").json["recipes"]
    assert (one["state"], one["reasons"], one["found_at"]) == ("fresh", [], None)
    assert Path(one["recording"]).is_file()
    assert one["seconds"] >= 0
    assert two["state"] == "missing"
    assert two["reasons"]
    assert two["recording"] is two["recorded"] is two["seconds"] is None


# verify -----------------------------------------------------------------------


def test_verify_compares_and_writes_nothing(make_project: MakeProject) -> None:
    project = make_project(one='print("loss 0.50")', two="print(2)")
    project("run")
    before = project.recordings
    good = project("verify")
    assert good.status == 0
    assert "ran recipes/all/one.py in " in good.stdout
    assert good.stdout.endswith("\n2 of 2 recipes as recorded\n")
    assert project.recordings == before

    name = "recipes/all/one.ipynb"
    text = before[name].replace("loss 0.50\\n", "loss 0.55\\n")
    project.site.write({f"docs/recordings/{name}": text})
    bad = project("verify")
    assert bad.status == 1
    for wanted in ("- loss 0.55", "+ loss 0.50", "1 of 2 recipes as recorded"):
        assert wanted in bad.stdout
    assert "python -m recordings run --all recipes/all/one.py" in bad.stdout
    assert project("verify", "--tolerance", "0.2").status == 0
    assert project("verify", "two").status == 0


def test_verify_needs_a_fresh_recording(make_project: MakeProject) -> None:
    project = make_project(one="print(1)", two="1 / 0")
    project("run", "one")
    project.write(one="print(2)")
    done = project("verify", "--json")
    assert done.status == 1
    one, two = done.json["results"]
    assert "its recording is stale" in one["difference"]
    assert "python -m recordings run recipes/all/one.py" in one["difference"]
    assert "its recording is missing" in two["difference"]


def test_verify_names_a_recipe_that_fails_now(make_project: MakeProject) -> None:
    project = make_project(one='import os\nprint(1 / (not os.path.exists("{}")))')
    flag = project.site.root / "flag"
    project.write(one=f"import os\nprint(1 / (not os.path.exists({str(flag)!r})))")
    project("run")
    flag.touch()
    done = project("verify")
    assert done.status == 1
    assert "recipes/all/one.py\n  ZeroDivisionError: division by zero" in done.stdout


# What is typed ----------------------------------------------------------------


def test_recipes_are_named_as_people_name_them(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(gradients="1", momentum="2")
    project.site.write({"recipes/other/momentum.py": recipe("3")})
    project.site.write({"recipes/other/GALLERY_HEADER.rst": "Other\n=====\n"})

    def chosen(*names: str) -> list[str]:
        recipes = project("status", "--json", *names).json["recipes"]
        return [each["recipe"] for each in recipes]

    for name in (
        "gradients",
        "gradients.py",
        "recipes/all/gradients",
        "recipes/all/gradients.py",
        str(project.site.root / "recipes/all/gradients.py"),
        "./docs/../recipes/all/gradients.py",
    ):
        assert chosen(name) == ["recipes/all/gradients.py"], name
    assert len(chosen()) == 3

    unknown = project("status", "gradeints")
    assert unknown.status == 2
    assert "no recipe gradeints; did you mean recipes/all/gradients?" in unknown.stderr
    several = project("run", "momentum")
    assert several.status == 2
    for page in ("recipes/all/momentum", "recipes/other/momentum"):
        assert page in several.stderr

    monkeypatch.chdir(project.site.root / "recipes" / "other")
    here = project("status", "--conf", "../../docs", "--json", "momentum.py").json
    assert [each["recipe"] for each in here["recipes"]] == ["recipes/other/momentum.py"]


def test_conf_is_found_or_asked_for(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = make_project(one="1")
    monkeypatch.chdir(project.site.root / "docs")
    assert project("status").status == 0
    monkeypatch.chdir(tmp_path)
    nowhere = project("status")
    assert nowhere.status == 2
    assert "no conf.py in" in nowhere.stderr
    assert "--conf" in nowhere.stderr
    conf = str(project.site.root / "docs")
    assert f"run --conf {conf}\n" in project("status", "--conf", conf).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--jobs", "0"),
        ("run", "--time-limit", "soon"),
        ("run", "--memory-limit", "-1"),
        ("verify", "--tolerance", "2"),
        ("replay",),
        (),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(
    make_project: MakeProject, arguments: tuple[str, ...]
) -> None:
    done = make_project(one="1")(*arguments)
    assert done.status == 2
    assert "usage: python -m recordings" in done.stderr


def test_scheduler_that_is_not_there_is_told(make_project: MakeProject) -> None:
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    done = make_project(one="1")("run", "--scheduler", "nonsense://here")
    assert done.status == 2
    assert "--scheduler nonsense://here: no answer" in done.stderr


# Ctrl-C -----------------------------------------------------------------------


@pytest.fixture
def marked(tmp_path: Path) -> Iterator[Callable[[], list[Path | psutil.Process]]]:
    """Mark what a test starts; give what is left of it."""
    mark = uuid.uuid4().hex

    def left() -> list[Path | psutil.Process]:
        found: list[Path | psutil.Process] = [*Path(tempfile.gettempdir()).iterdir()]
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                own = process.pid == os.getpid() or process.status() == "zombie"
                if not own and process.environ().get(MARK) == mark:
                    found.append(process)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MARK, mark)
        patch.setenv("TMPDIR", str(tmp_path))
        patch.setattr(tempfile, "tempdir", str(tmp_path))
        yield left


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_interrupted_run_keeps_what_is_finished(
    make_project: MakeProject,
    marked: Callable[[], list[Path | psutil.Process]],
    number: signal.Signals,
    status: int,
) -> None:
    sleep = "import subprocess\nsubprocess.run(['sleep', '3600'])"
    project = make_project(a_quick="print(1)", b_slow=sleep, c_slow=sleep, d_slow=sleep)
    process = subprocess.Popen(
        [sys.executable, "-m", "recordings", "run", "--jobs", "3"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Whoever runs the tests in the background has Ctrl-C ignored, and passes it on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no threads in this test
    )
    assert process.stdout
    told = ""
    for line in process.stdout:
        told += line
        if told.count("running") == 4 and "recorded" in told:
            break
    deadline = time.monotonic() + PATIENCE
    while sum(_sleeps(each) for each in marked()) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    told += process.stdout.read()
    process.stdout.close()
    assert process.wait(PATIENCE) == status, told
    assert marked() == []
    assert "Traceback" not in told
    assert [*project.recordings] == ["recipes/all/a_quick.ipynb"]
    states = [each.state for each in open_library(Path("docs").absolute()).entries()]
    assert states == ["fresh", "missing", "missing", "missing"]


def _sleeps(found: object) -> bool:
    with suppress(psutil.Error):
        return isinstance(found, psutil.Process) and found.name() == "sleep"
    return False


# On a terminal ----------------------------------------------------------------


class Terminal(StringIO):
    """A file that says that it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_terminal_shows_each_recipe_and_the_whole(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    project = make_project(one="print(1)", two="print(2)", three="print(3)")
    project("run", "one")
    library = open_library(project.site.root / "docs")
    one, three, two = library.entries()
    file = Terminal()
    with progress.lines(file) as report:
        report(Planned((two, three, one), 1))
        report(Started(two))
        time.sleep(0.6)
        tail = "last\n\n[lines]\n"
        report(Result(two, "failed", reason="ValueError: [x]", tail=tail))
        report(Started(one))
        time.sleep(0.6)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())
    assert re.search(r"two\.py +running +[\d.]+ s", shown)
    assert re.search(r"three\.py +waiting", shown)
    assert re.search(r"one\.py +running +[\d.]+ s +about", shown)
    assert "0 of 3 recipes" in shown
    assert re.search(r"1 of 3 recipes, 1 failed +[\d.]+ s", shown)
    assert "FAILED recipes/all/two.py: ValueError: [x]" in shown
    assert "to go" in shown
    table = shown.partition(" Failed ")[2].split()
    assert [each for each in table if each.isascii()][-5:] == [
        "recipes/all/two.py",
        "ValueError:",
        "[x]",
        "last",
        "[lines]",
    ]
