"""Faults around recordings: what a build says of each, and what it leaves alone."""

import re
from pathlib import Path

import pytest
from conftest import MakeSite, Site
from stores import web_server

RECIPE = (
    '"""\nOne\n===\n\nText.\n"""\n\nfrom pathlib import Path\n\nPath({!r}).touch()\n'
)
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
