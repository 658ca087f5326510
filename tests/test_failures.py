"""Failures are Sphinx-Gallery's to judge, as in a build without recordings."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import MakeSite, Site
    from forked import Build

RECIPE = '"""\n{}\n=====\n\nWords.\n"""\n{}\n'
FAILS = 'print("before")\n\n# %%\n# Next.\n\nprint("lost")\n1 / 0\n\n# %%\n# Next.\n\n2'
RECIPES = {
    "fails": FAILS,
    "good": 'print("good")',
    "not_python": "not Python",
    "expected": "Invalid Python code",
    "expected_too": 'raise KeyError("as expected")',
}
LEAVES = {"leaves": "import os\nos._exit(3)", "good": 'print("good")'}
EXPECTED = [f"../recipes/one/{name}.py" for name in ("expected", "expected_too")]


def make(make_site: MakeSite, recipes: dict[str, str], **gallery: object) -> Site:
    """Make a site, and record nothing."""
    return make_site(
        {
            f"recipes/one/{name}.py": RECIPE.format(name, code)
            for name, code in recipes.items()
        },
        extensions=["recordings"],
        sphinx_gallery_conf={"junit": "junit.xml", **gallery},
    )


def plain(site: Site) -> None:
    """Have a site built without recordings, and anew."""
    conf = site.root / "docs" / "conf.py"
    text = conf.read_text("utf-8")
    conf.write_text(text.replace(", 'recordings'", ""), encoding="utf-8")
    shutil.rmtree(site.root / "docs" / "recipes")


def shown(build: Build, page: str) -> str:
    """Return what a page shows of its output, without paths and times."""
    text = re.sub("<[^>]+>", "", build.page(f"recipes/one/{page}.html"))
    text = re.sub(r"(&lt;|) [\d.]+ s\n", "", text).partition("Total running")[0]
    return re.sub(r"[/\w.-]+/recipes/one/", "", " ".join(text.split()))


def judged(build: Build) -> list[str]:
    """Return what the JUnit file says of each recipe."""
    text = build.page("junit.xml")
    text = re.sub(r'time="[^"]+"|[/\w.-]+/recipes/one/', "", text)
    return sorted(re.findall(r"<testcase.*?</testcase>", text, re.DOTALL))


def test_pages_status_and_junit_are_sphinx_gallery_s(make_site: MakeSite) -> None:
    site = make(make_site, RECIPES, expected_failing_examples=EXPECTED)
    with_recordings = site.build(strict=False)
    names = sorted(
        file.stem for file in site.root.glob("docs/recordings/recipes/one/*")
    )
    assert names == ["expected", "expected_too", "good"]
    assert with_recordings.status == 2
    pages = {name: shown(with_recordings, name) for name in RECIPES}
    assert "before" in pages["fails"]
    assert "ZeroDivisionError: division by zero" in pages["fails"]
    assert "SyntaxError: invalid syntax" in pages["expected"]
    notebook = (site.root / "docs/recipes/one/fails.ipynb").read_text("utf-8")
    assert "1 / 0" in notebook
    assert "division by zero" not in notebook, "as in Sphinx-Gallery's own"
    entries = judged(with_recordings)
    assert len(entries) == len(RECIPES)

    replayed = site.build("-D", "recordings_mode=replay", strict=False)
    assert replayed.status == 0, "what failed before did not run, and is not judged"
    assert "This page has no output" in replayed.page("recipes/one/fails.html")
    again = site.build(strict=False)
    assert again.status == 2, "a failed recipe never counts as recorded"
    assert "running recipes/one/good.py" not in again.stderr

    plain(site)
    without = site.build(strict=False)
    assert without.status == 2
    assert {name: shown(without, name) for name in RECIPES} == pages
    assert judged(without) == entries


SLOW = """

def hook(gallery_conf, name):
    if name == "fails.py":
        raise TimeoutError("no answer")

sphinx_gallery_conf["reset_modules"] = [hook]
"""


def test_a_hook_that_raises_is_named(make_site: MakeSite) -> None:
    site = make(make_site, {"fails": 'print("lost")', "good": 'print("good")'})
    conf = site.root / "docs" / "conf.py"
    conf.write_text(conf.read_text("utf-8") + SLOW, encoding="utf-8")
    line = (
        conf.read_text("utf-8")
        .splitlines()
        .index('        raise TimeoutError("no answer")')
    )
    build = site.build()
    assert build.status
    assert (
        f"TimeoutError: no answer; raised in conf.py, line {line + 1}" in build.stderr
    )
    assert "good" in shown(build, "good")


def test_settings_for_failures_are_obeyed(make_site: MakeSite) -> None:
    site = make(make_site, {"fails": FAILS, "good": RECIPES["good"]})
    conf = site.root / "docs" / "conf.py"
    text = conf.read_text("utf-8")
    conf.write_text(f"{text}abort_on_example_error = True\n", encoding="utf-8")
    aborted = site.build(strict=False)
    assert aborted.status == 2
    assert "threw an exception (exception: division by zero)" in aborted.stderr
    assert (site.root / "docs/recordings/recipes/one/good.ipynb").exists()

    warns = "sphinx_gallery_conf['only_warn_on_example_error'] = True\n"
    conf.write_text(text + warns, encoding="utf-8")
    assert site.build(strict=False).status == 0
    assert site.build().status == 1, "a warning is an error where those are"


def test_an_expected_failure_without_recording_is_a_warning(
    make_site: MakeSite,
) -> None:
    recipes = {name: RECIPES[name] for name in ("expected", "good")}
    site = make(make_site, recipes, expected_failing_examples=EXPECTED[:1])
    for switch in ("recordings_mode=replay", "plot_gallery=0"):
        build = site.build("-D", switch, strict=False)
        assert build.status == 0, build.stderr
        assert "expected.py:1: WARNING: its recording is missing" in build.stderr


@pytest.mark.parametrize("expected", [False, True])
def test_a_killed_recipe_is_a_failure_that_nobody_expects(
    make_site: MakeSite, *, expected: bool
) -> None:
    listed = ["../recipes/one/leaves.py"] if expected else []
    site = make(make_site, LEAVES, expected_failing_examples=listed)
    build = site.build(strict=False)
    assert build.status == 2
    why = "ended without a result: exit status 3"
    assert "leaves.py:1: WARNING: its recording is missing: it has no" in build.stderr
    assert why in build.stderr
    assert why in build.page("recipes/one/leaves.html")


def test_what_has_just_failed_is_not_advised(make_site: MakeSite) -> None:
    site = make(make_site, {"one": "1 / 0"})
    replay = ("-D", "recordings_mode=replay")
    before = site.build(*replay, strict=False)
    assert "The page has no output. Type: " in before.stderr
    assert site.run("recordings", "run").status == 1
    after = site.build(*replay, strict=False)
    told = "Its last run failed: see docs/_build/recordings/logs/recipes/one/one.log"
    assert told in after.stderr
    site.write({"recipes/one/one.py": RECIPE.format("one", "print(1)")})
    assert site.run("recordings", "run").status == 0
    site.write({"recipes/one/one.py": RECIPE.format("one", "print(2)")})
    assert "no output. Type: " in site.build(*replay, strict=False).stderr
