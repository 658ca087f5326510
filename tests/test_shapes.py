"""Galleries of every shape are recorded as Sphinx-Gallery builds them."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from sphinx.errors import ConfigError

from recordings.library import open_library
from recordings.settings import read

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeSite

RECIPE = '"""\nTitle\n=====\n\nWords.\n"""\n{}\n'
OWN_INDEX = "Own\n===\n\n.. toctree::\n   :glob:\n\n   *\n   two/*\n"
ONCE = """
import sys
assert not hasattr(sys, "read"), "conf.py is read twice"
sys.read = 1
"""


def test_own_index_spaces_and_working_folder(make_site: MakeSite) -> None:
    site = make_site(
        {
            "recipes/with blanks.py": RECIPE.format('print("in the gallery itself")'),
            "recipes/two/packaged.py": RECIPE.format("import ours\nprint(ours.NAME)"),
            "ours/__init__.py": 'NAME = "found in the working folder"',
            "recipes/index.rst": OWN_INDEX,
            "recipes/two/index.rst": ":orphan:\n\n" + OWN_INDEX,
        },
        extensions=["recordings"],
        sphinx_gallery_conf={"copyfile_regex": r"index\.rst"},
    )
    build = site.build(strict=False)
    assert build.status == 0, build.stderr
    assert "in the gallery itself" in build.page("recipes/with blanks.html")
    packaged = build.page("recipes/two/packaged.html")
    assert "found in the working folder" in packaged
    assert "run-card" in packaged
    recorded = site.root / "docs" / "recordings" / "recipes"
    assert [*recorded.glob("with blanks.ipynb"), *recorded.glob("two/packaged.ipynb")]

    (recorded / "with blanks.ipynb").unlink()
    replay = site.build("-D", "recordings_mode=replay", strict=False)
    command = "Type: python -m recordings run 'recipes/with blanks.py'"
    assert command in replay.stderr
    page = re.sub("<[^>]+>", "", replay.page("recipes/with blanks.html"))
    assert "python -m recordings run 'recipes/with blanks.py'" in unescape(page)


def test_conf_py_is_read_once_in_each_process(make_site: MakeSite) -> None:
    names = "abcd"  # more than there are cores: the last ones are forked
    code = "import colorsys, sys\nprint(sys.read)"
    site = make_site(
        {f"recipes/one/{name}.py": RECIPE.format(code) for name in names},
        extensions=["recordings"],
        recordings_preload=["colorsys"],
    )
    conf = site.root / "docs" / "conf.py"
    conf.write_text(f"{conf.read_text('utf-8')}{ONCE}", encoding="utf-8")
    done = site.run("recordings", "run", "--jobs", "2")
    assert done.status == 0, done.stdout
    assert done.stdout.count("recorded ") == len(names)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("a = 1\nb = [\n", r"SyntaxError: '\[' was never closed \(conf\.py, line 2\)$"),
        ("a = 1\n1 / 0\n", "conf.py:2: ZeroDivisionError: division by zero$"),
        ("import helper_of_conf", r"conf.py:1: KeyError: 'a' \(at .+conf\.py:2\)$"),
        ("raise ValueError('one\\ntwo')", "conf.py:1: ValueError: one two$"),
        ("import sys\nsys.exit(3)", "conf.py:2: SystemExit: 3$"),
    ],
)
def test_what_is_wrong_in_conf_py_is_told_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, told: str
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "helper_of_conf.py").write_text("\n{}['a']\n", encoding="utf-8")
    (tmp_path / "conf.py").write_text(code, encoding="utf-8")
    with pytest.raises(ConfigError, match=told) as raised:
        read(tmp_path)
    assert str(raised.value).startswith(str(tmp_path / "conf.py"))


def test_a_fault_of_conf_py_that_only_recipes_meet_is_told_whole(
    make_site: MakeSite,
) -> None:
    site = make_site(
        {"recipes/one/good.py": RECIPE.format("1")}, extensions=["recordings"]
    )
    conf = site.root / "docs" / "conf.py"
    text = "import os\nif 'TMPDIR' in os.environ:\n    {}['the\\nkey']\n"
    conf.write_text(conf.read_text("utf-8") + text, encoding="utf-8")
    assert len(open_library(site.root / "docs").recipes) == 1
    build = site.build(strict=False)
    assert build.status == 2
    line = conf.read_text("utf-8").count("\n")
    told = rf"its run failed: ConfigError: \S+/conf\.py:{line}: KeyError: 'the\\nkey'"
    assert re.search(told, build.stderr)


def test_recipes_share_a_folder_where_conf_py_says_so(make_site: MakeSite) -> None:
    writes = (
        "from pathlib import Path\n"
        'Path("number.txt").write_text(open("seed").read())\nprint("w")'
    )
    reads = 'print("read", open("number.txt").read())' + "\n1" * 50
    site = make_site(
        {
            "recipes/io/b_writes.py": RECIPE.format(writes),
            "recipes/io/seed": "7",
            "recipes/io/c_reads.py": RECIPE.format(reads),
            "recipes/io/a_reads.py": RECIPE.format(f"{reads}\n1"),
        },
        extensions=["recordings"],
        sphinx_gallery_conf={"within_subsection_order": "NumberOfCodeLinesSortKey"},
    )
    conf = site.root / "docs" / "conf.py"
    text = conf.read_text("utf-8")
    apart = site.run("recordings", "run")
    assert apart.status == 1
    for other in ("a_reads.py", "c_reads.py"):
        hint = f"if {other} or b_writes.py, where that name stands, writes the file, "
        hint = hint.replace("c_reads.py or b_writes.py", "b_writes.py or c_reads.py")
        add = "add '../recipes/io' to recordings_shared_folders in conf.py"
        assert hint + add in apart.stdout

    together = f"{text}recordings_shared_folders = ['../recipes/io']\n"
    conf.write_text(together, encoding="utf-8")
    run = site.run("recordings", "run")
    assert run.status == 0, run.stdout
    assert not (site.root / "recipes/io/number.txt").exists()
    build = site.build("-D", "recordings_mode=replay")
    assert "read 7" in build.page("recipes/io/a_reads.html")
    assert "read 7" in build.page("recipes/io/c_reads.html")

    site.write({"recipes/io/seed": "8"})
    status = site.run("recordings", "status")
    assert status.stdout.count("stale") == 3
    assert "outside the project" not in status.stdout
    assert "setting run after b_writes.py: " in status.stdout
    run = site.run("recordings", "run", "c_reads")
    assert "b_writes" in run.stdout, "what it reads has to be written"
    recording = site.root / "docs/recordings/recipes/io/c_reads.ipynb"
    assert "read 8" in recording.read_text("utf-8")

    site.write({"recipes/io/b_writes.py": RECIPE.format(f"{writes}\n1 / 0")})
    run = site.run("recordings", "run")
    assert run.status == 1
    assert "b_writes.py, which runs before it, failed" in run.stdout
    assert site.run("recordings", "status").stdout.count("stale") == 3
    assert "read 8" in recording.read_text("utf-8"), "it was not run"

    conf.write_text(together.replace("'../recipes/io'", "'io'"), encoding="utf-8")
    wrong = site.run("recordings", "status")
    assert wrong.status == 2
    assert "recordings_shared_folders: " in wrong.stderr
