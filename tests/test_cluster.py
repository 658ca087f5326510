"""Recipes run on a real scheduler's workers, some of which die or lack something."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import psutil
import pytest
from clusters import ENGINE, QUICK, Cluster
from projects import PATIENCE, SLEEP, MakeProject, Project, printed, recipe, wait_for

from recordings.machine import git
from recordings.running import runner
from recordings.running.cluster import executor
from recordings.running.cluster import scheduler as scheduler_module
from recordings.running.cluster.crew import SILENT, Crew
from recordings.running.cluster.scheduler import NoScheduler, Scheduler
from recordings.running.events import Event, Started

pytest.importorskip("distributed", reason="dask.distributed is not installed")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forked import Build

    from recordings.running.cluster.workers import Worker
    from recordings.running.job import Ending, Job

GPU = '# sphinx_gallery_needs = ["gpu"]\n'
WITH_GPU = ("--resources", "GPU=1")
WHERE = "import os\nprint(os.environ['WORKER'])\n"
DIE = """
import os, pathlib, time
if not pathlib.Path(r"{mark}").exists():
    pathlib.Path(r"{mark}").touch()
    os.kill({pid}, {signal})
    time.sleep(40)
print("alive")
"""
"""Sends a signal once; if the mark can't be made, each time."""
WORKER = "__import__('psutil').Process().parents()[1].pid"


def die(mark: Path, pid: object = WORKER, signal: int = signal.SIGKILL) -> str:
    return DIE.format(mark=mark / "mark", pid=pid, signal=int(signal))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    started = Cluster.start(tmp_path_factory.mktemp("cluster"))
    yield started
    started.end()


def record(project: Project, cluster: Cluster, *options: str) -> Build:
    to = ("run", "--scheduler", cluster.address)
    return project.site.run("recordings", *to, *options)


def git_commit(folder: Path) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@b")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "All")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return git.git(folder, "rev-parse", "HEAD").decode().strip()


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def files(project: Project) -> list[str]:
    found = [name.rpartition("/")[2] for name in project.library.store.names()]
    return [name.removesuffix(".ipynb") for name in found]


def test_workers_that_share_no_files_record_all(
    make_project: MakeProject, cluster: Cluster
) -> None:
    data = "from pathlib import Path\nprint(Path('data/points.csv').read_text())"
    there = "import helper, os\nassert os.environ['WORKER'] in helper.__file__\n"
    needs = '# sphinx_gallery_needs = ["Numbers"]\n'
    local = f"{needs}{there}print(helper.VALUE)\n{data}"
    project = make_project(
        {"a_gpu": GPU + WHERE, "b_gpu": GPU + WHERE, "local": local},
        sphinx_gallery_conf={"ignore_pattern": "helper"},
        recordings_shared_folders=["../recipes/turns"],
        recordings_data={"Numbers": "aa"},
    )
    # A folder is a link, to begin with; and what git ignores is on no worker.
    write = "import pathlib\nown = pathlib.Path('made')\nown.unlink()\nown.mkdir()\n"
    write += "(own / 'made.txt').write_text('by the first')"
    read = "print(open('made/made.txt').read())"
    project.site.write(
        {
            "recipes/all/helper.py": "VALUE = 'it came along'\n",
            "recipes/all/data/points.csv": "1, 2",
            ".gitignore": "data/\n_build/\n/docs/recordings/\n",
            "recipes/turns/GALLERY_HEADER.rst": "Turns\n=====\n",
            "recipes/turns/a_first.py": recipe(write),
            "recipes/turns/b_then.py": recipe(read),
            "recipes/turns/made/by_hand.txt": "",
        }
    )
    commit = git_commit(project.site.root)
    cluster.have(one=(), two=(), three=WITH_GPU)
    done = record(project, cluster)
    assert done.status == 0, done.stdout + done.stderr
    for name in ("a_gpu", "b_gpu"):
        assert printed(project.recording(name)).split() == ["three"]
    assert printed(project.recording("local")) == "it came along\n1, 2\n"
    assert project.recording("local").run.commit == commit
    assert "data/points.csv" not in project.recording("local").ingredients.files
    # The keys are those that the recipes have here.
    assert {each.state for each in project.library.entries()} == {"fresh"}
    log = project.site.root / "docs/_build/recordings/logs/recipes/all/local.log"
    assert log.read_text() == "it came along\n1, 2\n"
    assert not cluster.left()


def test_recipe_of_a_worker_that_dies_runs_elsewhere(
    make_project: MakeProject, cluster: Cluster, tmp_path: Path
) -> None:
    project = make_project({"die": die(tmp_path), "one": "1", "three": "3", "two": "2"})
    cluster.have(one=(), two=(), three=WITH_GPU)
    done = record(project, cluster)
    assert done.status == 0, done.stdout + done.stderr
    assert files(project) == ["die", "one", "three", "two"]
    assert done.stdout.count("\nrecorded ") == 4
    assert printed(project.recording("die")) == "alive\n"
    assert wait_for(lambda: not cluster.left()), "what the worker ran is removed, too"


def test_recipe_that_kills_each_worker_fails_and_no_other(
    make_project: MakeProject, cluster: Cluster, tmp_path: Path
) -> None:
    always = die(tmp_path).replace(".touch()", ".parent")
    project = make_project({"die": always, "one": "1", "two": "2"})
    cluster.have(one=(), two=("--nthreads", "2"), three=WITH_GPU)
    done = record(project, cluster)
    assert done.status == 1
    assert "FAILED recipes/all/die.py: 3 workers died while they ran it" in done.stdout
    assert files(project) == ["one", "two"]
    assert wait_for(lambda: not cluster.left())


def test_without_a_gpu_only_the_recipe_that_needs_one_fails(
    make_project: MakeProject, cluster: Cluster
) -> None:
    project = make_project({"bad": "1 / 0", "needs": GPU + WHERE, "other": WHERE})
    cluster.have(one=())
    done = record(project, cluster)
    assert done.status == 1
    assert (
        "FAILED recipes/all/needs.py: it needs a GPU, and no worker of the scheduler "
        f"offers one; start one with: dask worker {cluster.address} --resources GPU=1"
    ) in done.stdout
    assert "FAILED recipes/all/bad.py: ZeroDivisionError: division by" in done.stdout
    assert files(project) == ["other"]


def test_gpu_worker_that_dies_is_waited_for_and_not_for_ever(
    make_project: MakeProject, cluster: Cluster, tmp_path: Path
) -> None:
    project = make_project({"die": GPU + die(tmp_path), "other": WHERE})
    cluster.have(one=(), three=WITH_GPU)
    done = record(project, cluster, "--wait", "1")
    assert done.status == 1
    assert (
        "FAILED recipes/all/die.py: it needs a GPU, and no worker of the scheduler "
        "offers one any more, for 1 s; start one with: dask worker"
    ) in done.stdout
    assert files(project) == ["other"]


def older_packaging(folder: Path) -> str:
    """Give the Python path of a worker that has another version of a package."""
    (folder / "packaging-0.1.dist-info").mkdir()
    about = "Metadata-Version: 2.1\nName: packaging\nVersion: 0.1\n"
    (folder / "packaging-0.1.dist-info/METADATA").write_text(about)
    return f"{folder}{os.pathsep}{ENGINE}"


def test_workers_that_lack_something_are_told_before_anything_runs(
    make_project: MakeProject, cluster: Cluster, tmp_path: Path
) -> None:
    older, version = older_packaging(tmp_path), metadata.version("packaging")
    without = tmp_path / "without"
    without.mkdir()
    (without / "sitecustomize.py").write_text(
        "import os, sys\nsys.path[:] = [each for each in sys.path "
        "if not os.path.isdir(os.path.join(each, 'recordings'))]\n"
    )
    project = make_project(
        {"one": "1"}, recordings_requirements=[f"packaging=={version}"]
    )
    cluster.have(one=())
    cluster.add("older", PYTHONPATH=older)
    # Where both are in one folder, there is no worker without `recordings`.
    can_lack = not (Path(ENGINE) / "distributed").is_dir()
    if can_lack:
        cluster.add("bare", PYTHONPATH=str(without))
    cluster.have(one=(), older=(), **({"bare": ()} if can_lack else {}))
    done = record(project, cluster)
    assert done.status == 1
    head, columns, *rows, hint = done.stderr.splitlines()
    assert head == "recordings: workers have not what recipes need:"
    assert columns.split() == ["worker", "package", "there", "needed"]
    found = {tuple(row.split()[1:]) for row in rows}
    assert ("packaging", "0.1", version) in found
    if can_lack:
        assert ("recordings", "not", "installed") in {row[:3] for row in found}
        assert "pip install 'sphinx-gallery-recordings[dask]'" in hint
    assert hint.endswith("; nothing was run")
    assert files(project) == []


Look = Callable[[Callable[[Crew], object]], Crew]


@contextmanager
def looking(cluster: Cluster) -> Iterator[Look]:
    """Give what looks at the workers until the crew is as it has to be."""
    answers: SimpleQueue[Callable[[], None]] = SimpleQueue()
    with Scheduler.connected(cluster.address, 1) as scheduler:
        crew = Crew(scheduler, answers.put)
        crew.first({"packaging": metadata.version("packaging")})

        def look(condition: Callable[[Crew], object]) -> Crew:
            def is_so() -> object:
                crew.look()
                while not answers.empty():
                    answers.get()()
                return condition(crew)

            assert wait_for(is_so)
            return crew

        yield look


def test_worker_that_comes_again_at_its_address_is_asked_again(
    cluster: Cluster, tmp_path: Path
) -> None:
    older, port = older_packaging(tmp_path), free_port()
    cluster.have(again=("--worker-port", port))
    with looking(cluster) as look:
        crew = look(lambda crew: crew.admitted)
        [address] = crew.admitted
        for path, is_good in ((older, False), (ENGINE, True)):
            cluster.kill("again")
            look(lambda crew: not crew.there)
            assert not crew.admitted
            cluster.add("again", "--worker-port", port, PYTHONPATH=path)
            look(lambda crew: crew.admitted or crew.fault not in {"", SILENT})
            assert [*crew.there] == [address]
            assert [*crew.admitted] == ([address] if is_good else [])
            assert bool(crew.hopes(())) == is_good
            assert ("packaging" in crew.fault) != is_good


def test_worker_that_hangs_is_not_waited_for(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler_module, "LEAST_ANSWER", 1)
    cluster.have(one=(), two=())
    two = cluster.workers["two"]
    two.send_signal(signal.SIGSTOP)
    try:
        with looking(cluster) as look:
            crew = look(lambda crew: len(crew.admitted) == 1 and crew.fault)
            assert (len(crew.there), len(crew.hopes(()))) == (2, 1)
            assert crew.fault == SILENT
            two.send_signal(signal.SIGCONT)
            look(lambda crew: len(crew.admitted) == 2)
            assert not crew.fault
    finally:
        two.send_signal(signal.SIGCONT)


class Slow(Scheduler):
    """A scheduler whose first result is long in coming, and can't be read then."""

    def __init__(self, client: object, address: str, patience: float) -> None:
        """Begin as any other."""
        super().__init__(client, address, patience)
        self.begun: list[str] = []
        self.is_first = True

    def start(self, job: Job, worker: Worker, *, with_gpu: bool) -> object:
        """Note what begins."""
        self.begun.append(job.page)
        return super().start(job, worker, with_gpu=with_gpu)

    def result(self, future: object) -> Ending:
        """Wait until all recipes have begun, once."""
        ending = super().result(future)
        if self.is_first:
            self.is_first = False
            assert wait_for(lambda: len(self.begun) == 4), "the others go on meanwhile"
            raise pickle.UnpicklingError("odd")
        return ending


def test_result_that_does_not_come_keeps_no_other_recipe_waiting(
    make_project: MakeProject, cluster: Cluster
) -> None:
    project = make_project(dict.fromkeys(("a", "b", "c", "d"), "1"))
    cluster.have(one=(), two=())
    with Slow.connected(cluster.address) as scheduler:
        results = project.run(executor=executor.Cluster(scheduler))
    said = [each.reason for each in results.values() if each.status == "failed"]
    assert said == ["it could not be run: UnpicklingError: odd"]
    assert len(files(project)) == 3


def test_interrupted_run_ends_recipes_on_workers(
    make_project: MakeProject, cluster: Cluster
) -> None:
    project = make_project({"sleeper": SLEEP})
    cluster.have(one=())
    worker = psutil.Process(cluster.workers["one"].pid)

    def interrupt(event: Event) -> None:
        if isinstance(event, Started):
            assert wait_for(lambda: len(worker.children(recursive=True)) > 1)
            raise KeyboardInterrupt

    with Scheduler.connected(cluster.address) as scheduler:
        workers = executor.Cluster(scheduler)
        library = project.library
        with pytest.raises(KeyboardInterrupt):
            runner.run(library, library.entries(), executor=workers, report=interrupt)
    assert wait_for(lambda: not worker.children(recursive=True))
    assert wait_for(lambda: not cluster.left())


def test_without_a_worker_it_ends(make_project: MakeProject, cluster: Cluster) -> None:
    project = make_project({"one": "1"})
    cluster.have()
    done = record(project, cluster, "--wait", "1")
    assert done.status == 1
    assert done.stderr == (
        f"recordings: no worker came to the scheduler at {cluster.address} within 1 s; "
        f"start one with: dask worker {cluster.address}; what was finished is kept\n"
    )


def test_when_the_last_worker_dies_it_ends(
    make_project: MakeProject, cluster: Cluster, tmp_path: Path
) -> None:
    project = make_project({"a_first": "1", "die": die(tmp_path), "z_last": "1"})
    cluster.have(one=())
    done = record(project, cluster, "--wait", "1")
    assert done.status == 1
    assert done.stderr == (
        f"recordings: the scheduler at {cluster.address} has had no worker for 1 s; "
        f"start one with: dask worker {cluster.address}; what was finished is kept\n"
    )
    assert files(project) == ["a_first"]


def test_when_the_scheduler_hangs_it_ends(
    make_project: MakeProject, cluster: Cluster, tmp_path: Path
) -> None:
    hang = die(tmp_path, cluster.scheduler.pid, signal.SIGSTOP)
    project = make_project({"a_first": "1", "die": hang, "z_last": "1"})
    cluster.have(one=())
    done = record(project, cluster, "--wait", "1")
    cluster.scheduler.send_signal(signal.SIGCONT)
    assert done.status == 1
    assert done.stderr == (
        f"recordings: the scheduler at {cluster.address} does not answer; "
        "what was finished is kept\n"
    )
    assert files(project) == ["a_first"]


def test_when_the_scheduler_dies_it_ends(
    make_project: MakeProject, cluster: Cluster, tmp_path: Path
) -> None:
    kill = die(tmp_path, cluster.scheduler.pid)
    project = make_project({"a_first": "1", "die": kill, "z_last": "1"})
    cluster.have(one=())
    done = record(project, cluster)
    assert done.status == 1
    assert done.stderr == (
        f"recordings: the scheduler at {cluster.address} has gone; "
        "what was finished is kept\n"
    )
    assert files(project) == ["a_first"]
    assert wait_for(lambda: not cluster.left())


PAGE = Path(__file__).parents[1] / "docs/contributing/run_on_a_cluster.md"
TOGETHER = """
import os, pathlib, time
gpu, marks = os.environ["CUDA_VISIBLE_DEVICES"], pathlib.Path(r"{marks}")
(marks / gpu).touch()
while len([*marks.iterdir()]) < 4:
    time.sleep(0.05)
print(gpu)
"""
"""Ends when four devices are in use."""


def test_the_page_has_four_devices_used_side_by_side(
    make_project: MakeProject, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    names = ["a", "b", "c", "d"]
    project = make_project(dict.fromkeys(names, GPU + TOGETHER.format(marks=marks)))
    port = free_port()
    _, _, section = PAGE.read_text("utf-8").partition("## One machine")
    words = section.partition("```bash\n")[2].partition("```")[0]
    own = {"8786": port, "nox -s record --": "python -m recordings run"}
    # What watches over workers takes time to start, and none dies here.
    for old, new in {**own, "dask worker": "dask worker --no-nanny"}.items():
        assert old in words
        words = words.replace(old, new)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", words],
        cwd=project.site.root,
        env={**os.environ, **QUICK, "PATH": path, "TMPDIR": str(project.temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
        timeout=3 * PATIENCE,
    )
    assert done.stdout.count("\nrecorded ") == 4
    devices = [printed(project.recording(name)).strip() for name in names]
    assert sorted(devices) == ["0", "1", "2", "3"]
    assert wait_for(lambda: not project.processes())


def test_a_loop_that_runs_already_is_no_hindrance() -> None:
    async def from_a_notebook() -> None:
        with Scheduler.connected("tcp://127.0.0.1:1"):
            pass

    # In a thread of its own: a browser's may run in this one.
    with ThreadPoolExecutor(1) as other, pytest.raises(NoScheduler, match="no answer"):
        other.submit(lambda: asyncio.run(from_a_notebook())).result()
