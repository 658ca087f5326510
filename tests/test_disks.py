"""Disks that are full or can't be written, folders that go, and two at once."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from conftest import Site
from projects import PATIENCE, MakeProject, Project, printed, wait_for

from recordings.store.store import ReadOnlyError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SMALL = "print('small')"
LARGE = 'for _ in range(200):\n    print("x" * 1000)'


@contextmanager
def disk(folder: Path, options: str) -> Iterator[None]:
    """Have a folder be a disk of its own for a while."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    return make_project({"large": LARGE, "small": SMALL})


@pytest.fixture
def store(project: Project) -> Path:
    folder = project.site.root / "docs/recordings"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def kept(store: Path) -> list[str]:
    return sorted(path.name for path in store.rglob("*") if path.is_file())


def test_a_full_store_costs_only_what_has_no_room(
    project: Project, store: Path
) -> None:
    with disk(store, "size=64k"):
        results = project.run()
        assert results["small"].status == "recorded"
        reason = results["large"].reason
        assert reason.startswith(
            f"{store}/recipes/all/large.ipynb: cannot be written: "
        )
        assert reason.endswith("No space left on device")
        assert kept(store) == ["small.ipynb"]


def test_a_store_that_can_only_be_read_is_told_before_anything_runs(
    project: Project, store: Path
) -> None:
    with disk(store, "size=64k,ro"), pytest.raises(ReadOnlyError, match="Read-only"):
        project.run()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("size=112k", "there is no room for its results in {}, in the code block at"),
        ("ro", "it could not be run: OSError: [Errno 30] Read-only file system"),
        ("nr_inodes=2", "it could not be run: OSError: [Errno 28] No space left on"),
    ],
)
def test_a_full_disk_for_temporary_files_is_named(
    project: Project, store: Path, tmp_path: Path, options: str, reason: str
) -> None:
    place = tmp_path / "disk"
    with pytest.MonkeyPatch.context() as patch, disk(place, options):
        patch.setattr(tempfile, "tempdir", str(place))
        result = project.run(jobs=1)["large"]
        assert result.reason.startswith(reason.format(place))
        assert not [*place.iterdir()]
    assert "large.ipynb" not in kept(store)


def test_a_full_disk_for_pages_costs_no_recording(
    project: Project, store: Path
) -> None:
    project.run()
    before = kept(store)
    pages = project.site.root / "docs/_build/html"
    with disk(pages, "size=32k"):
        build = Site(project.site.root).build()
        assert build.status == 2
        assert "No space left on device" in build.stderr
    assert kept(store) == before
    build = Site(project.site.root).build()
    assert build.status == 0, build.stderr
    assert "small" in build.page("recipes/all/small.html")


def test_a_full_disk_for_logs_costs_no_recording(project: Project, store: Path) -> None:
    with disk(project.site.root / "docs/_build", "size=24k"):
        assert {it.status for it in project.run().values()} == {"recorded"}
    assert kept(store) == ["large.ipynb", "small.ipynb"]


def test_a_store_that_goes_is_made_anew(make_project: MakeProject) -> None:
    project = make_project({"a": "1", "b": "2"})
    store = project.site.root / "docs/recordings"
    project.write({"a": f"import shutil\nshutil.rmtree({str(store)!r})"})
    assert {it.status for it in project.run().values()} == {"recorded"}
    assert "a.ipynb" in kept(store)
    in_the_way = f"import pathlib, shutil\nstore = pathlib.Path({str(store)!r})\n"
    in_the_way += "shutil.rmtree(store)\nstore.write_text('a file')"
    project.write({"a": in_the_way})
    reason = project.run()["a"].reason
    assert reason.startswith(f"{store}/recipes/all/a.ipynb: cannot be written: ")


def test_two_runners_on_one_store_lose_nothing(project: Project, store: Path) -> None:
    runners = [project.start("--all") for _ in range(2)]
    assert [each.wait(PATIENCE) for each in runners] == [0, 0]
    assert kept(store) == ["large.ipynb", "small.ipynb"]
    assert {entry.state for entry in project.library.entries()} == {"fresh"}
    assert printed(project.recording("small")) == "small\n"
    assert wait_for(project.leaves_nothing)


def test_a_runner_and_a_build_on_one_store_lose_nothing(
    project: Project, store: Path
) -> None:
    runner = project.start("--all")
    build = Site(project.site.root).build()
    assert build.status == 0, build.stderr
    assert runner.wait(PATIENCE) == 0
    assert kept(store) == ["large.ipynb", "small.ipynb"]
    assert "small" in build.page("recipes/all/small.html")
    assert {entry.state for entry in project.library.entries()} == {"fresh"}
    assert wait_for(project.leaves_nothing)


KILLS_ITS_RUNNER = """
import os, psutil, time
def is_runner(process):
    return "--json" in process.cmdline() and "recordings" in process.cmdline()
time.sleep(1)
next(filter(is_runner, psutil.Process().parents())).kill()
time.sleep(40)
"""


def test_a_recipe_that_kills_its_runner_costs_no_finished_one(
    make_project: MakeProject,
) -> None:
    project = make_project({"a": SMALL, "kills": KILLS_ITS_RUNNER})
    build = project.site.build()
    assert build.status == 2
    said = "recordings: the run was killed by signal 9; what was finished is kept"
    assert said in build.stderr
    assert kept(project.site.root / "docs/recordings") == ["a.ipynb"]
    assert wait_for(project.leaves_nothing)
