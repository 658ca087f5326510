"""The runner: real recipes in real processes, good ones and all kinds of bad ones."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from bad_recipes import BAD
from projects import (
    SLEEP,
    MakeProject,
    Project,
    printed,
    recipe,
    wait_for,
)

from recordings.machine.reads import MARK as OWN
from recordings.machine.workspace import workspace
from recordings.running import runner
from recordings.running.events import Event, Planned, Result, Started
from recordings.store.notebook import to_text
from recordings.store.store import ReadOnlyError, Store

if TYPE_CHECKING:
    from pathlib import Path

JOBS = 4
GOOD = (
    "import os, decimal\n"
    'print(decimal.Decimal(1) / 3, os.environ.get("X"), os.path.exists("helper.txt"))'
)


@dataclass(frozen=True)
class Table:
    """The run of all of them, with good ones in between."""

    project: Project
    results: dict[str, Result]
    events: list[Event]
    tree_before: list[str]


def tree(folder: Path) -> list[str]:
    return sorted(
        str(path) for path in folder.rglob("*") if "__pycache__" not in str(path)
    )


@pytest.fixture(scope="module")
def table(make_project: MakeProject) -> Table:
    project = make_project({})
    project.site.write({"recipes/all/helper.txt": "It is here."})
    project.write({"a00_good": GOOD})
    for number, (name, (code, _)) in enumerate(BAD.items()):
        # A recipe that uses several threads is always started afresh.
        end = "" if number % 3 else "\n# sphinx_gallery_threads = 2"
        bad = code.replace("MARK", repr(project.mark)) + end
        project.write({f"a{number:02}_z_{name}": bad})
        if number % 3 == 0:
            project.write({f"a{number + 1:02}_good": GOOD + end})
    before = tree(project.site.root / "recipes")
    events: list[Event] = []
    results = project.run(jobs=JOBS, memory_limit=2**30, report=events.append)
    return Table(project, results, events, before)


@pytest.mark.parametrize("name", BAD)
def test_bad_recipe_is_named_with_its_reason(table: Table, name: str) -> None:
    result = table.results[f"a{[*BAD].index(name):02}_z_{name}"]
    reason, _, place = result.reason.partition(", in the code block at line ")
    assert reason == BAD[name][1].replace("FILE", result.entry.recipe.path.stem)
    killed = ("ended", "its supervisor", "killed", "printed", "took", "used")
    assert place.isdecimal() == reason.startswith(killed), "the block that ran is named"
    assert result.status == ("failed" if result.reason else "recorded")


def test_bad_recipes_cost_good_ones_nothing(table: Table) -> None:
    good = [each for name, each in table.results.items() if name.endswith("good")]
    assert len(good) == 1 + (len(BAD) + 2) // 3
    for each in good:
        assert each.status == "recorded", each
        recording = table.project.recording(each.entry.recipe.path.stem)
        assert printed(recording) == "0.3333333333333333333333333333 None True\n"


def test_bad_recipes_leave_nothing_behind(table: Table) -> None:
    assert table.project.leaves_nothing()
    assert tree(table.project.site.root / "recipes") == table.tree_before


def test_failed_recipe_tells_its_last_lines_and_keeps_its_log(table: Table) -> None:
    result = table.results["a00_z_raises"]
    assert result.log
    log = result.log.read_text("utf-8")
    assert result.tail.splitlines() == log.splitlines()
    assert result.tail.splitlines() == [
        "Traceback (most recent call last):",
        '  File "a00_z_raises.py", line 8, in <module>',
        '    raise ValueError("no such gradient")',
        "ValueError: no such gradient",
    ]
    flood = next(each for name, each in table.results.items() if "past" in name)
    assert flood.log
    assert flood.log.stat().st_size <= 50 * 2**20


def test_what_a_killed_recipe_printed_is_in_its_log(make_project: MakeProject) -> None:
    code = """
import ctypes, os, subprocess, sys
print("printed", end="")
sys.__stdout__.write(" written")
ctypes.CDLL(None).printf(b" by C")
child = "import time; print(' by a child', end=''); time.sleep(99)"
subprocess.Popen([sys.executable, "-uc", child])
import time
time.sleep(0.5)
os.kill(os.getpid(), 9)
"""
    result = make_project({"one": code}).run()["one"]
    assert result.tail == "printed written by C by a child"
    why = "killed by SIGKILL, maybe by the system for want of memory"
    assert result.reason == f"{why}, in the code block at line 9"


def test_each_recipe_starts_and_ends_once(table: Table) -> None:
    pages = [result.entry.recipe.page for result in table.results.values()]
    started = [e.entry.recipe.page for e in table.events if isinstance(e, Started)]
    ended = [e.entry.recipe.page for e in table.events if isinstance(e, Result)]
    assert sorted(ended) == sorted(pages)
    not_started = {page for page in pages if page.endswith("bad_limit")}
    assert sorted(started) == sorted(set(pages) - not_started)
    assert isinstance(table.events[0], Planned)


# What a run does and does not do ----------------------------------------------


def test_only_what_is_not_fresh_runs(
    make_project: MakeProject,
) -> None:
    project = make_project({"one": "print(1)", "two": "print(2)"})
    assert {*project.run()} == {"one", "two"}
    assert project.run() == {}
    project.write({"two": "print(3)"})
    assert {*project.run()} == {"two"}
    assert printed(project.recording("two")) == "3\n"
    assert {*project.run(anew=True)} == {"one", "two"}


def test_failed_recipe_keeps_its_last_recording(
    make_project: MakeProject,
) -> None:
    project = make_project({"one": "print(1)"})
    project.run()
    project.write({"one": "print(1 / 0)"})
    assert project.run()["one"].status == "failed"
    (entry,) = project.library.entries()
    assert entry.state == "stale"
    assert printed(project.recording("one")) == "1\n"


def test_result_does_not_depend_on_jobs(
    make_project: MakeProject,
) -> None:
    code = (
        "import os\n"
        'print(os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"])\n'
        'print(hash("seed"), {"a", "b", "c"})'
    )
    threads = "# sphinx_gallery_threads = 3\n"
    project = make_project({"one": code, "two": threads + code, "three": code})

    def outputs(jobs: int) -> list[tuple[int, str, str]]:
        project.run(jobs=jobs, anew=True)
        found = [project.recording(name) for name in ("one", "two", "three")]
        return [(each.run.threads, each.key, printed(each)) for each in found]

    one_by_one = outputs(1)
    assert one_by_one == outputs(3)
    counts = [(threads, *text.split()[:2]) for threads, _, text in one_by_one]
    assert counts == [(1, "1", "1"), (3, "3", "3"), (1, "1", "1")]


def test_what_is_started_afresh_goes_first_and_then_the_longest(
    make_project: MakeProject,
) -> None:
    afresh = "# sphinx_gallery_threads = 2\n4"
    scripts = {"a_short": "1", "b_long": "2", "c_new": "3", "d_afresh": afresh}
    project = make_project(scripts)
    library = project.library
    entry = library.entries()[0]
    seconds = {"a_short": 1.0, "b_long": 60.0, "d_afresh": 1.0}
    project.run(jobs=3)
    for name, each in seconds.items():
        recording = project.recording(name)
        recording = replace(recording, run=replace(recording.run, seconds=each))
        library.store.write(f"recipes/all/{name}.ipynb", to_text(recording))
    library.store.remove("recipes/all/c_new.ipynb")

    class Enough(Exception):  # noqa: N818 - the plan is all that is wanted
        pass

    plan: list[str] = []

    def report(event: Event) -> None:
        if isinstance(event, Planned):
            plan.extend(entry.recipe.path.stem for entry in event.entries)
            raise Enough

    with pytest.raises(Enough):
        project.run(anew=True, report=report)
    assert plan == ["d_afresh", "c_new", "b_long", "a_short"]
    assert entry.state == "missing"


def test_command_line_wins_over_the_recipe_s_time_limit(
    make_project: MakeProject,
) -> None:
    project = make_project({"one": f"# sphinx_gallery_time_limit = 3600\n{SLEEP}"})
    reason = project.run(time_limit=1)["one"].reason
    assert reason.startswith("took longer than 1 s, in the code block at line ")
    assert project.leaves_nothing()


def test_renamed_recipe_takes_its_recording_along(
    make_project: MakeProject,
) -> None:
    project = make_project({"old": "print(1)"})
    project.run()
    folder = project.site.root / "recipes" / "all"
    shutil.copy(folder / "old.py", folder / "new.py")
    (folder / "old.py").rename(folder / "twin.py")
    events: list[Event] = []
    results = project.run(report=events.append)
    assert {name: each.status for name, each in results.items()} == {
        "new": "renamed",
        "twin": "renamed",
    }
    assert not any(isinstance(event, Started) for event in events)
    names = project.library.store.names()
    assert names == ["recipes/all/new.ipynb", "recipes/all/twin.ipynb"]
    assert {entry.state for entry in project.library.entries()} == {"fresh"}


@pytest.mark.parametrize("changed", ["one", "helper"])
def test_recipe_that_changes_while_it_runs_is_not_recorded(
    make_project: MakeProject, tmp_path: Path, changed: str
) -> None:
    began, go_on = tmp_path / "began", tmp_path / "go_on"
    project = make_project(
        {
            "one": "import helper, pathlib, time\n"
            f"pathlib.Path({str(began)!r}).touch()\n"
            f"while not pathlib.Path({str(go_on)!r}).exists():\n    time.sleep(0.01)"
        }
    )
    project.site.write({"recipes/all/helper.py": recipe("a = 1")})

    def change() -> None:
        wait_for(began.exists)
        project.site.write({f"recipes/all/{changed}.py": recipe("a = 2")})
        go_on.touch()

    thread = threading.Thread(target=change)
    thread.start()
    library = project.library
    entries = [each for each in library.entries() if each.recipe.path.stem == "one"]
    (result,) = runner.run(library, entries)
    thread.join()
    assert "changed while it ran" in result.reason
    assert library.store.names() == []


def test_recipe_finds_its_project_and_links_to_nowhere_harm_nothing(
    make_project: MakeProject,
) -> None:
    project = make_project({"one": 'print(open("../../far.txt").read())'})
    project.site.write({"far.txt": "found"})
    for folder in ("", "recipes", "recipes/all"):
        (project.site.root / folder / "nowhere").symlink_to("is not there")
        (project.site.root / folder / "circle").symlink_to("circle")
    assert project.run()["one"].reason == ""
    recording = project.recording("one")
    assert printed(recording) == "found\n"
    assert [*recording.ingredients.files] == ["../../far.txt"]


def test_recipe_that_cannot_be_started_is_a_failure(
    make_project: MakeProject,
) -> None:
    project = make_project({"one": "print(1)"})
    project.site.write(
        {"docs/_build/recordings/logs": "a file, where a folder must be"}
    )
    result = project.run()["one"]
    assert result.status == "failed"
    assert "Not a directory" in result.reason or "File exists" in result.reason
    assert project.leaves_nothing()


def test_settings_that_cannot_be_meant_cost_good_recipes_nothing(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "good": "print(1)",
            "half": "# sphinx_gallery_threads = 0.5\n1",
            "threads": "# sphinx_gallery_threads = 1e999\n1",
            "time": "# sphinx_gallery_time_limit = 1e999\n1",
        }
    )
    reasons = {name: each.reason for name, each in project.run().items()}
    assert reasons == {
        "good": "",
        "half": "sphinx_gallery_threads must be a positive integer, not 0.5",
        "threads": "sphinx_gallery_threads must be a positive integer, not inf",
        "time": "sphinx_gallery_time_limit must be a number above 0, not inf",
    }


def test_another_run_that_begins_the_log_anew_costs_nothing(
    make_project: MakeProject,
) -> None:
    project = make_project({"one": "print(1)"})
    log = project.site.root / "docs/_build/recordings/logs/recipes/all/one.log"
    code = f"import os, time\nos.unlink({str(log)!r})\ntime.sleep(0.3)\nprint('last')"
    project.write({"one": f"{code}\n1 / 0"})
    result = project.run()["one"]
    assert result.reason == "ZeroDivisionError: division by zero"
    assert "last" in result.tail


def test_read_only_store_is_noticed_before_anything_runs(
    make_project: MakeProject, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    project = make_project({"one": f"open({str(ran)!r}, 'w').close()"})
    library = replace(project.library, store=Store("http://127.0.0.1:9/x"))
    entries = project.library.entries()
    with pytest.raises(ReadOnlyError, match=r"all/one\.ipynb: .* can only be read"):
        runner.run(library, entries)
    assert not ran.exists()
    (result,) = runner.run(library, entries, write=False)  # as verify does
    assert result.status == "ran"
    assert ran.exists()


def test_workspace_goes_with_what_is_read_only_in_it(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("kept")
    with workspace() as folder:
        inner = folder / "inner"
        inner.mkdir()
        (inner / "file").write_text("text")
        (inner / "link").symlink_to(kept)
        (folder / "linked").symlink_to(tmp_path)
        (inner / "file").chmod(0o400)
        inner.chmod(0o500)
    assert not folder.exists()
    assert kept.read_text() == "kept"


def test_next_workspace_removes_what_killed_runners_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, new = tmp_path / "recordings-left", tmp_path / "recordings-new"
    with workspace() as in_use:
        for folder in (left, new, tmp_path / "recordings-of-an-interview"):
            folder.mkdir()
            (folder / OWN).touch()
        foreign = tmp_path / "recordings-of-an-interview"
        (foreign / OWN).unlink()
        for folder in (left, in_use, foreign):
            os.utime(folder, (0, 0))
        with workspace() as other:
            assert sorted(tmp_path.iterdir()) == sorted([foreign, in_use, new, other])
    assert sorted(tmp_path.iterdir()) == [new, foreign]
