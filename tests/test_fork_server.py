"""The process that forks those of recipes: they begin as if started afresh."""

from __future__ import annotations

import multiprocessing
import multiprocessing.process
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from projects import (
    DAEMON,
    MARK,
    PATIENCE,
    SLEEP,
    MakeProject,
    Project,
    printed,
    record_one,
    wait_for,
)

from recordings.key import first_imports
from recordings.model import Block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is Linux's only")

AFRESH = "\n# sphinx_gallery_threads = 2"
"""Recipes that use several threads are started afresh."""
IS_FORKED = 'print("fork_server" in open("/proc/self/cmdline").read())'
ABOUT = """
import json, os, resource, signal, sys, tempfile, threading

own = {"RECORDINGS_TOKEN", "TMPDIR", "PWD", *(n for n in os.environ if "THREADS" in n)}
about = {
    "environment": sorted(each for each in os.environ.items() if each[0] not in own),
    "is forked": "fork_server" in open("/proc/self/cmdline").read(),
    "token is shown": os.environ["RECORDINGS_TOKEN"]
    in open("/proc/self/environ").read(),
    "temporary": tempfile.gettempdir() == os.environ["TMPDIR"]
    and os.path.isdir(tempfile.gettempdir()),
    "leads a session": os.getsid(0) == os.getpgid(0) == os.getpid(),
    "input": sys.stdin.read(),
    "output": os.fstat(1).st_ino == os.fstat(2).st_ino,
    "descriptors": len(os.listdir("/proc/self/fd")),
    "signals": [str(signal.getsignal(each)) for each in signal.valid_signals()],
    "blocked": str(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
    "limits": resource.getrlimit(resource.RLIMIT_NOFILE),
    "threads": [threading.active_count(), len(os.listdir("/proc/self/task"))],
    "flags": str(sys.flags),
    "path": sys.path,
    "arguments": [os.path.basename(each) for each in sys.argv],
}
for name, value in about.items():
    print(name, value)
"""
HEAVY = """
import os, tempfile
print("heavy says hello")
os.environ["CACHE"] = tempfile.gettempdir() + "/cache"
with open({log!r}, "a") as file:
    file.write(f"{{os.getpid()}}\\n")
"""
NO_ROOM_AT_FIRST = """
real_fork = os.fork
def fork():
    os.fork = real_fork
    raise BlockingIOError
if os.path.basename(sys.argv[0]) == "fork_server.py":
    os.fork = fork
"""


def package(
    project: Project, name: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Give the recipes of a project a module to import."""
    project.site.write({f"library/{name}.py": code})
    library = str(project.site.root / "library")
    monkeypatch.setenv("PYTHONPATH", library, prepend=os.pathsep)


def outputs(project: Project, names: Mapping[str, str]) -> dict[str, str]:
    results = project.run(jobs=1)
    assert {each.reason for each in results.values()} == {""}
    return {name: printed(project.recording(name)) for name in names}


def test_a_forked_process_begins_as_one_that_was_started_afresh(
    make_project: MakeProject,
) -> None:
    recipes = {"afresh": ABOUT + AFRESH, "forked": ABOUT}
    found = outputs(make_project(recipes), recipes)
    afresh = found["afresh"].replace("afresh.py", "forked.py")
    afresh = afresh.replace("is forked False", "is forked True")
    assert afresh.splitlines() == found["forked"].splitlines()
    for line in ("is forked", "token is shown", "temporary", "leads a session"):
        assert f"{line} True" in found["forked"].splitlines()


def test_processes_are_forked_from_one_that_has_imported_what_comes_first(
    make_project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    code = (
        "import heavy, os, tempfile\nprint(heavy.__name__)\n"
        "temporary = os.environ['TMPDIR']\n"
        "print(tempfile.gettempdir() == temporary)\n"
        f"print(os.environ['CACHE'] == temporary + '/cache')\n{IS_FORKED}"
    )
    recipes = {"one": code, "two": code, "three": code + AFRESH}
    project = make_project(recipes, recordings_preload=["heavy"])
    package(project, "heavy", HEAVY.format(log=str(log)), monkeypatch)
    assert outputs(project, recipes) == {
        "one": "heavy\nTrue\nTrue\nTrue\n",
        "two": "heavy\nTrue\nTrue\nTrue\n",
        "three": "heavy\nTrue\nTrue\nFalse\n",
    }
    processes = log.read_text().split()
    assert len({*processes}) == len(processes) == 2


def test_a_recipe_begins_with_nothing_that_it_does_not_import_first(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = {
        "afterwards": "import os\nos.environ['MODE'] = 'on'\nimport heavy\n"
        f"print(heavy.mode)\n{IS_FORKED}",
        "first": f"import os, heavy\nprint(heavy.mode)\n{IS_FORKED}",
        "without": f"import sys\nprint('heavy' in sys.modules)\n{IS_FORKED}",
    }
    project = make_project(recipes, recordings_preload=["heavy"])
    heavy = "import os\nmode = os.environ.get('MODE', 'off')"
    package(project, "heavy", heavy, monkeypatch)
    assert outputs(project, recipes) == {
        "afterwards": "on\nFalse\n",
        "first": "off\nTrue\n",
        "without": "False\nFalse\n",
    }


def test_a_module_that_cannot_be_imported_is_its_recipe_s_fault(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = {"bad": "import broken", "good": "print('on')"}
    project = make_project(recipes, recordings_preload=["broken"])
    package(project, "broken", "raise RuntimeError('no such driver')", monkeypatch)
    results = project.run()
    assert results["bad"].reason == "RuntimeError: no such driver"
    assert printed(project.recording("good")) == "on\n"


def test_what_is_not_seeded_differs(make_project: MakeProject) -> None:
    pytest.importorskip("numpy", reason="numpy is not installed")
    code = "import numpy.random\nprint(numpy.random.rand(), numpy.random.rand())"
    recipes = {"one": code, "two": code}
    project = make_project(recipes, recordings_preload=["numpy.random"])
    assert len({*outputs(project, recipes).values()}) == 2


def test_memory_is_that_of_a_process_that_was_started_afresh(
    make_project: MakeProject,
) -> None:
    recipes = {"afresh": f"pass{AFRESH}", "forked": "pass"}
    project = make_project(recipes)
    outputs(project, recipes)
    afresh, forked = (project.recording(name).run.peak_memory for name in recipes)
    assert afresh
    assert forked
    assert 0.9 * afresh < forked < 1.2 * afresh


def test_a_recipe_that_cannot_be_forked_is_started_afresh(
    make_project: MakeProject,
) -> None:
    recipes = {"one": IS_FORKED, "two": IS_FORKED}
    project = make_project(recipes)
    conf = project.site.root / "docs" / "conf.py"
    conf.write_text(f"{conf.read_text('utf-8')}\n{NO_ROOM_AT_FIRST}", "utf-8")
    assert outputs(project, recipes) == {"one": "False\n", "two": "True\n"}
    assert project.leaves_nothing()


def test_where_threads_run_nothing_is_forked(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = {"one": f"import threaded\n{IS_FORKED}"}
    project = make_project(recipes, recordings_preload=["threaded"])
    code = (
        "from threading import Thread, Event\n"
        "Thread(target=Event().wait, daemon=True).start()"
    )
    package(project, "threaded", code, monkeypatch)
    assert outputs(project, recipes) == {"one": "False\n"}
    assert project.leaves_nothing()


def test_a_server_that_does_not_answer_in_time_spoils_nothing(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must not begin the recipe a second time, in the folder of the first."""
    recipes = {"one": f"import heavy\n{IS_FORKED}\nheavy.wait()"}
    project = make_project(recipes, recordings_preload=["heavy"])
    heavy = (
        "import sys, time\n"
        "is_server = 'fork_server' in open('/proc/self/cmdline').read()\n"
        "time.sleep(4 if is_server else 0)\n"
        "def wait():\n    time.sleep(6)"
    )
    package(project, "heavy", heavy, monkeypatch)
    monkeypatch.setattr("recordings.running.fork_server.PATIENCE", 2)
    assert outputs(project, recipes) == {"one": "False\n"}
    assert project.leaves_nothing()


def test_recipes_go_on_where_one_kills_its_parent(make_project: MakeProject) -> None:
    kills = (
        "import os, pathlib, signal\n"
        "parent = pathlib.Path(f'/proc/{os.getppid()}/cmdline').read_text()\n"
        "assert 'fork_server' in parent\n"
        "os.kill(os.getppid(), signal.SIGKILL)\nprint('on')"
    )
    project = make_project({"a_kills": kills, "b_good": IS_FORKED})
    results = project.run(jobs=1)
    assert [each.reason for each in results.values()] == ["", ""]
    assert printed(project.recording("a_kills")) == "on\n"
    assert printed(project.recording("b_good")) == "False\n"
    assert project.leaves_nothing()


HAS_A_DAEMON = f"{DAEMON}\n{{began}}\n{SLEEP}"
KILLS_ITS_PARENT = f"""
import os, signal
if "fork_server" in open("/proc/self/cmdline").read():
    os.kill(os.getppid(), signal.SIGKILL)
{{began}}
{SLEEP}
"""


@dataclass
class Runner:
    """A runner in a process of its own, and what it began."""

    project: Project
    process: multiprocessing.process.BaseProcess

    def end_with(self, number: signal.Signals) -> None:
        """Send it a signal, and see that it ends and that no process is left."""
        assert self.process.pid
        os.kill(self.process.pid, number)
        self.process.join(PATIENCE)
        assert not self.process.is_alive()
        assert wait_for(lambda: not self.project.processes())


@pytest.fixture
def start_runner(
    make_project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Runner]]:
    began = tmp_path / "began"
    runners: list[Runner] = []

    def start(code: str, heavy: str = "") -> Runner:
        """Run a recipe until it, or a module that is imported before, says so."""
        words = f"open({str(began)!r}, 'w').close()"
        project = make_project(
            {"one": f"import heavy\n{code.format(began=words)}"},
            recordings_preload=["heavy"],
        )
        package(project, "heavy", heavy.format(began=words), monkeypatch)
        monkeypatch.delenv(MARK)  # else a helper of multiprocessing's would have it
        about = ("one", str(project.site.root / "docs"), project.mark)
        context = multiprocessing.get_context("spawn")
        process = context.Process(
            target=record_one, args=(*about, str(project.temporary))
        )
        process.start()
        runners.append(Runner(project, process))
        assert wait_for(began.exists)
        return runners[-1]

    yield start
    for runner in runners:
        runner.process.kill()
        for process in runner.project.processes():
            process.kill()


@pytest.mark.parametrize("code", [HAS_A_DAEMON, KILLS_ITS_PARENT])
@pytest.mark.parametrize("end", ["", AFRESH], ids=["forked", "afresh"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_runner_that_is_ended_leaves_nothing(
    start_runner: Callable[..., Runner], code: str, end: str, number: signal.Signals
) -> None:
    runner = start_runner(code + end)
    runner.end_with(number)
    assert wait_for(runner.project.leaves_nothing)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_runner_that_is_ended_while_modules_are_imported_leaves_nothing(
    start_runner: Callable[..., Runner], number: signal.Signals
) -> None:
    runner = start_runner("pass", heavy=f"{{began}}\n{SLEEP}")
    runner.end_with(number)
    if number != signal.SIGKILL:
        # Else the next runner removes the folder of the recipe that had not begun.
        assert wait_for(runner.project.leaves_nothing)


def test_modules_come_first() -> None:
    text = Block("text", "import copy", 1)

    def come_first(*code: str) -> bool:
        blocks = [text, *(Block("code", each, 2) for each in code)]
        return first_imports.come_first(blocks, ["heavy.part", "other"])

    assert come_first("import copy, heavy.part, other\nprint(1)")
    assert come_first("'text'\nimport heavy.part", "from other import a")
    assert come_first("from heavy import part", "import other.part")
    assert not come_first("import heavy.part")
    assert not come_first("import local, heavy.part, other")
    assert not come_first("from . import local", "import heavy.part, other")
    assert not come_first("a = 1", "import heavy.part, other")
    assert not come_first("def gradient(:", "import heavy.part, other")
