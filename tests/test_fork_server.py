"""Recipes' processes begin alike, forked or afresh, and nothing outlives a runner."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import psutil
import pytest
from projects import (
    DAEMON,
    PATIENCE,
    SLEEP,
    MakeProject,
    Project,
    printed,
    wait_for,
)

from recordings.key import first_imports
from recordings.model import Block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is Linux's only")

AFRESH = "\n# sphinx_gallery_threads = 2"
"""Recipes that use several threads are started afresh."""
IS_FORKED = """
import os, pathlib
parent = pathlib.Path(f"/proc/{os.getppid()}/cmdline").read_text()
print("forkserver" in parent)
"""
ABOUT = """
import multiprocessing, os, resource, signal, sys, tempfile, threading

about = {
    "temporary": tempfile.gettempdir() == os.environ["TMPDIR"]
    and os.path.isdir(tempfile.gettempdir()),
    "leads a session": os.getsid(0) == os.getpgid(0) == os.getpid(),
    "environment": sorted(
        each for each in os.environ.items()
        if each[0] not in {"TMPDIR", "PWD"} and "THREADS" not in each[0]
    ),
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
    "process": multiprocessing.current_process().name,
    "parent": multiprocessing.parent_process(),
}
for name, value in about.items():
    print(name, value)
"""
# Each lives for a moment only, so that a look may miss all of them.
CHAIN = """
import os, time
if os.fork() == 0:
    os.setsid()
    end = time.time() + 3
    while time.time() < end:
        if os.fork():
            os._exit(0)
        time.sleep(0.002)
    os._exit(0)
"""
# Its first thread ends, so that it looks as if it had; another goes on.
HEADLESS = """
import ctypes, os, platform, threading, time
if os.fork() == 0:
    os.setsid()
    threading.Thread(target=time.sleep, args=(60,)).start()
    ctypes.CDLL(None).syscall({"x86_64": 60}.get(platform.machine(), 93), 0)
time.sleep(0.2)
"""
HEAVY = """
import os
with open({log!r}, "a") as file:
    file.write(f"{{os.getpid()}}\\n")
"""


FOUND = """
import sys
found = "iniconfig" in sys.modules, "pluggy" in sys.modules
import psutil
parents = [" ".join(it.cmdline()) for it in psutil.Process().parents()]
print(sum("forkserver" in it for it in parents), *found)
"""
"""How often it was forked: by a supervisor, by the server, by one with imports."""


def package(
    project: Project, name: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Give the recipes of a project a module to import."""
    project.site.write({f"library/{name}.py": code})
    library = str(project.site.root / "library")
    monkeypatch.setenv("PYTHONPATH", library, prepend=os.pathsep)


def outputs(project: Project, names: Iterable[str]) -> dict[str, str]:
    """Have a runner of its own run all recipes, one after the other."""
    assert project.start("--jobs", "1").wait(PATIENCE) == 0
    return {name: printed(project.recording(name)) for name in names}


def test_a_forked_process_begins_as_one_that_was_started_afresh(
    make_project: MakeProject,
) -> None:
    recipes = {"afresh": ABOUT + AFRESH + IS_FORKED, "forked": ABOUT + IS_FORKED}
    found = outputs(make_project(recipes), recipes)
    *afresh, is_not = found["afresh"].replace("afresh.py", "forked.py").splitlines()
    *forked, is_forked = found["forked"].splitlines()
    assert afresh == forked
    assert forked[:2] == ["temporary True", "leads a session True"]
    assert (is_forked, is_not) == ("True", "False")


def test_what_recipes_begin_with_is_imported_once(
    make_project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    code = f"import heavy\n{IS_FORKED}"
    recipes = {
        "one": code,
        "two": code,
        "three": code + AFRESH,
        "afterwards": f"print(1)\n{code}",
        "without": f"import sys\nprint('heavy' in sys.modules)\n{IS_FORKED}",
    }
    project = make_project(recipes, recordings_preload=["heavy"])
    package(project, "heavy", HEAVY.format(log=str(log)), monkeypatch)
    assert outputs(project, recipes) == {
        "one": "True\n",
        "two": "True\n",
        "three": "False\n",
        "afterwards": "1\nTrue\n",
        "without": "False\nTrue\n",
    }
    assert len(log.read_text().split()) == 3, (
        "for two at once, and for two by themselves"
    )


TWICE = """
import sys
from pathlib import Path

from recordings.library import open_library
from recordings.running import runner

if __name__ == "__main__":
    docs, module = map(Path, sys.argv[1:])
    for value in (1, 22):
        module.write_text(f"VALUE = {value}", "utf-8")
        library = open_library(docs)
        [result] = runner.run(library, library.entries(), anew=True)
        print(*(it.outputs[0]["text"].strip() for it in result.recording.blocks))
"""


def test_each_run_of_a_process_imports_a_module_as_it_is_then(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import heavy\nprint(heavy.VALUE)"
    project = make_project({"one": code}, recordings_preload=["heavy"])
    package(project, "heavy", "VALUE = 0", monkeypatch)
    root = project.site.root
    project.site.write({"twice.py": TWICE})
    ran = subprocess.run(
        [sys.executable, "twice.py", root / "docs", root / "library" / "heavy.py"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout == "1\n22\n"


def test_a_module_that_cannot_be_imported_is_its_recipe_s_fault(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = {"bad": "import broken", "good": "print('on')"}
    project = make_project(recipes, recordings_preload=["broken"])
    package(project, "broken", "raise RuntimeError('no such driver')", monkeypatch)
    assert project.start().wait(PATIENCE) == 1
    log = project.site.root / "docs/_build/recordings/logs/recipes/all/bad.log"
    assert log.read_text("utf-8").endswith("RuntimeError: no such driver\n")
    assert printed(project.recording("good")) == "on\n"


def test_where_threads_run_nothing_is_forked(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = "import threading\nprint(threading.active_count())"
    recipes = {"one": f"import threaded\n{count}"}
    project = make_project(recipes, recordings_preload=["threaded"])
    code = (
        "from threading import Thread, Event\n"
        "Thread(target=Event().wait, daemon=True).start()"
    )
    package(project, "threaded", code, monkeypatch)
    assert outputs(project, recipes) == {"one": "2\n"}, "a fork would have lost one"
    assert wait_for(project.leaves_nothing), "its server ends as it notices the end"


def test_what_is_not_seeded_differs_and_memory_is_the_same(
    make_project: MakeProject,
) -> None:
    pytest.importorskip("numpy", reason="numpy is not installed")
    code = "import numpy.random\nprint(numpy.random.rand(), numpy.random.rand())"
    recipes = {"one": code, "two": code, "afresh": code + AFRESH}
    project = make_project(recipes, recordings_preload=["numpy.random"])
    assert len({*outputs(project, recipes).values()}) == 3
    one, _, afresh = (project.recording(name).run.peak_memory for name in recipes)
    assert one
    assert afresh
    assert 0.9 * afresh < one < 1.2 * afresh


# Ends before the end ----------------------------------------------------------

BEGAN = """
import pathlib
pathlib.Path({began!r}).touch()
"""


def lineage(process: psutil.Process) -> list[psutil.Process]:
    """Name a runner, its fork server, a supervisor, a recipe: each child by parent."""
    found = [process]
    while children := [
        child
        for child in found[-1].children()
        if "resource_tracker" not in " ".join(child.cmdline())
    ]:
        found.append(children[0])
    return found


@pytest.fixture
def start_runner(
    make_project: MakeProject, tmp_path: Path
) -> Iterator[Callable[[str], tuple[Project, subprocess.Popen[bytes]]]]:
    began = tmp_path / "began"
    projects: list[Project] = []

    def start(code: str) -> tuple[Project, subprocess.Popen[bytes]]:
        """Run a recipe with a daemon, until it says that it began."""
        beginning = DAEMON + BEGAN.format(began=str(began))
        project = make_project({"one": f"{beginning}\n{SLEEP}{code}"})
        projects.append(project)
        runner = project.start("--jobs", "1")
        assert wait_for(began.exists)
        return project, runner

    yield start
    for project in projects:
        for process in project.processes():
            process.kill()


ENDINGS = [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("end", ["", AFRESH], ids=["forked", "afresh"])
@pytest.mark.parametrize("number", ENDINGS, ids=lambda it: it.name)
def test_a_runner_that_is_ended_leaves_nothing(
    start_runner: Callable[..., tuple[Project, subprocess.Popen[bytes]]],
    end: str,
    number: signal.Signals,
) -> None:
    project, runner = start_runner(end)
    runner.send_signal(number)
    runner.wait(PATIENCE)
    assert wait_for(project.leaves_nothing)


@pytest.mark.parametrize("killed", ["server", "supervisor", "recipe"])
def test_what_is_killed_costs_one_recipe_at_most(
    start_runner: Callable[..., tuple[Project, subprocess.Popen[bytes]]], killed: str
) -> None:
    project, runner = start_runner("")
    project.write({"two": "print('on')"})
    _, server, supervisor, recipe = lineage(psutil.Process(runner.pid))
    {"server": server, "supervisor": supervisor, "recipe": recipe}[killed].kill()
    if killed == "server":
        assert recipe.is_running(), "it has a supervisor still"
        recipe.kill()
    assert runner.wait(PATIENCE) == 1, "it says that a recipe failed"
    assert wait_for(project.leaves_nothing)
    assert project.start("two").wait(PATIENCE) == 0


def test_recipes_go_on_where_one_kills_the_fork_server(
    make_project: MakeProject,
) -> None:
    # Afresh: then no supervisor is there that was forked, and would go on with it.
    kills = f"""
import os, psutil
for each in psutil.Process(os.getppid()).parent().children():
    if "forkserver" in " ".join(each.cmdline()):
        each.kill()
        print("on"){AFRESH}
"""
    recipes = {"a_kills": kills, "b_good": IS_FORKED}
    assert outputs(make_project(recipes), recipes) == {
        "a_kills": "on\n",
        "b_good": "False\n",
    }


def test_a_supervisor_goes_on_with_the_next_recipe(make_project: MakeProject) -> None:
    leaves = "import os\nif os.fork() == 0:\n    os.setsid()\n    os._exit(0)"
    about = """
import os, psutil
own = psutil.Process()
print(own.ppid(), own.parent().children() == [own])
"""
    project = make_project({"a_leaves": f"{leaves}\nprint(os.getppid())", "b": about})
    found = outputs(project, ["a_leaves", "b"])
    assert found["b"] == f"{found['a_leaves'].strip()} True\n"


@pytest.mark.parametrize("ending", ["os.kill(os.getpid(), 9)", "raise SystemExit(3)"])
def test_a_supervisor_is_none_the_worse_for_a_recipe_that_fails(
    make_project: MakeProject, ending: str
) -> None:
    project = make_project({"a_bad": f"import os\n{ending}", "b": IS_FORKED})
    assert project.start("--jobs", "1").wait(PATIENCE) == 1
    assert printed(project.recording("b")) == "True\n"


@pytest.mark.parametrize("leaves", [CHAIN, HEADLESS])
def test_nothing_of_a_recipe_is_left_beside_the_next(
    make_project: MakeProject, leaves: str
) -> None:
    about = """
import psutil, time
own, found, end = psutil.Process(), set(), time.time() + 0.5
while time.time() < end:
    found |= {*own.parent().children()} - {own}
print(len(found))
"""
    project = make_project({"a_leaves": f"{leaves}print(1)", "b": about})
    assert outputs(project, ["a_leaves", "b"])["b"] == "0\n"
    assert wait_for(project.leaves_nothing)


def test_a_supervisor_that_is_killed_as_it_waits_costs_no_recipe(
    make_project: MakeProject, tmp_path: Path
) -> None:
    told = str(tmp_path / "supervisor")
    first = f"import iniconfig, os\nopen({told!r}, 'w').write(str(os.getppid()))"
    kills = f"import os\nos.kill(int(open({told!r}).read()), 9)"
    last = "import iniconfig\nprint('on')"
    recipes = {"a": first, "b_kills": kills, "c": last}
    # One after the other, while a second may run: so the first's supervisor is kept.
    project = make_project(recipes, recordings_shared_folders=["../recipes/all"])
    assert project.start("--jobs", "2").wait(PATIENCE) == 0
    assert printed(project.recording("c")) == "on\n"
    assert not psutil.pid_exists(int(Path(told).read_text("utf-8")))


PART = """
import email.charset
sys.modules["email.charset"] = email.charset = instead
"""
WRAPPED = """
import sys

class Wrapper:
    def __init__(self, of): self.of = of
    def __getattr__(self, name): return getattr(self.of, name)

V = 1
sys.modules[__name__] = Wrapper(sys.modules[__name__])
"""


@pytest.mark.parametrize(
    ("recipe", "conf", "code"),
    [
        # Those that are imported for all recipes, and of no use to a recipe's process.
        ("import optparse as it", "sys.modules['optparse'] = instead", "V = 1\n"),
        (
            "from email import charset as it",
            PART,
            "V = 1\n",
        ),
        ("import instead as it", "", WRAPPED),
    ],
)
def test_what_conf_py_puts_in_place_of_a_module_counts(
    make_project: MakeProject,
    monkeypatch: pytest.MonkeyPatch,
    recipe: str,
    conf: str,
    code: str,
) -> None:
    project = make_project({"one": f"{recipe}\nprint(it.V)"})
    package(project, "instead", code, monkeypatch)
    file = project.site.root / "docs" / "conf.py"
    text = f"import sys, instead\n{conf}\n{file.read_text('utf-8')}"
    file.write_text(text, "utf-8")
    assert project.start().wait(PATIENCE) == 0
    # Not as this process's library has it, which would run `conf.py` here.
    recording = project.site.root / "docs/recordings/recipes/all/one.ipynb"
    about = json.loads(recording.read_text("utf-8"))["metadata"]["recording"]
    assert [*about["ingredients"]["files"]] == ["../../library/instead.py"]


def test_what_is_imported_beforehand_does_what_it_would(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import heavy, gc\nprint(gc.isenabled())\nheavy.late.x\n"
    project = make_project({"one": code, "two": code}, recordings_preload=["heavy"])
    package(project, "late", "print('loaded')\nx = 1\n", monkeypatch)
    heavy = """
import gc, importlib.util, sys
gc.disable()
spec = importlib.util.find_spec("late")
spec.loader = importlib.util.LazyLoader(spec.loader)
late = sys.modules["late"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(late)
"""
    package(project, "heavy", heavy, monkeypatch)
    expected = "False\nloaded\n"
    assert outputs(project, ["one", "two"]) == {"one": expected, "two": expected}


def test_where_nothing_is_run_nothing_is_left(make_project: MakeProject) -> None:
    project = make_project({"one": "1"})
    project.run()
    assert project.start().wait(PATIENCE) == 0
    assert not project.processes(), "at once, not when its imports are made"
    assert project.leaves_nothing()


def test_a_killed_runner_leaves_whole_recordings(make_project: MakeProject) -> None:
    lines, rounds = 1000, 6
    code = f"import uuid\nprint((uuid.uuid4().hex * 10 + chr(10)) * {lines}, end='')"
    project = make_project({"one": code})
    project.run()
    random = Random()  # noqa: S311
    for number in range(rounds):
        runner = project.start("--all")
        assert wait_for(psutil.Process(runner.pid).children)
        time.sleep(random.uniform(0, 0.2) * (number + 1))
        runner.kill()
        runner.wait(PATIENCE)
        text = printed(project.recording("one"))
        assert len(text.splitlines()) == lines
        assert len({*text.splitlines()}) == 1
    assert wait_for(lambda: not project.processes())


def test_recipes_that_begin_alike_share_their_imports(
    make_project: MakeProject,
) -> None:
    # Installed, small, and of no use to the engine.
    recipes = {
        "one": f"import json, iniconfig\n{FOUND}",
        "two": f"import iniconfig\n{FOUND}",
        "more": f"import iniconfig\nimport pluggy\n{FOUND}",
        "other": f"import pluggy\n{FOUND}",
        "late": f"x = 1\nimport iniconfig\n{FOUND}",
    }
    project = make_project(recipes)
    expected = {
        "one": "3 True False\n",
        "two": "3 True False\n",
        "more": "3 True True\n",
        "other": "2 False True\n",
        "late": "2 True False\n",
    }
    assert outputs(project, recipes) == expected
    assert wait_for(project.leaves_nothing)


@pytest.mark.parametrize(
    "conf", ["import os\nos.environ['INI'] = '1'\n", "import warnings\n"]
)
def test_nothing_is_imported_before_what_may_change_it(
    make_project: MakeProject, conf: str
) -> None:
    recipes = dict.fromkeys(["one", "two"], f"import iniconfig\n{FOUND}")
    project = make_project(recipes)
    file = project.site.root / "docs" / "conf.py"
    file.write_text(conf + file.read_text("utf-8"), "utf-8")
    assert outputs(project, recipes) == dict.fromkeys(recipes, "2 True False\n")


def test_what_would_show_an_import_leaves_it_to_the_recipe(tmp_path: Path) -> None:
    unseen = {
        "nothing": "import math, sys",
        "email:charset": "",
        "handles": "import logging\nhandler = logging.StreamHandler()",
        "os:path": "",
        "hidden": "import warnings\nwarnings.warn('old', DeprecationWarning)",
    }
    seen = {
        "warns": "import warnings\nwarnings.warn('careful')",
        "logs": "import logging\nlogging.getLogger('a').warning('careful')",
        "prints": "print('hello')",
        "writes": "import os\nos.write(2, b'hello')",
        "keeps": "import sys\nstream = sys.stderr",
        "leaves": "raise SystemExit",
        "looks": "import tempfile\nplace = tempfile.gettempdir()",
        "misses": "import no_such_module",
        "os:no_such_part": "",
    }
    if find_spec("matplotlib"):
        seen["draws"] = "import matplotlib\nmatplotlib.rcParams['lines.linewidth'] = 7"
    for name, code in (unseen | seen).items():
        if ":" in name:  # that is what `from` takes
            continue
        (tmp_path / f"{name}.py").write_text(code, "utf-8")
    code = (
        "import sys\n"
        "from recordings.running import branches, preloaded\n"
        "for each in sys.argv[1:]:\n"
        "    print(each, branches._imported_unseen((each,)))\n"
        "import handles, io, logging\n"
        "sys.stderr = io.StringIO()\n"
        "handles.handler.handle(logging.makeLogRecord({'msg': 'later'}))\n"
        "print('wrote', sys.stderr.getvalue().strip())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *unseen, *seen],
        env={**os.environ, "RECORDINGS_PRELOAD": "matplotlib.pyplot"},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    found = dict(map(str.split, ran.stdout.splitlines()))
    expected = {
        **dict.fromkeys(unseen, "True"),
        **dict.fromkeys(seen, "False"),
        "wrote": "later",
    }
    assert (found, ran.stderr) == (expected, "")


def test_the_longest_beginning_that_another_has_is_shared() -> None:
    shared = first_imports.shared(
        {"a": ("x", "y"), "b": ("x", "y"), "c": ("x",), "d": ("y", "x"), "e": ()}
    )
    assert shared == {"a": ("x", "y"), "b": ("x", "y"), "c": ("x",)}
    many = {f"{n}{m}": (str(n),) for n in range(first_imports.MOST + 1) for m in "ab"}
    assert len({*first_imports.shared(many).values()}) == first_imports.MOST


def test_a_beginning_ends_where_anything_else_is_imported() -> None:
    def beginning(code: str) -> tuple[str, ...]:
        blocks = [Block("code", code, 1)]
        return first_imports.beginning(blocks, {"heavy", "light"}, {"numpy"})

    assert beginning("import os, numpy.linalg, heavy") == ("heavy",)
    taken = ("heavy.a", "heavy.a:b", "light")
    assert beginning("from heavy.a import b\nimport light") == taken
    assert beginning("from heavy import b, local") == (
        "heavy",
        "heavy:b",
        "heavy:local",
    )
    assert beginning("import heavy, local, light") == ("heavy",)
    assert beginning("import heavy\nheavy.set()\nimport light") == ("heavy",)


def test_modules_come_first() -> None:
    text = Block("text", "import copy", 1)

    def come_first(*code: str) -> bool:
        blocks = [text, *(Block("code", each, 2) for each in code)]
        return first_imports.come_first(blocks, ["heavy.part", "other"])

    assert come_first("import copy, heavy.part, other\nprint(1)")
    assert come_first("'text'\nimport heavy.part", "from other import a")
    assert come_first("from heavy import part", "import other.part")
    assert not come_first("import heavy.part")
    known = [Block("code", "import numpy, heavy, other", 1)]
    assert first_imports.come_first(known, ["heavy", "other", "numpy.fft"], {"numpy"})
    assert not first_imports.come_first(known, ["heavy", "other"])
    assert not come_first("import local, heavy.part, other")
    assert not come_first("from . import local", "import heavy.part, other")
    assert not come_first("a = 1", "import heavy.part, other")
    assert not come_first("def gradient(:", "import heavy.part, other")


def test_assertions_count_however_the_runner_was_started(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import sys\nprint(sys.flags.optimize, sys.warnoptions, __debug__)"
    project = make_project({f"r{number}": code for number in range(4)})
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    assert project.start().wait(PATIENCE) == 0
    for number in range(4):
        assert printed(project.recording(f"r{number}")) == "0 [] True\n"
