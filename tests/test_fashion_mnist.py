"""The data set comes whole and right from the first source that has it, or not."""

import gzip
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from recipe_site import fashion_mnist
from recipe_site.fashion_mnist import DataError, DataFile, put_in_place

CONTENT = {"train-images": b"pictures " * 500, "train-labels": b"names " * 40}
FILES = [
    DataFile(name, len(content), hashlib.sha256(content).hexdigest())
    for name, content in CONTENT.items()
]


def pack(folder: Path) -> Path:
    """Write the small data set as Debian's package would have it."""
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    return folder


def unpack(folder: Path, *names: str) -> None:
    """Write some files of the small data set, or all, as torchvision leaves them."""
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in names or CONTENT:
        (raw / name).write_bytes(CONTENT[name])


def no_download(root: Path) -> None:
    """Stand for a machine that reaches no mirror; leave something half-written."""
    unpack(root, "train-labels")
    raise DataError("the mirror is silent")


def never(root: Path) -> None:
    """Fail a test in which nothing should be downloaded."""
    pytest.fail(f"a download was begun in {root}")


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    folder = tmp_path / "recipes"
    for section in ("gradients", "training"):
        (folder / section).mkdir(parents=True)
        (folder / section / "recipe.py").touch()
    (folder / "pictures").mkdir()
    (folder / "GALLERY_HEADER.rst").touch()
    return folder


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return pack(tmp_path / "package")


@pytest.fixture(autouse=True)
def _harmless_signal() -> Iterator[None]:
    """Let the command change what a signal does, and the tests outlive it."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    signal.signal(signal.SIGTERM, before)


def raw(recipes: Path) -> Path:
    return recipes / "data" / "FashionMNIST" / "raw"


def present(recipes: Path) -> dict[str, bytes]:
    """Read all that stands where the data set belongs, leftovers too."""
    return {
        path.name: path.read_bytes() if path.is_file() else b"a folder"
        for path in raw(recipes).iterdir()
    }


def test_package_is_unpacked_and_each_section_linked(
    recipes: Path, package: Path
) -> None:
    (recipes / "data").mkdir()
    (recipes / "data" / "loose.py").touch()
    done = put_in_place(recipes, package, never, FILES)
    assert present(recipes) == CONTENT
    assert done == [
        "linked from gradients, training",
        f"train-images, train-labels from {package}",
    ]
    for section in ("gradients", "training"):
        assert (recipes / section / "data").readlink() == Path("../data")
        through = recipes / section / "data" / "FashionMNIST" / "raw" / "train-labels"
        assert through.read_bytes() == CONTENT["train-labels"]
    assert not (recipes / "pictures" / "data").is_symlink()
    assert not (recipes / "data" / "data").is_symlink()


def test_files_get_the_usual_permissions(recipes: Path, package: Path) -> None:
    put_in_place(recipes, package, never, FILES)
    (recipes / "usual").touch()
    usual = (recipes / "usual").stat().st_mode
    assert {path.stat().st_mode for path in raw(recipes).iterdir()} == {usual}


def test_second_run_does_nothing(recipes: Path, package: Path, tmp_path: Path) -> None:
    put_in_place(recipes, package, never, FILES)
    before = [path.stat() for path in (raw(recipes), *raw(recipes).iterdir())]
    assert put_in_place(recipes, tmp_path / "none", never, FILES) == []
    after = [path.stat() for path in (raw(recipes), *raw(recipes).iterdir())]
    assert [(stat.st_ino, stat.st_mtime_ns) for stat in before] == [
        (stat.st_ino, stat.st_mtime_ns) for stat in after
    ]


@pytest.mark.parametrize(
    "damage",
    [b"", CONTENT["train-labels"][:-1], CONTENT["train-labels"] + b"x", b"N" * 240],
    ids=["empty", "short", "long", "other"],
)
def test_damaged_file_is_replaced_and_nothing_else(
    recipes: Path, package: Path, damage: bytes
) -> None:
    put_in_place(recipes, package, never, FILES)
    (raw(recipes) / "train-labels").write_bytes(damage)
    sound = (raw(recipes) / "train-images").stat().st_ino
    done = put_in_place(recipes, package, never, FILES)
    assert done == [f"train-labels from {package}"]
    assert present(recipes) == CONTENT
    assert (raw(recipes) / "train-images").stat().st_ino == sound


def test_without_package_the_download_is_used(recipes: Path, tmp_path: Path) -> None:
    done = put_in_place(recipes, tmp_path / "none", unpack, FILES)
    assert done[1:] == ["train-images, train-labels from torchvision's download"]
    assert present(recipes) == CONTENT


PACKED = gzip.compress(CONTENT["train-labels"])


@pytest.mark.parametrize(
    "packed",
    [
        None,
        b"",
        b"no gzip at all",
        PACKED[:-12],
        PACKED[:15] + b"\xff\xff\xff" + PACKED[18:],
        gzip.compress(b"N" * 240),
        gzip.compress(CONTENT["train-labels"] * 2),
    ],
    ids=["missing", "empty", "no-gzip", "cut", "corrupt", "other", "long"],
)
def test_bad_package_file_is_never_used(
    recipes: Path, package: Path, packed: bytes | None
) -> None:
    bad = package / "train-labels.gz"
    bad.unlink()
    if packed is not None:
        bad.write_bytes(packed)
    with pytest.raises(DataError) as caught:
        put_in_place(recipes, package, no_download, FILES)
    message = str(caught.value)
    assert "  train-labels: missing\n" in message
    assert f"  {bad}: " in message
    assert "the mirror is silent" in message
    assert "train-images:" not in message
    # What was right stays, nothing half-written does.
    assert present(recipes) == {"train-images": CONTENT["train-images"]}

    done = put_in_place(recipes, package, unpack, FILES)
    assert done == ["train-labels from torchvision's download"]
    assert present(recipes) == CONTENT


def test_news_names_both_sources(recipes: Path, package: Path) -> None:
    (package / "train-labels.gz").unlink()
    done = put_in_place(recipes, package, unpack, FILES)
    both = f"{package} and torchvision's download"
    assert done[1:] == [f"train-images, train-labels from {both}"]


def test_download_is_checked_too(recipes: Path, tmp_path: Path) -> None:
    def bad(root: Path) -> None:
        unpack(root, "train-images")
        (root / "FashionMNIST" / "raw" / "train-labels").write_bytes(b"N" * 240)

    with pytest.raises(DataError, match="download: train-labels: damaged"):
        put_in_place(recipes, tmp_path / "none", bad, FILES)
    assert present(recipes) == {"train-images": CONTENT["train-images"]}


def test_error_names_files_sources_and_both_ways_out(
    recipes: Path, tmp_path: Path
) -> None:
    unpack(recipes / "data")
    (raw(recipes) / "train-labels").write_bytes(b"too short")
    (raw(recipes) / "train-images").unlink()
    with pytest.raises(DataError) as caught:
        put_in_place(recipes, tmp_path / "none", no_download, FILES)
    assert str(caught.value).splitlines() == [
        f"Not complete in {raw(recipes)}:",
        "  train-images: missing",
        "  train-labels: damaged: 9 bytes, and not 240 bytes",
        "What was tried:",
        f"  Debian's package: there is no folder {tmp_path / 'none'}",
        "  torchvision's download: the mirror is silent",
        "There are two ways to get it. Take one, then run `nox -s data` again:",
        "  apt-get install dataset-fashion-mnist (on Debian or Ubuntu)",
        "  torchvision, and a network that reaches its mirrors",
    ]
    assert present(recipes) == {"train-labels": b"too short"}


def test_interrupted_run_leaves_nothing_behind(recipes: Path, tmp_path: Path) -> None:
    def interrupted(root: Path) -> None:
        unpack(root, "train-images")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put_in_place(recipes, tmp_path / "none", interrupted, FILES)
    assert present(recipes) == {}


def test_interrupted_unpacking_leaves_nothing_behind(
    recipes: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        put_in_place(recipes, package, never, FILES)
    assert present(recipes) == {}


def test_another_run_in_the_middle_of_this_one(
    recipes: Path, package: Path, tmp_path: Path
) -> None:
    def overtaken(root: Path) -> None:
        unpack(root)
        put_in_place(recipes, package, never, FILES)
        assert {name: present(recipes)[name] for name in CONTENT} == CONTENT

    put_in_place(recipes, tmp_path / "none", overtaken, FILES)
    assert present(recipes) == CONTENT


def test_many_runs_at_once(recipes: Path, package: Path) -> None:
    together = Barrier(8)

    def run(_: int) -> list[str]:
        together.wait()
        return put_in_place(recipes, package, never, FILES)

    with ThreadPoolExecutor(8) as pool:
        news = list(pool.map(run, range(8)))
    assert present(recipes) == CONTENT
    assert any("linked" in done[0] for done in news if done)
    assert put_in_place(recipes, package, never, FILES) == []


@pytest.mark.parametrize("kind", ["folder", "file", "other link", "dangling link"])
def test_what_stands_in_the_place_of_a_link_is_left_alone(
    recipes: Path, package: Path, kind: str
) -> None:
    place = recipes / "training" / "data"
    if kind == "folder":
        place.mkdir()
        (place / "mine").touch()
    elif kind == "file":
        place.touch()
    else:
        place.symlink_to(".." if kind == "other link" else "nowhere")
    before = place.lstat()
    with pytest.raises(DataError, match=r"training/data is not the link to \.\./data"):
        put_in_place(recipes, package, never, FILES)
    assert place.lstat().st_ino == before.st_ino
    assert kind != "folder" or (place / "mine").exists()


def test_system_without_links_is_told_so(
    recipes: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(1314, "A required privilege is not held by the client")

    monkeypatch.setattr(os, "symlink", refuse)
    with pytest.raises(DataError, match=r"required privilege .*Developer Mode"):
        put_in_place(recipes, package, never, FILES)


def test_links_that_are_there_need_no_right_to_make_them(
    recipes: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(1314, "A required privilege is not held by the client")

    put_in_place(recipes, package, never, FILES)
    monkeypatch.setattr(os, "symlink", refuse)
    assert put_in_place(recipes, package, never, FILES) == []


def test_section_that_comes_later_is_linked(recipes: Path, package: Path) -> None:
    put_in_place(recipes, package, never, FILES)
    (recipes / "pictures" / "recipe.py").touch()
    done = put_in_place(recipes, package, never, FILES)
    assert done == ["linked from pictures"]


def test_wrong_folder_is_not_made(tmp_path: Path, package: Path) -> None:
    with pytest.raises(DataError, match="no folder"):
        put_in_place(tmp_path / "recipe", package, never, FILES)
    assert not (tmp_path / "recipe").exists()


@pytest.mark.parametrize("arguments", [[], ["recipes"]])
def test_command_ends_with_1_and_words(
    recipes: Path,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(recipes.parent)
    (recipes / "gradients" / "data").touch()
    assert fashion_mnist.main(arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    first, second = err.splitlines()
    assert first == "Fashion-MNIST could not be put in place."
    assert second.startswith("recipes/gradients/data is not the link")


def test_command_words_an_error_of_the_file_system(
    recipes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (recipes / "data").touch()
    assert fashion_mnist.main([str(recipes)]) == 1
    _, reason = capsys.readouterr().err.splitlines()
    assert str(recipes / "data") in reason


@pytest.mark.parametrize("unknown", ["--quick", "more"])
def test_command_refuses_unknown_arguments(
    recipes: Path, unknown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        fashion_mnist.main([str(recipes), unknown])
    assert caught.value.code == 2
    assert f"unrecognized arguments: {unknown}" in capsys.readouterr().err
    assert not (recipes / "data").exists()


def test_command_leaves_through_the_clean_up_when_it_is_cancelled(
    recipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned = []

    def cancelled(_: Path) -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            cleaned.append(True)

    monkeypatch.setattr(fashion_mnist, "put_in_place", cancelled)
    with pytest.raises(SystemExit) as caught:
        fashion_mnist.main([str(recipes)])
    assert caught.value.code == 128 + signal.SIGTERM
    assert cleaned


@pytest.mark.skipif(
    not fashion_mnist.DEBIAN_FOLDER.is_dir(),
    reason="Debian's package dataset-fashion-mnist is not installed",
)
def test_real_package_in_two_runs(recipes: Path) -> None:
    command = [sys.executable, "-m", "recipe_site.fashion_mnist", str(recipes)]
    place = f"Fashion-MNIST is in place in {recipes / 'data'}"
    for news in (": linked from gradients, training; train-images", ".\n"):
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout.startswith(place + news)
    assert sorted(present(recipes)) == sorted(
        file.name for file in fashion_mnist.FASHION_MNIST
    )
