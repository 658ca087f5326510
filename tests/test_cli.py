"""The command line, from what is typed to what is told, with real recipes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pytest
from projects import PATIENCE, recipe
from stores import keep, printed

from recordings.cli import main
from recordings.library import open_library
from recordings.running import progress, runner
from recordings.running.events import Planned, Result, Started
from recordings.store.store import Store, StoreError

if TYPE_CHECKING:
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

    def keep(self, *names: str, prints: str = "1\n") -> None:
        """Keep recordings of recipes, or of all, for which nothing was run."""
        pages = [f"recipes/all/{name}" for name in names]
        keep(self.site.root / "docs", *pages, outputs=[printed(prints)])

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
    """What the fixture `make` gives."""

    def __call__(self, **recipes: str) -> Project:
        """Write a site of recipes, each given by its name and code, and go there."""


@pytest.fixture
def make(
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
        )
        monkeypatch.chdir(site.root)
        return Project(site, capsys)

    return make


# run --------------------------------------------------------------------------


def test_run_records_what_is_not_fresh(make: MakeProject) -> None:
    project = make(one="print(1)", two="print(2)", three="print(3)")
    project.keep("one")
    first = project("run", "--jobs", "2")
    assert first.status == 0
    lines = [re.sub(r"\d\S*", "N", line) for line in first.stdout.splitlines()]
    for name in ("two", "three"):
        assert f"running recipes/all/{name}.py" in lines
        assert f"recorded recipes/all/{name}.py in N s" in lines
    assert len(lines) == 4
    again = project("run")
    assert again == Done(0, "nothing to run: 3 recipes, all fresh\n", "")
    before = project.recordings
    anew = project("run", "two", "--all").stdout
    assert "running recipes/all/two.py, about " in anew
    assert re.search(r"confirmed recipes/all/two\.py in [\d.]+ s", anew)
    text = project.recordings["recipes/all/two.ipynb"]
    added = len(text.splitlines()) - len(before["recipes/all/two.ipynb"].splitlines())
    assert added == 3


def test_nothing_is_filed_under_versions_that_did_not_run(make: MakeProject) -> None:
    project = make(one="print(1)", two="print(2)")
    project.keep("one")
    conf = project.site.root / "docs/conf.py"
    pins = (
        "recordings_requirements = ['a-package==1', 'matplotlib==3.0.0', 'pytest==1']"
    )
    before, kept = conf.read_text("utf-8"), project.recordings
    conf.write_text(f"{before}{pins}\n", "utf-8")
    done = project("run")
    assert done.status == 1
    first, titles, *rows, last = done.stderr.splitlines()
    assert first == (
        "recordings: recordings would be filed under versions that did not run:"
    )
    assert titles.split() == ["package", "pinned", "installed"]
    assert [row.split()[:2] for row in rows] == [
        ["matplotlib", "3.0.0"],
        ["pytest", "1"],
    ]
    assert "recordings_requirements in conf.py" in last
    assert last.endswith("; nothing was run")
    assert done.stdout == ""
    assert project.recordings == kept
    assert not (conf.parent / "_build/recordings/logs").exists()
    build = project.site.build()
    assert build.status == 2
    assert "  matplotlib  3.0.0 " in build.stderr
    assert "add: -D recordings_mode=replay" in build.stderr
    assert project.recordings == kept


LINES = "\\n\\nfirst [b]\\n\\n  second\\n"


def test_failures_are_told_with_reason_last_lines_and_log(make: MakeProject) -> None:
    project = make(
        bad='print("before")\nraise ValueError("[no]")',
        good="1",
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
    assert done.status == 1
    reasons = dict(re.findall(r"(?m)^FAILED recipes/all/(.*).py: (.*)$", done.stdout))
    unreadable = reasons.pop("unreadable")
    assert reasons == {
        "bad": "ValueError: [no]",
        "interrupted": "KeyboardInterrupt; raised in interrupted.py, line 8",
        "lines": "ValueError: first [b]",
        "none": "ValueError",
        "untitled": "SyntaxError: incomplete input (untitled.py, line 4)",
    }
    assert unreadable.startswith('Could not find docstring in file "unreadable.py"')
    table = done.stdout.partition("\n\n")[2]  # below the lines of the run
    log = "docs/_build/recordings/logs/recipes/all/bad.log"
    for wanted in ("recipes/all/bad.py", "before", 'raise ValueError("[no]")', log):
        assert wanted in table
    assert "good" not in table
    assert "before" in (project.site.root / log).read_text("utf-8")
    rows = [each.strip() for each in table.splitlines()]
    first = rows.index("recipes/all/lines.py")
    assert rows[first + 1] == "ValueError: first [b]"
    assert rows[first + 5 : first + 10] == [
        "ValueError:",
        "",
        "first [b]",
        "",
        "second",
    ]
    status = project("status").stdout
    assert unreadable in status
    for told in (status, unreadable):
        assert str(project.site.root) not in told


def test_a_reason_that_the_store_gives_is_one_line(make: MakeProject) -> None:
    class Broken(Store):
        def write(self, name: str, _text: str) -> None:
            raise StoreError(f"{name}: cannot be written:\n  the bucket\n  is full")

    make(one="print(1)")
    library = replace(open_library(Path("docs").absolute()), store=Broken(""))
    [result] = runner.run(library, library.entries())
    reason = "recipes/all/one.ipynb: cannot be written: the bucket is full"
    assert result.reason == reason


def test_run_as_json_prints_one_document(make: MakeProject) -> None:
    project = make(good="1", bad="1 / 0")
    project.keep("good")
    done = project("run", "--json")
    assert done.status == 1
    assert "FAILED recipes/all/bad.py" in done.stderr
    [bad] = done.json["results"]
    partial = bad.pop("partial")
    assert partial.endswith("docs/_build/recordings/logs/recipes/all/bad.ipynb")
    assert "ZeroDivisionError" in Path(partial).read_text("utf-8")
    assert bad == {
        "recipe": "recipes/all/bad.py",
        "page": "recipes/all/bad",
        "status": "failed",
        "reason": "ZeroDivisionError: division by zero",
    }
    assert project("run", "good", "--json").json == {"results": []}


def test_recordings_without_a_recipe_are_listed_and_pruned(make: MakeProject) -> None:
    project = make(one="print(1)", two="print(2)", three="print(3)")
    project.keep()
    folder = project.site.root / "recipes" / "all"
    (folder / "two.py").unlink()
    (folder / "three.py").rename(folder / "other.py")
    mine = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    project.site.write({"docs/recordings/mine.ipynb": mine})
    status = project("status").stdout
    assert "recipes/all/two.ipynb, a recording without a recipe\n" in status
    assert "python -m recordings run --prune" in status
    assert "recipes/all/three.ipynb, a recording" not in status
    assert "mine.ipynb" not in status
    assert "fresh   recipes/all/other.py" in status
    assert "its recording has another name, recipes/all/three.ipynb" in status
    assert status.endswith(
        "2 of 2 recipes fresh\nTo rename recordings: python -m recordings run\n"
    )
    assert project("status", "--check").status == 1
    pruned = project("run", "one", "--prune").stdout
    assert "removed recipes/all/two.ipynb, a recording without a recipe\n" in pruned
    names = [f"recipes/all/{name}.ipynb" for name in ("one", "three", "other")]
    assert [*project.recordings] == ["mine.ipynb", *names[:2]]
    renamed = project("run")
    assert renamed.status == 0
    assert renamed.stdout == f"renamed {names[1]} to {names[2]}\n"
    assert project("status", "--check").status == 0


# status -----------------------------------------------------------------------


def test_status_says_what_is_not_fresh_and_why(make: MakeProject) -> None:
    project = make(same="print(1)", edited="print(1)", new="print(2)")
    project.keep("same", "edited")
    project.write(edited="print(4)")
    done = project("status")
    assert done.status == 0
    assert done.stdout.splitlines() == [
        "stale   recipes/all/edited.py  recorded 2026-01-01T00:00:00Z",
        "          code block 1 (line 7) changed",
        "missing recipes/all/new.py",
        "          it has no recording yet",
        "fresh   recipes/all/same.py    recorded 2026-01-01T00:00:00Z",
        "1 of 3 recipes fresh",
        "To record the rest: python -m recordings run",
    ]
    assert project("status", "--check").status == 1
    assert project("status", "--check", "same").status == 0
    edited, new, same = project("status", "--json").json["recipes"]
    assert [each["state"] for each in (edited, new, same)] == [
        "stale",
        "missing",
        "fresh",
    ]
    assert edited["reasons"] == ["code block 1 (line 7) changed"]
    assert new["recorded"] is None
    assert same["recorded"] == "2026-01-01T00:00:00Z"


# verify -----------------------------------------------------------------------


def test_status_names_the_line_that_is_no_python(make: MakeProject) -> None:
    project = make(one="print(1)")
    project.keep("one")
    project.write(one="print(1)\nplot.legend(\n")
    told = project("status").stdout
    assert re.search(r"\n +line \d+: '\(' was never closed\n", told)
    assert "recorded, " not in told, "what follows from that is left out"


def test_verify_compares_and_confirms_what_agrees(make: MakeProject) -> None:
    project = make(fails="1 / 0", loss='print("loss 0.50")', one="print(1)", two="2")
    project.keep("fails", "one", "two")
    project.keep("loss", prints="loss 0.55\n")
    project.write(two="3")
    before = project.recordings
    done = project("verify", "--confirm")
    assert done.status == 1
    for wanted in (
        "ran recipes/all/one.py in ",
        "- loss 0.55",
        "+ loss 0.50",
        "recipes/all/fails.py\n  ZeroDivisionError: division by zero",
        "its recording is stale: code block 1 (line 7) changed",
        "Type: python -m recordings run recipes/all/two.py",
        "1 of 4 recipes as recorded and confirmed",
        "python -m recordings run --all recipes/all/fails.py recipes/all/loss.py\n",
    ):
        assert wanted in done.stdout
    after = project.recordings
    confirmed = after.pop("recipes/all/one.ipynb")
    assert after == {name: before[name] for name in after}
    assert '"confirmations": [' in confirmed
    tolerant = project("verify", "loss", "--tolerance", "0.2")
    assert tolerant.status == 0
    assert tolerant.stdout.endswith("\n1 of 1 recipe as recorded\n")
    assert project.recordings == {**after, "recipes/all/one.ipynb": confirmed}


# What is typed ----------------------------------------------------------------


def test_recipes_are_named_as_people_name_them(
    make: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make(gradients="1", momentum="2")
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
    make: MakeProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = make(one="1")
    monkeypatch.chdir(project.site.root / "docs")
    assert project("status").status == 0
    monkeypatch.chdir(tmp_path)
    nowhere = project("status")
    assert nowhere.status == 2
    assert "no conf.py in" in nowhere.stderr
    assert "--conf" in nowhere.stderr
    conf = str(project.site.root / "docs")
    assert f"run --conf {conf}\n" in project("status", "--conf", conf).stdout
    (project.site.root / "recipes/all/one.py").unlink()
    assert "conf.py: it has no recipes" in project("status", "--conf", conf).stderr


def test_wrong_usage_exits_with_2(make: MakeProject) -> None:
    project = make(one="1")
    for words, said in (
        ("run --jobs 0", "must be a positive integer, not 0"),
        ("run --time-limit soon", "must be a number above 0, not soon"),
        ("run --memory-limit -1", "must be a number above 0, not -1"),
        ("verify --tolerance 2", "must be a number from 0 to below 1, not 2"),
        ("replay", "invalid choice: 'replay'"),
        ("", "required: run|status|verify|diff"),
    ):
        done = project(*words.split())
        assert done.status == 2
        assert "usage: python -m recordings" in done.stderr
        assert said in done.stderr


def test_scheduler_that_is_not_there_is_told(make: MakeProject) -> None:
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    run = make(one="1")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        for address, why in {
            "nonsense://here": "unknown address scheme 'nonsense'",
            "tcp://127.0.0.1:port": "invalid literal for int()",
            f"tcp://127.0.0.1:{port}": "what is there is no scheduler, or hangs",
        }.items():
            done = run("run", "--scheduler", address)
            assert done.status == 2
            said = f"recordings: --scheduler {address}: no answer: {why}"
            assert done.stderr.startswith(said)
            assert done.stderr.count("\n") == 1


# Ctrl-C, and a terminal -------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_interrupted_run_keeps_what_is_finished(
    make: MakeProject, number: signal.Signals, status: int
) -> None:
    project = make(quick="print(1)", slow="import time\ntime.sleep(3600)")
    process = subprocess.Popen(
        [sys.executable, "-m", "recordings", "run", "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell has what it starts in the background ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no threads in this test
    )
    assert process.stdout
    told = ""
    for line in process.stdout:
        told += line
        if told.count("running") == 2 and "recorded" in told:
            break
    process.send_signal(number)
    told += process.stdout.read()
    process.stdout.close()
    assert process.wait(PATIENCE) == status, told
    assert "Traceback" not in told
    assert told.endswith("recordings: stopped; what was finished is kept\n")
    assert [*project.recordings] == ["recipes/all/quick.ipynb"]


class Terminal(StringIO):
    """A file that says that it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_terminal_shows_each_recipe_and_the_whole(
    make: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    project = make(one="print(1)", two="print(2)", three="print(3)")
    project.keep("one")
    one, three, two = open_library(project.site.root / "docs").entries()
    file = Terminal()
    with progress.lines(file) as report:
        report(Planned((two, three, one), 1))
        report(Started(two))
        time.sleep(0.3)
        tail = "last\n\n[lines]\n"
        report(Result(two, "failed", reason="ValueError: [x]", tail=tail))
        report(Started(one))
        time.sleep(0.3)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())
    assert re.search(r"two\.py +0:00:\d\d", shown)
    assert re.search(r"one\.py +0:00:\d\d +about 1\.5 s", shown)
    assert "0 of 3 recipes" in shown
    assert re.search(r"1 of 3 recipes +0:00:\d\d .*to go", shown)
    assert "FAILED recipes/all/two.py: ValueError: [x]" in shown
    words = ["recipes/all/two.py", "ValueError:", "[x]", "last", "[lines]"]
    assert shown.split()[-5:] == words
