"""`recordings` as a package of its own: its wheel, alone in an environment."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement

import recordings
from recordings.settings import PREFIX, Settings

if TYPE_CHECKING:
    from conftest import MakeSite

PROJECT = Path(__file__).parents[1]
PACKAGE = Path(recordings.__file__).parent
PAGE = PROJECT / "docs" / "contributing" / "USING_RECORDINGS.md"


def toml(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment that has the wheel, and of this site nothing else."""
    folder = tmp_path_factory.mktemp("package")
    build = ("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    subprocess.run(
        [sys.executable, *build], cwd=PACKAGE, check=True, capture_output=True
    )
    environment = folder / "environment"
    venv.create(environment, symlinks=True)
    [libraries] = environment.glob("lib/python*/site-packages")
    [wheel] = folder.glob("sphinx_gallery_recordings-*.whl")
    with zipfile.ZipFile(wheel) as content:
        content.extractall(libraries)
    # What it depends on is this environment's. Python reads no `.pth` of a path that a
    # `.pth` adds, so the editable install of the site is not found.
    found = sysconfig.get_path("purelib")
    (libraries / "dependencies.pth").write_text(f"{found}\n", "utf-8")
    return environment / "bin" / "python"


def test_the_wheel_records_and_builds_a_gallery(
    python: Path, make_site: MakeSite
) -> None:
    recipe = '"""\nOne\n===\n"""\n\nprint("gradient", 6 * 7)\n'
    site = make_site({"recipes/all/one.py": recipe}, extensions=["recordings"])
    variables = {**os.environ, "PYTHONPATH": ""}

    def run(*words: str) -> str:
        done = subprocess.run(
            [python, *words],
            cwd=site.root,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = run("-c", "import recordings; print(recordings.__file__)")
    assert where.startswith(str(python.parents[1])), "it is the wheel's"
    run("-m", "sphinx", "-W", "-q", "docs", "docs/_build/html")
    page = (site.root / "docs/_build/html/recipes/all/one.html").read_text("utf-8")
    assert "gradient 42" in page
    assert (site.root / "docs/recordings/recipes/all/one.ipynb").is_file()
    assert "1 of 1 recipe fresh" in run("-m", "recordings", "status")


def test_the_wheel_says_what_it_is(python: Path) -> None:
    [about] = python.parents[1].glob("lib/*/site-packages/*.dist-info/METADATA")
    text = about.read_text("utf-8")
    assert "Name: sphinx-gallery-recordings\n" in text
    assert PAGE.read_text("utf-8").rstrip() in text, "its page is the package's"
    installed = about.parents[1] / "recordings"
    assert (installed / "py.typed").is_file()
    assert "BSD 3-Clause" in (installed / "LICENSE").read_text("utf-8")


def test_versions_are_those_of_the_site() -> None:
    groups = toml(PROJECT)["dependency-groups"]
    known = {
        (it := Requirement(each)).name: it
        for group in ("docs", "cluster", "tests")
        for each in groups[group]
        if isinstance(each, str)
    }
    about = toml(PACKAGE)["project"]
    extras = about["optional-dependencies"].values()
    for text in [*about["dependencies"], *(one for extra in extras for one in extra)]:
        asked, own = Requirement(text), known[Requirement(text).name]
        exact = [each.version for each in own.specifier if each.operator == "=="]
        if exact:
            assert asked.specifier.contains(exact[0]), text
        elif asked.specifier:
            assert asked.specifier == own.specifier, text


def settings_table() -> str:
    """Return the table of settings, made from the class that holds them."""
    [body] = [
        each.body
        for each in ast.parse(inspect.getsource(sys.modules[Settings.__module__])).body
        if isinstance(each, ast.ClassDef) and each.name == Settings.__name__
    ]
    lines = ["| setting | default | meaning |", "| --- | --- | --- |"]
    for attribute, text in pairwise(body):
        if isinstance(attribute, ast.AnnAssign) and isinstance(text, ast.Expr):
            name = ast.unparse(attribute.target)
            [default] = [
                getattr(Settings(), it.name)
                for it in fields(Settings)
                if it.name == name
            ]
            shown = [*default] if isinstance(default, tuple) else default
            meaning = " ".join(ast.literal_eval(text.value).split())
            lines.append(f"| `{PREFIX}{name}` | `{shown!r}` | {meaning} |")
    return "\n".join(lines)


def test_the_page_lists_all_settings() -> None:
    table = settings_table()
    assert len(table.splitlines()) == len(fields(Settings)) + 2
    found = re.search(
        r"(?m)^\| setting \| default .*(?:\n\|.*)+", PAGE.read_text("utf-8")
    )
    assert found
    assert found[0] == table, f"put this table in {PAGE}:\n\n{table}"
