"""Faults around recordings: what a build says of each, and what it leaves alone."""

import re
from pathlib import Path

import pytest
from conftest import MakeSite, Site
from stores import web_server

from recordings.library import open_library

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


def test_a_value_without_text_breaks_no_build(site: Site) -> None:
    site.write({"recipes/one/good.py": TITLE + "str(7)\n"})
    assert site.build().status == 0
    recording = site.root / "docs/recordings/recipes/one/good.ipynb"
    text = recording.read_text("utf-8")
    assert '"text/plain"' in text
    recording.write_text(text.replace('"text/plain"', '"text/unknown"'), "utf-8")
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
