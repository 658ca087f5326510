"""Where a run or a build finds itself: homes, clocks and files that are odd."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
import stores
from conftest import MakeSite, Site
from stores import keep

from recordings.library import open_library

TITLE = '"""\nOne\n===\n\nText.\n"""\n\n'
UNCLOSED = """print(7)

# %%
# {}

print(8)
"""
REPLAY = ("-D", "recordings_mode=replay")


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    """Make a site of one recipe."""
    return make_site(
        {"recipes/one/good.py": TITLE + "print(7)\n"}, extensions=["recordings"]
    )


def run(site: Site, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Record all, with other variables in the environment, or without some."""
    known = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-m", "recordings", "run", "--all", "--conf", "docs"],
        cwd=site.root,
        env={name: value for name, value in known.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "environment",
    [
        {"HOME": None, "USER": None, "LOGNAME": None, "PATH": None},
        {"HOME": "/nowhere", "TMPDIR": "/nowhere", "LC_ALL": "xx_YY.UTF-8"},
        {"HOME": "/proc", "XDG_CACHE_HOME": "/proc", "TMPDIR": "/proc"},
    ],
    ids=["without", "nowhere", "unwritable"],
)
def test_a_run_needs_no_home(site: Site, environment: dict[str, str | None]) -> None:
    done = run(site, **environment)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [it.state for it in open_library(site.root / "docs").entries()] == ["fresh"]


def test_what_is_only_kept_to_save_time_may_be_damaged(site: Site) -> None:
    assert run(site).returncode == 0
    build = site.root / "docs/_build/recordings"
    digests = [path for path in build.rglob("*.json") if path.is_file()]
    assert digests, "so this shows something"
    for damage in (b"", b"\xff\xfe", b"[" * 9999, b'{"a": NaN}', b"[1]"):
        for each in digests:
            each.write_bytes(damage)
        [entry] = open_library(site.root / "docs").entries()
        assert entry.state == "fresh", damage


def test_a_clock_that_was_set_back_makes_nothing_stale(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = replace(stores.RUN, date="2126-01-01T00:00:00Z")
    monkeypatch.setattr(stores, "RUN", ahead)
    keep(site.root / "docs")
    [entry] = open_library(site.root / "docs").entries()
    assert entry.state == "fresh"
    build = site.build(*REPLAY)
    assert build.status == 0, build.stderr
    assert "January 1, 2126" in build.page("recipes/one/good.html")
    confirmed = run(site)
    assert confirmed.returncode == 0, confirmed.stderr
    [entry] = open_library(site.root / "docs").entries()
    assert entry.state == "fresh"


def test_code_that_python_cannot_nest_is_named(make_site: MakeSite) -> None:
    files = {
        "recipes/one/deep.py": TITLE + "[" * 400 + "]" * 400 + "\n",
        "recipes/one/good.py": TITLE + "print(9)\n",
    }
    site = make_site(files, extensions=["recordings"])
    deep, _ = open_library(site.root / "docs").entries()
    assert deep.state == "missing"
    assert deep.reasons
    assert deep.reasons[0]
    done = run(site)
    assert "deep.py" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    [good] = open_library(site.root / "docs").entries(["good"])
    assert good.state == "fresh"


@pytest.mark.parametrize(
    "table",
    ["+---+\n# | a |", "====\n# a\n# ====\n#\n# ==== ==\n# x", "====  ===\n# a"],
    ids=["grid", "simple", "open"],
)
def test_a_table_that_has_no_end_is_named(make_site: MakeSite, table: str) -> None:
    files = {
        "recipes/one/bad.py": TITLE + UNCLOSED.format(table),
        "recipes/one/good.py": TITLE + "print(9)\n",
    }
    site = make_site(files, extensions=["recordings"])
    build = site.build(strict=False)
    assert build.status == 0, build.stderr
    assert "exception: )" not in build.stderr
    assert "recipes/one/bad.rst:" in build.stderr
    assert "9" in build.page("recipes/one/good.html")
