"""What many recipes cost: each file is read so many times, however many there are."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from stores import keep

from recordings.library import DIGESTS, Library, open_library
from recordings.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeSite, Site

NAMES = [f"r{number:02}" for number in range(30)]
RECIPE = '"""\nOne\n===\n\nText.\n"""\n\nprint({!r})\n'


class Counting(Store):
    """A store that knows how often each recording is read."""

    def __init__(self, address: str) -> None:
        """Open a store of which nothing was read."""
        super().__init__(address)
        self.reads: Counter[str] = Counter()

    def read(self, name: str) -> str | None:
        """Read a recording, and count that."""
        self.reads[name] += 1
        return super().read(name)


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    files = {f"recipes/one/{name}.py": RECIPE.format(name) for name in NAMES}
    return make_site(files, extensions=["recordings"])


def fresh(folder: Path, _name: str) -> None:
    assert folder.is_dir()


def stale(folder: Path, name: str) -> None:
    (folder / f"{name}.py").write_text(RECIPE.format(name.upper()), "utf-8")


def renamed(folder: Path, name: str) -> None:
    (folder / f"{name}.py").rename(folder / f"new_{name}.py")


def renamed_and_stale(folder: Path, name: str) -> None:
    stale(folder, name)
    renamed(folder, name)


def missing(folder: Path, name: str) -> None:
    (folder / f"../../docs/recordings/recipes/one/{name}.ipynb").unlink()


def counting(docs: Path) -> tuple[Library, Counter[str]]:
    library = open_library(docs)
    store = Counting(library.store.address)
    return replace(library, store=store), store.reads


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (fresh, "fresh"),
        (stale, "stale"),
        (renamed, "fresh"),
        (renamed_and_stale, "missing"),
        (missing, "missing"),
    ],
)
def test_no_recording_is_read_for_each_recipe(
    site: Site, change: object, state: str
) -> None:
    assert callable(change)
    keep(site.root / "docs")
    for name in NAMES:
        change(site.root / "recipes/one", name)
    library, reads = counting(site.root / "docs")
    entries = library.entries()
    orphans = library.orphans(entries)
    assert {each.state for each in entries} == {state}
    assert all(bool(each.found_at) is (change is renamed) for each in entries)
    assert len(orphans) == (len(NAMES) if change is renamed_and_stale else 0)
    assert max(reads.values()) <= 2


def test_recipes_of_a_shared_folder_are_read_once_for_all(make_site: MakeSite) -> None:
    files = {f"recipes/one/{name}.py": RECIPE.format(name) for name in NAMES}
    shared = ["../recipes/one"]
    site = make_site(files, extensions=["recordings"], recordings_shared_folders=shared)
    keep(site.root / "docs")
    library, reads = counting(site.root / "docs")
    assert {each.state for each in library.entries()} == {"fresh"}
    assert max(reads.values()) <= 2
    first = site.root / "recipes/one/r00.py"
    first.write_text(RECIPE.format("changed"), "utf-8")
    library, reads = counting(site.root / "docs")
    assert {each.state for each in library.entries()} == {"stale"}
    assert max(reads.values()) <= 2


def test_digests_that_are_remembered_only_save_time(site: Site) -> None:
    docs, folder = site.root / "docs", site.root / "recipes/one"
    keep(docs)

    def states() -> list[str]:
        told = site.run("recordings", "status", "--json").stdout
        return [each["state"] for each in json.loads(told)["recipes"]]

    file = docs / DIGESTS
    rest = len(NAMES) - 1
    assert states() == ["fresh"] * (1 + rest)
    assert len(json.loads(file.read_text("ascii"))) >= len(NAMES)
    stale(folder, NAMES[0])
    assert states() == ["stale", *["fresh"] * rest]
    for kept in ("[]", '{"a": 1', "\xff"):
        file.write_text(kept, "latin-1")
        assert states() == ["stale", *["fresh"] * rest]
    shutil.rmtree(file.parent)
    file.parent.write_text("a file, where a folder must be", "utf-8")
    assert states() == ["stale", *["fresh"] * rest]
