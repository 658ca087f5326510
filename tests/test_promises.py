"""What must never break: each line of it, and the tests that prove it.

A page shows the output of exactly the code that it shows:
    test_edits.py::test_build_after_the_edit_runs_the_recipe_once
    test_edits.py::test_lines_count_where_an_output_names_them
    test_replay.py::test_pages_are_those_of_sphinx_gallery
    test_replay.py::test_a_broken_recording_counts_as_missing
    test_replay.py::test_a_page_is_made_again_when_its_recording_changed
    test_runner.py::test_recipe_that_changes_while_it_runs_is_not_recorded
    test_confirm.py::test_what_differs_is_recorded_anew
    test_guides.py::test_a_recording_of_other_cells_is_none_of_a_guide

Editing prose, a comment or a catalog never runs a recipe; editing code or a pinned
version always makes its recording stale:
    test_edits.py::test_build_after_the_edit_runs_nothing
    test_edits.py::test_build_after_the_edit_runs_the_recipe_once
    test_edits.py::test_edit_makes_the_recording_stale
    test_recorded_guides.py::test_prose_options_and_kernel_name_may_change

A stale, missing or failed recording cannot reach the published site; the person who
builds is told which recipe, why, and what to type:
    test_replay.py::test_what_is_stale_or_missing_cannot_be_published
    test_replay.py::test_a_broken_recording_counts_as_missing
    test_promises.py::test_what_fails_cannot_be_published
    test_promises.py::test_what_is_not_fresh_cannot_be_published_by_building_again

No fault of one recipe costs another recipe its result:
    test_runner.py::test_bad_recipes_cost_good_ones_nothing
    test_runner.py::test_bad_recipe_is_named_with_its_reason
    test_runner.py::test_bad_recipes_leave_nothing_behind
    test_promises.py::test_what_fails_cannot_be_published

A recording is written whole or not at all:
    test_fork_server.py::test_a_killed_runner_leaves_whole_recordings
    test_cli.py::test_interrupted_run_keeps_what_is_finished
    test_store.py::test_a_writer_killed_at_any_moment_leaves_a_whole_text
    test_store.py::test_an_interrupted_write_leaves_nothing
    test_store.py::test_a_full_disk_costs_nothing_that_was_there

All editions have the same code:
    test_translated_scripts.py::test_no_catalog_changes_code
    test_translated_scripts.py::test_translations_cannot_add_code
    test_translated_scripts.py::test_changed_code_is_an_error
"""

import ast
import re
from pathlib import Path

import pytest
from conftest import MakeSite, Site
from forked import Build

RECIPE = '"""\nTitle\n=====\n\nWords.\n"""\n\n{}\n'
GUIDE = (
    "---\nfile_format: mystnb\nkernelspec: {name: python3}\norphan: true\n---\n"
    "# A guide\n\n```{code-cell}\n%s\n```\n"
)
FAILS = """\
import os
print("printed before")
if os.environ.get("FAIL"):
    raise OSError("no memory")"""
FILES = ("recipes/one/fails.py", "guide.md")
COMMAND = "python -m recordings run"


def test_every_promise_names_tests_that_exist() -> None:
    folder = Path(__file__).parent
    named = re.findall(r"(test_\w+\.py)::(test_\w+)", str(__doc__))
    assert len(named) > 20
    for file, name in named:
        tree = ast.parse((folder / file).read_text("utf-8"))
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert name in names, f"{file}::{name}"


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """Make a site of two recipes and a guide; one of each fails when told to."""
    return make_site(
        {
            "recipes/one/fails.py": RECIPE.format(FAILS),
            "recipes/one/good.py": RECIPE.format('print("gradient", 2 * 21)'),
            "docs/guide.md": GUIDE % FAILS,
        },
        extensions=["myst_nb", "recordings"],
        nb_execution_mode="cache",
        exclude_patterns=["**.ipynb"],
    )


def edit(site: Site) -> None:
    """Change the code of what fails."""
    for name in ("recipes/one/fails.py", "docs/guide.md"):
        text = (site.root / name).read_text("utf-8")
        site.write({name: text.replace("printed before", "printed then")})


def without_output(build: Build, *files: str, state: str, why: str) -> None:
    """Check that a build said why and what to type, and that pages show no output."""
    for name in files:
        page = str(Path(name).with_suffix(".html"))
        [line] = [each for each in build.stderr.splitlines() if f"{name}:1:" in each]
        assert re.search(f"WARNING: its recording is {state}: .*{why}", line), line
        assert f"Type: {COMMAND} {name}" in line
        assert f"[recordings.{state}]" in line
        text = re.sub(r"<[^>]+>", "", build.page(page))
        assert f"This page has no output: its recording is {state} (" in text
        assert re.search(why, text)
        assert f"{COMMAND} {name}" in text
        assert "printed before\n" not in text
        assert "How this output was made" not in text
    assert "gradient 42\n" in build.page("recipes/one/good.html")


@pytest.mark.parametrize(
    ("state", "mode"),
    [("missing", "auto"), ("stale", "auto"), ("stale", "run")],
    ids=["never recorded", "edited", "recorded anew"],
)
def test_what_fails_cannot_be_published(
    site: Site, state: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if state == "stale":
        build = site.build()
        assert build.status == 0, build.stderr
        assert "printed before\n" in build.page("recipes/one/fails.html")
    if mode == "auto" and state == "stale":
        edit(site)
    monkeypatch.setenv("FAIL", "yes")
    build = site.build("-D", f"recordings_mode={mode}")
    assert build.status == 2
    why = "its run failed: .*OSError: no memory"
    without_output(build, "guide.md", state=state, why=why)
    assert "fails.py unexpectedly failed to execute correctly" in build.stderr
    assert f"type: {COMMAND} recipes/one/fails.py" in build.stderr
    text = re.sub(r"<[^>]+>", "", build.page("recipes/one/fails.html"))
    assert "OSError: no memory" in text
    assert "How this output was made" not in text
    replay = site.build("-D", "recordings_mode=replay")
    is_fresh = mode == "run"  # what was recorded before
    assert replay.status == (0 if is_fresh else 1), "a failure counts as no recording"


def test_what_is_not_fresh_cannot_be_published_by_building_again(site: Site) -> None:
    assert site.build().status == 0
    edit(site)
    for _ in range(2):
        build = site.build("-D", "recordings_mode=replay")
        assert build.status == 1
        why = r"code block 1 \(line \d+\) changed"
        without_output(build, *FILES, state="stale", why=why)
    for file in ("recipes/one/fails", "guide"):
        (site.root / "docs" / "recordings" / f"{file}.ipynb").unlink()
    for _ in range(2):
        build = site.build("-D", "recordings_mode=replay")
        assert build.status == 1
        why = "it has no recording yet"
        without_output(build, *FILES, state="missing", why=why)
