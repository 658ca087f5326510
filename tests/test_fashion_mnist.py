"""The data set comes whole and right from the first source that has it, or not."""

import gzip
import hashlib
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recipe_site import fashion_mnist
from recipe_site.fashion_mnist import DEBIAN, LAYOUT, DataError, put_in_place

CONTENT = {"train-images": b"pictures " * 500, "train-labels": b"names " * 40}
COMMAND = (sys.executable, "-m", "recipe_site.fashion_mnist")


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    digests = {name: hashlib.sha256(text).hexdigest() for name, text in CONTENT.items()}
    monkeypatch.setattr(fashion_mnist, "FASHION_MNIST", digests)


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    for section in ("gradients", "training"):
        (tmp_path / "recipes" / section).mkdir(parents=True)
    (tmp_path / "recipes/GALLERY_HEADER.rst").touch()
    return tmp_path / "recipes"


def source(**content: bytes) -> Callable[[Path], None]:
    """Make a source that has some files, and fails if it does not have all."""

    def fetch(root: Path) -> None:
        (root / LAYOUT).mkdir(parents=True)
        for name, text in content.items():
            (root / LAYOUT / name.replace("_", "-")).write_bytes(text)
        if len(content) < len(CONTENT):
            raise OSError("the mirror is silent")

    return fetch


GOOD = source(**{name.replace("-", "_"): text for name, text in CONTENT.items()})


def never(root: Path) -> None:
    pytest.fail(f"a download was begun in {root}")


def present(recipes: Path) -> dict[str, bytes]:
    """Read all that is where the data set belongs; a folder is an error."""
    folder = recipes / "data" / LAYOUT
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_first_source_that_has_it_is_used_and_each_section_linked(
    recipes: Path,
) -> None:
    put_in_place(recipes, {"first": GOOD, "second": never})
    assert present(recipes) == CONTENT
    for section in ("gradients", "training"):
        assert (recipes / section / "data").readlink() == Path("../data")
        through = recipes / section / "data" / LAYOUT / "train-labels"
        assert through.read_bytes() == CONTENT["train-labels"]
    assert {path.name for path in (recipes / "data").iterdir()} == {"FashionMNIST"}
    # What is there stays, and a section that comes later is linked.
    (recipes / "later").mkdir()
    put_in_place(recipes, {"first": never})
    assert (recipes / "later/data").is_symlink()


@pytest.mark.parametrize("damage", [b"", CONTENT["train-labels"] + b"x", b"N" * 240])
def test_damaged_file_is_replaced_and_nothing_else(
    recipes: Path, damage: bytes
) -> None:
    put_in_place(recipes, {"first": GOOD})
    folder = recipes / "data" / LAYOUT
    (folder / "train-labels").write_bytes(damage)
    sound = (folder / "train-images").stat().st_ino
    put_in_place(recipes, {"first": GOOD})
    assert present(recipes) == CONTENT
    assert (folder / "train-images").stat().st_ino == sound


def test_what_no_source_has_is_named_with_what_helps(recipes: Path) -> None:
    one = source(train_images=CONTENT["train-images"])
    bad = source(train_images=b"x", train_labels=b"N" * 240)
    with pytest.raises(DataError) as caught:
        put_in_place(recipes, {"one": one, "other": bad})
    assert str(caught.value).splitlines() == [
        f"Missing or damaged in {recipes / 'data' / LAYOUT}: train-labels",
        "  one: OSError: the mirror is silent",
        "There are two ways to get it. Take one, then run `nox -s data` again:",
        "  apt-get install dataset-fashion-mnist (on Debian or Ubuntu)",
        "  torchvision, and a network that reaches its mirrors",
    ]
    # What was right stays, nothing half-written does.
    assert present(recipes) == {"train-images": CONTENT["train-images"]}
    put_in_place(recipes, {"one": one, "other": GOOD})
    assert present(recipes) == CONTENT


def test_interrupted_run_leaves_nothing_behind(recipes: Path) -> None:
    def interrupted(root: Path) -> None:
        GOOD(root)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put_in_place(recipes, {"first": interrupted})
    assert present(recipes) == {}


def test_many_runs_at_once(recipes: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: put_in_place(recipes, {"first": GOOD}), range(8)))
    assert present(recipes) == CONTENT


@pytest.mark.parametrize("kind", ["folder", "file", "other link"])
def test_what_is_in_the_place_of_a_link_is_left_alone(recipes: Path, kind: str) -> None:
    place = recipes / "training/data"
    if kind == "folder":
        place.mkdir()
    elif kind == "file":
        place.touch()
    else:
        place.symlink_to("nowhere")
    before = place.lstat()
    with pytest.raises(DataError, match=r"training/data is no link to \.\./data"):
        put_in_place(recipes, {"first": GOOD})
    assert place.lstat().st_ino == before.st_ino


def test_bad_package_file_is_not_used(
    recipes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fashion_mnist, "DEBIAN", tmp_path)
    labels = gzip.compress(CONTENT["train-labels"])
    for name, text in CONTENT.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text))
    for packed in (b"", b"no gzip", labels[:-12], gzip.compress(b"N" * 240)):
        (tmp_path / "train-labels.gz").write_bytes(packed)
        with pytest.raises(DataError, match=r"Missing or damaged in .*: train-labels"):
            put_in_place(recipes, {"Debian's package": fashion_mnist.unpack})
    (tmp_path / "train-labels.gz").write_bytes(labels)
    put_in_place(recipes, {"Debian's package": fashion_mnist.unpack})
    assert present(recipes) == CONTENT


def test_command_names_a_wrong_folder_and_makes_none(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "recipe"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "'recipe'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "recipe").exists()


def test_needs_neither_sphinx_nor_torch() -> None:
    hidden = dict.fromkeys(["matplotlib", "sphinx", "torch", "torchvision"])
    code = f"import sys; sys.modules.update({hidden}); import recipe_site.fashion_mnist"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's package is not installed")
def test_real_package(recipes: Path) -> None:
    subprocess.run([*COMMAND, str(recipes)], check=True)
    assert len(present(recipes)) == 4
