"""Faults around recordings: what a build says of each, and what it leaves alone."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MakeSite, Site
from stores import keep, web_server

from recordings.library import open_library
from recordings.store.seal import sealed

TITLE = '"""\nOne\n===\n\nText.\n"""\n\n'
RECIPE = TITLE + "from pathlib import Path\n\nPath({!r}).touch()\n"
REPLAY = ("-D", "recordings_mode=replay")


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """Give the path of a file that is there once the recipe ran."""
    return tmp_path / "ran"


@pytest.fixture
def site(make_site: MakeSite, ran: Path) -> Site:
    """Make a site of one recipe without a recording."""
    files = {"recipes/one/good.py": RECIPE.format(str(ran))}
    return make_site(files, extensions=["recordings"])


# A store that can't be used -----------------------------------------------------


def test_a_store_that_can_only_be_read_is_told_before_anything_runs(
    site: Site, ran: Path, tmp_path: Path
) -> None:
    with web_server(tmp_path) as address:
        store = ("-D", f"recordings_path={address}/x")
        build = site.build(*store)
        replay = site.build(*store, *REPLAY)
    assert build.status == 2
    [line] = [each for each in build.stderr.splitlines() if address in each]
    assert f"recordings_path: {address}/x/recipes/one/good.ipynb: a web" in line
    assert "add: -D recordings_mode=replay" in line
    assert "Configuration error!" in build.stderr
    assert not ran.exists()
    assert "its recording is missing" in replay.stderr
    assert replay.status == 1


@pytest.mark.parametrize(
    ("address", "cause"),
    [
        ("http://127.0.0.1:9/x", "Connect call failed"),
        ("nowhere://x", "not usable as a store"),
        ("../recipes/one/good.py", "Not a directory"),
    ],
)
def test_a_store_that_is_not_there_is_told(
    site: Site, ran: Path, address: str, cause: str
) -> None:
    build = site.build("-D", f"recordings_path={address}", *REPLAY)
    assert build.status == 2
    lines = build.stderr.splitlines()
    [line] = [each for each in lines if "recordings_path: " in each]
    assert re.search(f"{re.escape(address)}.*: .*{cause}", line)
    assert "make sure that the address is right" in line
    assert "Configuration error!" in build.stderr
    assert not ran.exists()


# A recording that a hand or a disk broke ------------------------------------------


def test_a_broken_picture_counts_as_missing(make_site: MakeSite) -> None:
    plots = "import matplotlib.pyplot as plt\n\n_ = plt.plot([1, 2])\n"
    files = {"recipes/one/good.py": TITLE + plots}
    site = make_site(files, draws=True, extensions=["recordings"])
    assert site.build().status == 0
    recording = site.root / "docs/recordings/recipes/one/good.ipynb"
    text = recording.read_text("utf-8")
    recording.write_text(re.sub(r'("image/png": ".{99})[^"]*', r"\1", text), "utf-8")
    build = site.build(*REPLAY)
    assert build.status == 1
    [line] = [each for each in build.stderr.splitlines() if "good.py:1" in each]
    assert "its recording is missing" in line
    assert "recipes/one/good.ipynb: its recording is damaged: a picture (im" in line
    assert "This page has no output" in build.page("recipes/one/good.html")
    assert site.build().status == 0, "it is recorded again"


def edited(old: str, new: str) -> Callable[[Path], None]:
    """Make an edit of a recording's text; its seal is put right if it has one."""

    def apply(file: Path) -> None:
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(sealed(text.replace(old, new, 1)), "utf-8")

    return apply


def no_file(make: Callable[[Path], object]) -> Callable[[Path], None]:
    """Put something else in the place of a recording."""

    def apply(file: Path) -> None:
        file.unlink()
        make(file)

    return apply


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed": (
        lambda it: it.write_text(it.read_text().replace("printed", "changed")),
        "it was changed after it was recorded",
    ),
    "truncated": (lambda it: os.truncate(it, 500), "not a valid notebook: Untermin"),
    "empty": (lambda it: os.truncate(it, 0), "not a valid notebook: Expecting value"),
    "version": (edited('"nbformat": 4', '"nbformat": false'), "not a valid notebook: "),
    "minor": (
        edited('"nbformat_minor": 5', '"nbformat_minor": NaN'),
        "not a valid notebook: NaN is no number",
    ),
    "half": (
        edited("printed", r"printed \ud800"),
        "its recording is damaged: a text has half of a character in it",
    ),
    "memory": (
        edited('"peak_memory": 1073741824', f'"peak_memory": {10**400}'),
        "its recording is damaged: peak_memory can't be 1000",
    ),
    "versions": (
        edited('"versions": {', '"versions": {"torch": true'),
        "its recording is damaged: versions can't hold True",
    ),
    "key": (edited('"key": "', '"key": "0'), "its key is not that of its ingredients"),
    "deep": (
        edited('"outside": []', f'"outside": {"[" * 5000}{"]" * 5000}'),
        "not a valid notebook: ",
    ),
    "nested": (
        edited('"outside": []', f'"outside": {"[" * 300}{"]" * 300}'),
        "not a valid notebook: its values are nested too deeply",
    ),
    "pipe": (no_file(os.mkfifo), "not a file"),
    "folder": (no_file(Path.mkdir), "not a file"),
    "circle": (no_file(lambda it: it.symlink_to(it.name)), "not a file"),
    "large": (lambda it: os.truncate(it, 50 * 10**6), "a recording of 48 MiB; it may"),
    "bytes": (lambda it: it.write_bytes(b"\xff"), "not text: "),
    "person": (
        edited('"recording": {', '"mine": {'),
        "its recording is damaged: 'recording' is missing",
    ),
}


def test_a_bad_recording_is_named_and_costs_no_other_its_page(
    make_site: MakeSite,
) -> None:
    names = ["a_good", *DAMAGE, "z_good"]
    files = {f"recipes/one/{name}.py": f"{TITLE}print({name!r})\n" for name in names}
    site = make_site(files, extensions=["recordings"])
    keep(site.root / "docs")
    for name, (damage, _) in DAMAGE.items():
        damage(site.root / f"docs/recordings/recipes/one/{name}.ipynb")
    entries = {
        it.recipe.path.stem: it for it in open_library(site.root / "docs").entries()
    }
    for name, (_, reason) in DAMAGE.items():
        [told] = entries[name].reasons
        assert entries[name].state == "missing", name
        assert f"/one/{name}.ipynb: {reason}" in told
        assert len(told.splitlines()) == 1
        assert len(told) < 400, name
    build = site.build(*REPLAY, strict=False)
    assert build.status == 0, build.stderr
    assert build.stderr.count("its recording is missing: ") == len(DAMAGE)
    for name in ("a_good", "z_good"):
        assert entries[name].state == "fresh"
        assert f"printed by {name}" in build.page(f"recipes/one/{name}.html")


def test_a_value_without_text_breaks_no_build(site: Site) -> None:
    site.write({"recipes/one/good.py": TITLE + "str(7)\n"})
    assert site.build().status == 0
    recording = site.root / "docs/recordings/recipes/one/good.ipynb"
    text = recording.read_text("utf-8")
    assert '"text/plain"' in text
    text = sealed(text.replace('"text/plain"', '"text/unknown"'))
    recording.write_text(text, "utf-8")
    build = site.build(*REPLAY)
    assert build.status == 0, build.stderr


# Sphinx-Gallery's own switch ----------------------------------------------------


def test_sphinx_gallery_s_switch_keeps_recipes_from_running(
    site: Site, ran: Path
) -> None:
    off = ("-D", "plot_gallery=0")
    build = site.build(*off)
    assert "its recording is missing" in build.stderr
    assert not ran.exists()
    assert "This page has no output" in build.page("recipes/one/good.html")

    assert site.build().status == 0
    ran.unlink()
    every = site.build("-D", "recordings_mode=run", *off)
    assert every.status == 0, every.stderr
    assert not ran.exists()
    assert "run-card" in every.page("recipes/one/good.html")


def test_sphinx_gallery_s_switch_hides_no_recipe(site: Site) -> None:
    conf = site.root / "docs" / "conf.py"
    off = "sphinx_gallery_conf['plot_gallery'] = False\n"
    conf.write_text(conf.read_text("utf-8") + off, "utf-8")
    [entry] = open_library(site.root / "docs").entries()
    assert entry.recipe.page == "recipes/one/good"
