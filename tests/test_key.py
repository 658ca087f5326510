"""A recording gets stale by what changes its output, and by nothing else."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from recordings.gallery import scripts
from recordings.key.differences import differences
from recordings.key.ingredients import (
    collect_ingredients,
    is_code,
    make_key,
    names_lines,
)
from recordings.key.local_files import default_kind, digest
from recordings.key.pins import contradicted, pins, pins_of_group
from recordings.model import Block, Ingredients, Recipe

RECIPE = '''"""
Title
=====

A sentence.
"""

# %%
# A first step
# ------------
import helper

rows = open("points.csv").read()  # a comment
print("a text", rows)

print(helper.double(21))

# %%
# Another sentence.

figure = draw(rows, color="C0")
# sphinx_gallery_multi_image_block = "single"
# sphinx_gallery_alt_block = "A curve."

# sphinx_gallery_start_ignore
hidden = 1
# sphinx_gallery_end_ignore

# %%
# The end.

# sphinx_gallery_tags = ["one"]
# sphinx_gallery_cost = "20 s"
# sphinx_gallery_needs = ["Fashion-MNIST"]
# sphinx_gallery_capture_repr = ("_repr_html_",)
'''
FILES = {
    "recipe.py": RECIPE,
    "helper.py": "import package.deep\ndouble = package.deep.double\n",
    "package/__init__.py": "",
    "package/deep.py": "from .table import factor\ndef double(x): return factor * x\n",
    "package/table.py": "factor = len(open('factor.txt').read())\n",
    "package/unused.py": "",
    "factor.txt": "ab",
    "points.csv": "1,2\n",
    "other.csv": "3,4\n",
}
READ = (
    *("helper.py", "package/__init__.py", "package/deep.py", "package/table.py"),
    *("factor.txt", "points.csv"),
)
GIVEN: Mapping[str, Mapping[str, Any]] = {
    "gallery": {"capture_repr": (), "threads": 1, "ignore_repr_types": "Axes"},
    "packages": {"torch": "2.14.1"},
    "data": {"Fashion-MNIST": "c59f", "CIFAR-10": "6d95"},
}
# Of the recipe above. If it has to change, every recording gets stale.
KEY = "99cc8fc99856d2599db03741936606332ca405690a64ce650937135ae1107206"

IN_FIRST = "code block 1 (line 11) changed"
IN_SECOND = "code block 2 (line 20) changed"

# File, what stands in it, what is put there instead.
FRESH = {
    "sentence": ("recipe.py", "A sentence.", "A better one."),
    "paragraph": ("recipe.py", "# Another", "# One more.\n#\n# Another"),
    "comment": ("recipe.py", "# a comment", "# said better"),
    "block of comments": ("recipe.py", "# %%\n# The", "# %%\n# A\n\n# B\n\n# %%\n#"),
    "blank lines": ("recipe.py", "\n\nprint", "\n\n\n\nprint"),
    "line break": ("recipe.py", "draw(rows,", "draw(\n    rows,"),
    "tags": ("recipe.py", '["one"]', '["two"]'),
    "alternative": ("recipe.py", '"A curve."', '"A line."'),
    "need without digest": ("recipe.py", '["Fashion', '["gpu", "Fashion'),
    "code shown that was hidden": ("recipe.py", "gallery_start_ignore", ""),
    "setting of a block that is no literal": (
        "recipe.py",
        'alt_block = "A curve."',
        "multi_image_block = single",
    ),
    "default that is written down": (
        "recipe.py",
        "# sphinx_gallery_tags",
        "# sphinx_gallery_threads = 1\n#",
    ),
    "module that is not imported": ("package/unused.py", "", "import os"),
    "file that is not read": ("other.csv", "3", "5"),
    "multi_image": (
        "recipe.py",
        "# sphinx_gallery_tags",
        '# sphinx_gallery_multi_image = "single"\n#',
    ),
    "multi_image of a block": ("recipe.py", 'block = "single"', "block = ()"),
    "comment in a module": ("helper.py", "deep\n", "deep  # all the way\n\n"),
    "line ends": ("points.csv", "\n", "\r\n"),
    "line ends of a module": ("helper.py", "deep\n", "deep\r\n"),
}
STALE = {
    "code": ("recipe.py", "draw(rows", "draw(rows[1:]", [IN_SECOND]),
    "string in code": ("recipe.py", "a text", "A text", [IN_FIRST]),
    "hidden code": ("recipe.py", "hidden = 1", "hidden = 2", [IN_SECOND]),
    "moved block boundary": (
        "recipe.py",
        "\nprint(helper",
        "\n# %%\n# More.\nprint(helper",
        ["code blocks: 2 recorded, 3 now, from code block 1 (line 11) on"],
    ),
    "code block added": (
        "recipe.py",
        "# The end.\n",
        "# The end.\nprint()\n",
        ["code blocks: 2 recorded, 3 now"],
    ),
    "representation in a block": (
        "recipe.py",
        "# sphinx_gallery_alt_block",
        "#   sphinx_gallery_capture_repr_block=()  #",
        [IN_SECOND],
    ),
    "flag of a block": (
        "recipe.py",
        "# sphinx_gallery_alt_block",
        "# sphinx_gallery_defer_figures\n#",
        [IN_SECOND],
    ),
    "setting of the file": (
        "recipe.py",
        '("_repr_html_",)',
        "()",
        ["setting capture_repr: ['_repr_html_'] → []"],
    ),
    "threads": (
        "recipe.py",
        "# sphinx_gallery_tags",
        "# sphinx_gallery_threads = 2\n#",
        ["setting threads: 1 → 2"],
    ),
    "data file": ("points.csv", "1", "5", ["points.csv changed"]),
    "data file's blanks": ("points.csv", "\n", " \n", ["points.csv changed"]),
    "pattern": (
        "recipe.py",
        "# sphinx_gallery_tags",
        '# sphinx_gallery_files = ["*.csv"]\n#',
        ["other.csv is new"],
    ),
    "module": ("helper.py", "double =", "twice =", ["helper.py changed"]),
    "module that is no Python any more": (
        "helper.py",
        "double =",
        "double ==",
        ["helper.py changed"],
    ),
    "module of a module": ("package/deep.py", "*", "+", ["package/deep.py changed"]),
    "module of that module": (
        "package/table.py",
        "len",
        "1 + len",
        ["package/table.py changed"],
    ),
    "package": ("package/__init__.py", "", "0", ["package/__init__.py changed"]),
    "data file of a module": ("factor.txt", "b", "bc", ["factor.txt changed"]),
    "need": (
        "recipe.py",
        '["Fashion-MNIST"]',
        '"CIFAR-10"',
        [
            "data set CIFAR-10: its digest is new",
            "data set Fashion-MNIST: its digest is gone",
        ],
    ),
}
# What the edits do that change no output, if an output names lines.
MOVED = {
    "paragraph": ["line numbers moved (an output names them)"],
    "blank lines": [
        f"{IN_FIRST}, or lines moved in it (an output names them)",
        "line numbers moved (an output names them)",
    ],
    "line break": [f"{IN_SECOND}, or lines moved in it (an output names them)"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with the recipe and all that it uses."""
    return write(tmp_path / "recipes", FILES)


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return folder


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    write(folder, {name: text.replace(old, new, 1)})


def read(folder: Path) -> Recipe:
    return scripts.read(folder / "recipe.py", "recipe")


def present(
    folder: Path,
    *,
    with_lines: bool = False,
    quoted: bool = False,
    like: Ingredients | None = None,
    **given: Any,
) -> Ingredients:
    """Collect the ingredients of what a run read, or of what another one did."""
    if like is None:
        files = {name: digest(folder / name, default_kind(Path(name))) for name in READ}
        like = Ingredients(
            (), files=files, lines=() if with_lines else None, quoted=quoted
        )
    return collect_ingredients(read(folder), like=like, **{**GIVEN, **given})


def news(folder: Path, before: Ingredients, **given: Any) -> list[str]:
    """Say what changed; make sure that the key changed just if something did."""
    after = present(folder, like=before, **given)
    found = differences(before, after, read(folder).blocks)
    assert (make_key(before) == make_key(after)) == (not found)
    return found


@pytest.mark.parametrize("name", FRESH)
def test_edit_that_changes_no_output(folder: Path, name: str) -> None:
    before, with_lines = present(folder), present(folder, with_lines=True)
    edit(folder, *FRESH[name])
    assert news(folder, before) == []
    assert news(folder, with_lines) == MOVED.get(name, []), "if an output names lines"


@pytest.mark.parametrize("name", STALE)
def test_edit_that_may_change_output(folder: Path, name: str) -> None:
    before = present(folder)
    file, old, new, sentences = STALE[name]
    edit(folder, file, old, new)
    assert news(folder, before) == sentences


def test_stored_key(folder: Path) -> None:
    assert make_key(present(folder)) == KEY


@pytest.mark.parametrize(
    ("given", "sentences"),
    [
        ({"packages": {"torch": "2.15.0"}}, ["torch 2.14.1 → 2.15.0"]),
        ({"packages": {}}, ["torch 2.14.1 → not pinned"]),
        (
            {"packages": {**GIVEN["packages"], "numpy": "2.4.0"}},
            ["numpy not pinned → 2.4.0"],
        ),
        (
            {"data": {**GIVEN["data"], "Fashion-MNIST": "dead"}},
            ["data set Fashion-MNIST: its digest changed"],
        ),
        ({"data": {**GIVEN["data"], "CIFAR-10": "dead"}}, []),
        (
            {"gallery": {**GIVEN["gallery"], "threads": 2}},
            ["setting threads: 1 → 2"],
        ),
        (
            {"gallery": {**GIVEN["gallery"], "threads": True}},
            ["setting threads: 1 → True"],
        ),
        ({"gallery": {**GIVEN["gallery"], "capture_repr": ("__repr__",)}}, []),
    ],
)
def test_what_the_project_gives(
    folder: Path, given: dict[str, Any], sentences: list[str]
) -> None:
    assert news(folder, present(folder), **given) == sentences


def test_whole_project_elsewhere_under_another_name(folder: Path) -> None:
    before = present(folder)
    (folder / "recipe.py").rename(folder / "renamed.py")
    moved = folder.rename(folder.parent / "moved")
    (moved / "renamed.py").rename(moved / "recipe.py")
    assert news(moved, before) == []


def test_ingredients_come_back_from_a_recording(folder: Path) -> None:
    given = present(folder, gallery={"a": (1, (None, True)), "b": {"y", "x"}, "c": {}})
    kept = json.loads(json.dumps(asdict(given)))
    again = Ingredients(**{**kept, "blocks": tuple(kept["blocks"])})
    assert again == given
    assert make_key(again) == make_key(given)


def test_key_that_counts_lines_is_another_one(folder: Path) -> None:
    without, counted = present(folder), present(folder, with_lines=True)
    assert counted.lines == (11, 20)
    assert make_key(without) != make_key(counted)
    alike = replace(without, lines=counted.lines)
    sentence = ["line numbers count in only one of the two keys"]
    assert differences(without, alike, read(folder).blocks) == sentence


@pytest.mark.parametrize(
    ("code", "holds_code"),
    [
        ("a\n", True),
        ("def broken(:\n", True),
        ("# a comment\n\n# sphinx_gallery_defer_figures\n", False),
        ("\n", False),
    ],
)
def test_block_that_holds_code(code: str, holds_code: bool) -> None:  # noqa: FBT001
    assert is_code(Block("code", code, 1)) == holds_code
    assert not is_code(Block("text", code, 1))


@pytest.mark.parametrize("code", ["a = 1\nb = (\n", "a\n  b\n", "f(", "a\0"])
def test_code_that_is_not_python_is_compared_as_text(tmp_path: Path, code: str) -> None:
    def key(code: str) -> str:
        blocks = (Block("code", "ok", 1), Block("code", code, 10))
        recipe = Recipe(tmp_path / "r.py", "r", "recipe", blocks)
        return make_key(collect_ingredients(recipe))

    assert key(code) == key(f"\n{code}\n")
    assert key(code) != key(f"{code} # comment")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"needs": 1}, "sphinx_gallery_needs must be a list of strings, not 1"),
        ({"needs": ["Fasion-MNIST"]}, "sphinx_gallery_needs names 'Fasion-MNIST', whi"),
        ({"needs": [1]}, r"sphinx_gallery_needs must be a list of strings, not \[1]"),
        ({"files": None}, "sphinx_gallery_files must be a list of strings, not None"),
        ({"files": ["/x/*"]}, r"/x/\*: must be relative to the recipe's folder"),
        (
            {"files": ["*.csv"]},
            r"no file matches '\*.csv' in .*/; correct",
        ),
        ({"capture_repr": b""}, "a setting that changes output can't be b''"),
    ],
)
def test_setting_that_cannot_be_used(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        collect_ingredients(Recipe(tmp_path / "r.py", "r", "recipe", (), settings))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('  File "recipe.py", line 3, in <module>\n', True),
        ("x\n/home/me/recipe.py:12: UserWarning: old", True),
        ("an error on line 7", True),
        ("Lines 7 to 9", True),
        ("a straight line 3x + 2", True),
        ("a line, 7 points", False),
        ("outline 7, underline 8", False),
        ("a recipe", False),
        ("", False),
    ],
)
def test_output_that_names_lines(text: str, named: bool) -> None:  # noqa: FBT001
    recipe = Recipe(Path("recipe.py"), "recipe", "recipe", (Block("code", "f()", 1),))
    assert names_lines(["other", text], recipe) == named


def test_number_alone_that_may_be_a_line_s() -> None:
    recipe = Recipe(Path("recipe.py"), "r", "recipe", (Block("code", "f()\ng()", 7),))
    logs = replace(recipe, blocks=(Block("code", "log('%(lineno)d')\n", 7),))
    for text, is_line in {"7": True, "x:8 y": True, "9": False, "7.5": False}.items():
        assert not names_lines([text], recipe)
        assert names_lines([text], logs) == is_line
        assert names_lines([text], recipe, by_number=True) == is_line


def test_comments_count_where_an_output_quotes_code(folder: Path) -> None:
    for name in ("comment", "line break", "blank lines"):
        before = present(folder, quoted=True)
        edit(folder, *FRESH[name])
        [reason] = news(folder, before)
        assert reason.endswith("changed, or a comment in it (an output quotes it)")
    for name in ("sentence", "block of comments", "tags", "alternative"):
        before = present(folder, quoted=True)
        edit(folder, *FRESH[name])
        assert news(folder, before) == [], name


def test_pins() -> None:
    requirements = [
        "torch==2.14.1",
        "Torch_Vision [extra] == 0.29.1",
        "numpy >= 2, == 2.4.0",
        "later>=1",
        "wild==1.*",
        "any",
        "at @ https://example.org/at-1.0.zip",
        "both==2; sys_platform != 'win32'",
        "both==1; sys_platform == 'win32'",
    ]
    assert pins(requirements) == {
        "both": '1 ; sys_platform == "win32", 2 ; sys_platform != "win32"',
        "numpy": "2.4.0",
        "torch": "2.14.1",
        "torch-vision": "0.29.1",
    }
    assert [*pins(requirements)] == sorted(pins(requirements))
    with pytest.raises(ValueError, match="dependency specifier"):
        pins(["==1"])


def test_what_is_installed_is_compared_with_what_is_pinned() -> None:
    pinned = pins(
        [
            *("one==1.0", "two==2", "gpu==2.0", "absent==1", "pre==1rc1"),
            *("here==1; python_version > '3'", "here==2; python_version < '3'"),
            "comma==1; python_version in '3.8, 3.9'",
        ]
    )
    installed = {
        "one": "1",
        "two": "2.1",
        "gpu": "2.0+cu128",
        "pre": "1rc1",
        "here": "1",
        "comma": "2",
    }
    assert contradicted(pinned, installed) == {"two": ("2", "2.1")}
    later = {**installed, "here": "2", "one": "1.0.1"}
    assert contradicted(pinned, later).keys() == {"one", "two", "here"}


def test_pins_of_a_dependency_group(tmp_path: Path) -> None:
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text(
        "[dependency-groups]\n"
        "base = ['torch==2.14.1']\n"
        "recipes = ['matplotlib==3.11.2', {include-group = 'Base'}, 'pytest']\n"
        "circle = [{include-group = 'circle'}]\n"
    )
    expected = {"matplotlib": "3.11.2", "torch": "2.14.1"}
    assert pins_of_group(pyproject, "recipes") == expected
    with pytest.raises(ValueError, match=r"pyproject.toml: .*'missing' not found"):
        pins_of_group(pyproject, "missing")
    with pytest.raises(ValueError, match=r"pyproject.toml: .*includes itself"):
        pins_of_group(pyproject, "circle")
    pyproject.write_text("")
    with pytest.raises(ValueError, match="'recipes' not found"):
        pins_of_group(pyproject, "recipes")
