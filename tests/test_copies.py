"""A copy of a folder serves one recipe after the other, and each finds it untouched."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from projects import write_named

from recordings.machine.copies import Copies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = ("data/far.csv", "recipes/section/one.py", "recipes/section/helper.py")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    write_named(project, FILES)
    (project / "recipes/section/circle").symlink_to("circle")
    return project


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Copies]:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    copies = Copies(2, lambda: True)
    yield copies
    copies.close()
    assert [*temporary.iterdir()] == []


def folder_of(place: Path) -> Path:
    return place / "project" / "recipes" / "section"


def in_turn(
    copies: Copies, project: Path, *recipes: Callable[[Path], object]
) -> list[tuple[Path, dict[str, str]]]:
    """Have recipes run one after the other; tell what each found, and where."""
    found = []
    for recipe in recipes:
        with copies.lent(project / "recipes/section/one.py", project) as place:
            assert place
            own = folder_of(place)
            files = sorted(it for it in own.iterdir() if it.is_file())
            found.append((place, {it.name: it.read_text("utf-8") for it in files}))
            recipe(own)
    return found


AS_IT_IS = {"one.py": FILES[1], "helper.py": FILES[2]}


def nothing(_: Path) -> None:
    """Do nothing."""


def adds(own: Path) -> None:
    (own / "picture.png").write_text("new", "utf-8")
    (own / "folder").mkdir()
    (own / "folder" / "more").write_text("new", "utf-8")
    (own / "link").symlink_to(own.parent)
    for level in range(4):  # up to what is around the project
        (own.parents[level] / "beside").write_text("new", "utf-8")
    os.utime(own, (0, 0))
    os.utime(own.parents[2], (0, 0))


def test_what_was_added_is_gone_for_the_next(copies: Copies, project: Path) -> None:
    first, second = in_turn(copies, project, adds, nothing)
    assert first == second, "the same copy, and nothing more in it"
    assert first[1] == AS_IT_IS
    own = folder_of(first[0])
    assert {each.name for each in own.parent.iterdir()} == {"section"}
    assert not [each for each in own.parents if (each / "beside").exists()]
    assert first[0].stat().st_mtime == pytest.approx(time.time(), abs=60)
    assert (project / "recipes/section/one.py").is_file()


def changes(own: Path) -> None:
    about = (own / "helper.py").stat()
    (own / "helper.py").write_text(FILES[2].upper(), "utf-8")
    os.utime(own / "helper.py", ns=(about.st_atime_ns, about.st_mtime_ns))


def replaces(own: Path) -> None:
    (own / "helper.py").unlink()
    (own / "helper.py").write_text("another", "utf-8")


def removes(own: Path) -> None:
    shutil.rmtree(own)


def leads_elsewhere(own: Path) -> None:
    link = own.parent.parent / "data"
    link.unlink()
    link.symlink_to(own)


def locks(own: Path) -> None:
    own.parent.chmod(0o500)


def hides(own: Path) -> None:
    """Leave what can't be removed by its name, and would be code for the next."""
    (own / "__pycache__").symlink_to(own.parent)
    (own / "helper.py").chmod(0o755)


def becomes_the_project(own: Path) -> None:
    """Put links to the project in place of its copy."""
    project = own.parents[4].parent / "project"
    shutil.rmtree(own.parents[1])
    own.parents[1].symlink_to(project)


def is_nested(own: Path) -> None:
    """Make folders that are nested more deeply than Python can go."""
    place = os.getcwd()  # noqa: PTH109 - to come back to
    os.chdir(own)
    for _ in range(1500):
        Path("x").mkdir()
        os.chdir("x")
    os.chdir(place)
    (own / "helper.py").unlink()


def has_long_names(own: Path) -> None:
    """Make a path that is longer than the system takes."""
    place = os.getcwd()  # noqa: PTH109 - to come back to
    os.chdir(own)
    for _ in range(25):
        Path("x" * 250).mkdir()
        os.chdir("x" * 250)
    os.chdir(place)
    (own / "helper.py").unlink()


def shuts(own: Path) -> None:
    own.parents[3].chmod(0)


CHANGES = [changes, replaces, removes, leads_elsewhere, locks, hides, is_nested]
CHANGES += [has_long_names, shuts]


@pytest.mark.parametrize("recipe", [*CHANGES, becomes_the_project])
def test_a_copy_that_was_changed_serves_no_other(
    copies: Copies, project: Path, recipe: Callable[[Path], None]
) -> None:
    was = (project / "recipes").stat()
    first, second = in_turn(copies, project, recipe, nothing)
    assert second[0] != first[0]
    assert second[1] == AS_IT_IS
    assert not first[0].exists()
    assert all((project / name).read_text("utf-8") == name for name in FILES)
    assert (project / "recipes").stat().st_mode == was.st_mode


@pytest.mark.parametrize("name", ["helper.py", "new.py"])
def test_what_changes_in_the_project_is_in_the_next_copy(
    copies: Copies, project: Path, name: str
) -> None:
    def edits(_: Path) -> None:
        (project / "recipes/section" / name).write_text("edited", "utf-8")

    first, second = in_turn(copies, project, edits, nothing)
    assert first[1] == AS_IT_IS
    assert second[1] == {**AS_IT_IS, name: "edited"}


def test_a_link_that_led_nowhere_may_lead_somewhere(
    copies: Copies, project: Path
) -> None:
    link, target = project / "recipes" / "store", project.parent / "store"
    link.symlink_to(target)
    first, second = in_turn(copies, project, lambda _: target.mkdir(), nothing)
    assert second[0] != first[0]


def test_what_cannot_be_copied_is_left_to_the_recipe(
    copies: Copies, project: Path
) -> None:
    with copies.lent(project / "recipes/nowhere/one.py", project) as place:
        assert place is None


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a tmpfs")  # noqa: S108
def test_what_was_written_through_a_mapping_is_seen(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In memory, such a write changes no time."""

    def maps(own: Path) -> None:
        with (own / "helper.py").open("r+b") as file, mmap(file.fileno(), 0) as bytes_:
            _ = bytes_[0]
            bytes_[0:1] = b"X"
            bytes_.flush()

    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        monkeypatch.setattr(tempfile, "tempdir", memory)
        copies = Copies(1, lambda: True)
        first, second = in_turn(copies, project, maps, nothing)
        copies.close()
    assert second[1] == AS_IT_IS
    assert second[0] != first[0]


def test_two_at_once_have_a_copy_each(copies: Copies, project: Path) -> None:
    script = project / "recipes/section/one.py"
    with copies.lent(script, project) as one, copies.lent(script, project) as other:
        assert one != other


def test_no_more_are_kept_than_that(copies: Copies, project: Path) -> None:
    places = []
    for name in ("a", "b", "c"):
        script = project / "recipes" / name / "x.py"
        script.parent.mkdir()
        script.write_text(name, "utf-8")
        with copies.lent(script, project) as place:
            assert place
            places.append(place)
    assert [each.exists() for each in places] == [False, True, True]


def test_none_is_kept_where_none_is_waited_for(project: Path) -> None:
    copies = Copies(2, lambda: False)
    with copies.lent(project / "recipes/section/one.py", project) as place:
        assert place
    assert not place.exists()
