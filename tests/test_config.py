"""Settings: what each may be, and how a wrong one is named."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

import pytest
from conftest import MakeSite
from sphinx.errors import ConfigError

from recordings.settings import TYPES, Settings, from_file

WRONG: Mapping[str, Sequence[object]] = {
    "path": [None, 7, Path("recordings"), b"recordings", "", ".", "./"],
    "mode": [None, True, 1, "fast", ""],
    "command": [None, 7, ["nox", "-s", "record"]],
    "preload": ["torch", None, [7], {"torch": "2.0"}],
    "requirements": ["torch==2.0", None, [7], [None], {"torch": "2.0"}, (b"a==1",)],
    "data": [None, "aa", ["Numbers"], {"Numbers": 7}, {7: "aa"}],
    "time_limit": [None, "300", True, 0, -1, math.nan],
    "tolerance": [None, "0.1", True, -0.1, 1, 1.5, math.nan],
    "block_times": [None, "no", 0.5, []],
}
RIGHT: Mapping[str, Sequence[object]] = {
    "path": ["recordings", "s3://bucket/recordings", "/srv/recordings"],
    "mode": ["auto", "replay", "run"],
    "command": ["nox -s record --"],
    "preload": [[], (), ["torch", "torch.nn"], ("torch",)],
    "requirements": [[], (), ["torch==2.0", "pyproject.toml:recipes"], ("a==1",)],
    "data": [{}, {"Numbers": "aa"}],
    "time_limit": [1, 0.5, 3600],
    "tolerance": [0, 0.05, 0.99],
    "block_times": [True, False, 0, 1],
}


def pairs(values: Mapping[str, Sequence[object]]) -> list[tuple[str, object]]:
    return [(name, value) for name, some in values.items() for value in some]


def conf(folder: Path, name: str, value: object) -> Path:
    """Write a conf.py with one setting."""
    text = (
        f"from math import nan\nfrom pathlib import *\nrecordings_{name} = {value!r}\n"
    )
    (folder / "conf.py").write_text(text, "utf-8")
    return folder


def test_each_setting_is_tried() -> None:
    names = {each.name for each in fields(Settings)}
    assert names == TYPES.keys() == WRONG.keys() == RIGHT.keys()


@pytest.mark.parametrize(("name", "value"), pairs(WRONG), ids=repr)
def test_a_wrong_value_is_named_with_its_setting(
    tmp_path: Path, name: str, value: object
) -> None:
    said = re.escape(f"recordings_{name} is {value!r}; it ")
    with pytest.raises(ConfigError, match=rf"^{said}(takes|knows|must be) .+"):
        from_file(conf(tmp_path, name, value))


@pytest.mark.parametrize(("name", "value"), pairs(RIGHT), ids=repr)
def test_a_right_value_is_taken(tmp_path: Path, name: str, value: object) -> None:
    settings, _ = from_file(conf(tmp_path, name, value))
    assert getattr(settings, name) == value


@pytest.mark.parametrize(
    ("requirement", "cause"),
    [
        ("torch=2.0", "torch=2.0: .+"),
        ("none.toml:recipes", "none.toml:recipes: .*No such file"),
        ("some.toml:none", "some.toml:none: .*none"),
    ],
)
def test_a_requirement_that_is_none_is_named(
    tmp_path: Path, requirement: str, cause: str
) -> None:
    (tmp_path / "some.toml").write_text("[dependency-groups]\nrecipes = []\n", "utf-8")
    settings, _ = from_file(conf(tmp_path, "requirements", [requirement]))
    with pytest.raises(ConfigError, match=f"^recordings_requirements: {cause}"):
        settings.packages(tmp_path)


def test_a_folder_without_conf_py_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"no conf.py in {tmp_path}; .* --conf"):
        from_file(tmp_path)


RECIPE = '"""\nOne\n===\n"""\n\nprint(1)\n'


def test_a_build_names_a_wrong_setting(make_site: MakeSite) -> None:
    site = make_site(
        {"recipes/one/good.py": RECIPE},
        extensions=["recordings"],
        recordings_requirements=[7],
    )
    build = site.build()
    assert build.status == 2
    assert "recordings_requirements is [7]; it takes a list of strings" in build.stderr
