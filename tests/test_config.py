"""Settings: what each may be, and how an invalid one is named."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from conftest import MakeSite
from sphinx.errors import ConfigError

from recordings.settings import RULES, Settings, from_namespace, read

INVALID: Mapping[str, Sequence[object]] = {
    "path": [None, 7, Path("recordings"), "", "./"],
    "mode": [None, True, "fast", []],
    "command": [None, ["nox", "-s", "record"]],
    "preload": ["torch", 7, [7]],
    "requirements": ["torch==2.0", [7], {"torch": "2.0"}, (b"a==1",)],
    "data": [None, ["Numbers"], {"Numbers": 7}, {7: "aa"}],
    "time_limit": [None, "300", True, -1, math.nan],
    "shared_folders": ["../recipes/io", None, [7]],
    "tolerance": [None, "0.1", True, -0.1, 1, math.nan],
    "block_times": [None, "no", 0.5, []],
    "svg_scripts": [None, "no", 0.5, []],
    "commits": [None, "https://example.org/commit/", 7],
}
VALID: Mapping[str, Sequence[object]] = {
    "path": ["recordings", "s3://bucket/recordings", "/srv/recordings"],
    "mode": ["auto", "replay", "run"],
    "command": ["nox -s record --"],
    "preload": [None, [], ["torch", "torch.nn"], ("torch",)],
    "requirements": [[], ["torch==2.0", "pyproject.toml:recipes"], ("a==1",)],
    "data": [{}, {"Numbers": "aa"}],
    "time_limit": [1, 0.5, 0],
    "shared_folders": [[], ["../recipes/io"], ("../recipes/io",)],
    "tolerance": [0, 0.05, 0.99],
    "block_times": [True, 0],
    "svg_scripts": [True, 0],
    "commits": ["", "https://example.org/commit/{}"],
}


def pairs(values: Mapping[str, Sequence[object]]) -> list[tuple[str, object]]:
    return [(name, value) for name, some in values.items() for value in some]


def test_each_setting_is_tried() -> None:
    names = {*Settings.__dataclass_fields__}
    assert names == RULES.keys() == INVALID.keys() == VALID.keys()


@pytest.mark.parametrize(("name", "value"), pairs(INVALID), ids=repr)
def test_an_invalid_value_is_named_with_its_setting(name: str, value: object) -> None:
    said = rf"^recordings_{name} must be .+, not {re.escape(repr(value))}$"
    with pytest.raises(ConfigError, match=said):
        from_namespace({f"recordings_{name}": value})


@pytest.mark.parametrize(("name", "value"), pairs(VALID), ids=repr)
def test_a_valid_value_is_taken(name: str, value: object) -> None:
    settings = from_namespace({f"recordings_{name}": value, "project": "Other"})
    assert getattr(settings, name) == value


@pytest.mark.parametrize(
    ("requirement", "cause"),
    [
        ("torch=2.0", "torch=2.0: .+"),
        ("none.toml:recipes", "none.toml:recipes: .*No such file"),
        ("some.toml:none", "some.toml:none: .*none"),
    ],
)
def test_an_invalid_requirement_is_named(
    tmp_path: Path, requirement: str, cause: str
) -> None:
    (tmp_path / "some.toml").write_text("[dependency-groups]\nrecipes = []\n", "utf-8")
    settings = Settings(requirements=(requirement,))
    with pytest.raises(ConfigError, match=f"^recordings_requirements: {cause}"):
        settings.packages(tmp_path)


def test_a_folder_without_conf_py_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"no conf.py in {tmp_path}; .* --conf"):
        read(tmp_path)


def test_a_build_names_an_invalid_setting(make_site: MakeSite) -> None:
    recipe = {"recipes/one/good.py": '"""\nOne\n===\n"""\n\nprint(1)\n'}
    site = make_site(recipe, extensions=["recordings"], recordings_requirements=[7])
    build = site.build()
    assert build.status == 2
    said = "recordings_requirements must be a list of strings, not [7]"
    assert said in build.stderr
