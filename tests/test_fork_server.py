"""The process that forks those of recipes: they begin as if started afresh."""

from __future__ import annotations

import multiprocessing
import sys
from typing import TYPE_CHECKING

import pytest
from projects import MARK, PATIENCE, MakeProject, Project, printed, record_one, wait_for

from recordings import imports
from recordings.key import Block

if TYPE_CHECKING:
    from collections.abc import Mapping
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
    "parent_of_modules": [os.path.basename(each) for each in sys.argv],
}
for name, value in about.items():
    print(name, value)
"""
HEAVY = """
import os, tempfile
print("heavy says hello")
tempfile.gettempdir()
with open({log!r}, "a") as file:
    file.write(f"{{os.getpid()}}\\n")
"""


def package(
    project: Project, name: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Install a package of one module, version 1.0, for the recipes of a project."""
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    info = f"library/{name}-1.0.dist-info"
    project.site.write(
        {
            f"library/{name}.py": code,
            f"{info}/METADATA": about,
            f"{info}/top_level.txt": f"{name}\n",
        }
    )
    monkeypatch.syspath_prepend(project.site.root / "library")
    library = str(project.site.root / "library")
    monkeypatch.setenv("PYTHONPATH", library, prepend=":")


def outputs(project: Project, names: Mapping[str, str]) -> dict[str, str]:
    results = project.run(jobs=1)
    assert {each.reason for each in results.values()} == {""}
    return {name: printed(project.recording(name)) for name in names}


def test_a_forked_process_begins_as_one_that_was_started_afresh(
    make_project: MakeProject,
) -> None:
    recipes = {"afresh": ABOUT + AFRESH, "forked": ABOUT}
    found = outputs(make_project(recipes), recipes)
    one = found["afresh"].replace("afresh.py", "forked.py").splitlines()
    assert one == found["forked"].splitlines()
    for line in ("token is shown True", "temporary True", "leads a session True"):
        assert line in one


def test_processes_are_forked_from_one_that_has_imported_pinned_packages(
    make_project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    code = (
        "import heavy, os, tempfile\nprint(heavy.__name__)\n"
        f"print(tempfile.gettempdir() == os.environ['TMPDIR'])\n{IS_FORKED}"
    )
    recipes = {"one": code, "two": code, "three": code + AFRESH}
    project = make_project(recipes, recordings_requirements=["heavy==1.0"])
    package(project, "heavy", HEAVY.format(log=str(log)), monkeypatch)
    assert outputs(project, recipes) == {
        "one": "heavy\nTrue\nTrue\n",
        "two": "heavy\nTrue\nTrue\n",
        "three": "heavy\nTrue\nFalse\n",
    }
    assert len({*log.read_text().split()}) == len(log.read_text().split()) == 2


def test_a_package_that_cannot_be_imported_is_its_recipes_fault(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = {"bad": "import broken", "good": IS_FORKED}
    project = make_project(recipes, recordings_requirements=["broken==1.0"])
    package(project, "broken", "raise RuntimeError('no such driver')", monkeypatch)
    results = project.run()
    assert results["bad"].reason == "RuntimeError: no such driver"
    assert printed(project.recording("good")) == "True\n"


def test_where_threads_run_nothing_is_forked(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = {"one": f"import threaded\n{IS_FORKED}"}
    project = make_project(recipes, recordings_requirements=["threaded==1.0"])
    code = (
        "from threading import Thread, Event\n"
        "Thread(target=Event().wait, daemon=True).start()"
    )
    package(project, "threaded", code, monkeypatch)
    assert outputs(project, recipes) == {"one": "False\n"}
    assert project.leaves_nothing()


def test_recipes_go_on_where_one_kills_its_parent(make_project: MakeProject) -> None:
    kills = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nprint('on')"
    project = make_project({"a_kills": kills, "b_good": IS_FORKED})
    results = project.run(jobs=1)
    assert [each.reason for each in results.values()] == ["", ""]
    assert printed(project.recording("a_kills")) == "on\n"
    assert printed(project.recording("b_good")) == "False\n"
    assert project.leaves_nothing()


@pytest.mark.parametrize("end", ["", AFRESH], ids=["forked", "afresh"])
def test_killed_runner_leaves_no_process(
    make_project: MakeProject,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    end: str,
) -> None:
    began = tmp_path / "began"
    sleeps = (
        "import os, pathlib, time\nif os.fork() == 0:\n    os.setsid()\n"
        "    if os.fork() == 0:\n        time.sleep(3600)\n    os._exit(0)\nos.wait()\n"
        f"pathlib.Path({str(began)!r}).touch()\ntime.sleep(3600)"
    )
    project = make_project({"one": sleeps + end})
    about = ("one", str(project.site.root / "docs"), project.mark)
    monkeypatch.delenv(MARK)  # else a helper of multiprocessing's would have it
    context = multiprocessing.get_context("spawn")
    runner = context.Process(target=record_one, args=(*about, str(project.temporary)))
    runner.start()
    assert wait_for(began.exists)
    assert len(project.processes()) > 1
    runner.kill()
    runner.join(PATIENCE)
    assert wait_for(lambda: not project.processes())
    assert wait_for(lambda: not [*project.temporary.iterdir()])


def test_modules_are_those_of_the_packages_at_the_top_level_of_code() -> None:
    code = (
        "import numpy as np, os\nimport sphinx.util\n"
        "from sphinx_gallery import gen_rst\n"
        "from . import sphinx\ndef lazy():\n    import sphinx.errors\n"
    )
    blocks = [Block("text", "import sphinx.addnodes", 1), Block("code", code, 2)]
    blocks.append(Block("code", "def gradient(:", 9))
    found = imports.modules(blocks, ["sphinx", "sphinx-gallery", "not-installed"])
    assert found == ("sphinx.util", "sphinx_gallery")
