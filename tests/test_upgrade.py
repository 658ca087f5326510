"""An upgrade: the newest versions that go together, and what they changed."""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
from dataclasses import replace
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zipfile import ZipFile

import facts
import pytest
import upgrade
from projects import recipe
from stores import RUN, keep, printed

from recordings.model import Ingredients, Recording
from recordings.report.changes import BlockChange, Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conftest import MakeSite

PINS: Final = """\
[project]
requires-python = ">=3.11"

[dependency-groups]
# Released as a pair.
recipes = ["torch==2.14.1", "torchvision==0.29.1", "matplotlib==3.11.2"]
docs = ["torch-of-another-name==1"]
"""
# Of torchvision, the oldest names no torch, and the newest torch has no partner yet.
RELEASES: Final[Mapping[tuple[str, str], str]] = {
    ("torch", "2.14.1"): "",
    ("torch", "2.15.0"): "",
    ("torch", "2.16.0"): "",
    ("torchvision", "0.1"): "torch",
    ("torchvision", "0.29.1"): "torch==2.14.1",
    ("torchvision", "0.29.2"): "torch==2.15.0",
    ("matplotlib", "3.11.2"): "",
    ("matplotlib", "3.12.0"): "",
}
CLAIMS: Final = """\
# Facts: torch/optim/sgd.py, 2.14.1, step: without a gradient nothing moves;
#   and torch/_tensor.py
["gradients/one"]
mutation = "none"

# Not a fact.
["gradients/two"]

# Facts:
# - by running
["gradients/three"]
"""
NAMED: Final = re.compile(r"[\w/*]+\.py\b")
"""A Python file, be its name full or not."""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write wheels that hold nothing but what they need."""
    folder = tmp_path_factory.mktemp("wheels")
    for (name, version), needs in RELEASES.items():
        about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        about += f"Requires-Dist: {needs}\n" if needs else ""
        wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        place = f"{name}-{version}.dist-info"
        with ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
            for part, text in {"METADATA": about, "WHEEL": wheel, "RECORD": ""}.items():
                file.writestr(f"{place}/{part}", text)
    return folder


@pytest.fixture
def _offline(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have uv know these wheels alone."""
    settings = wheels / "uv.toml"
    settings.write_text(f'no-index = true\nfind-links = ["{wheels}"]\n', "utf-8")
    monkeypatch.setenv("UV_CONFIG_FILE", str(settings))


@pytest.fixture
def root(make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project with recordings of the versions of now, all committed."""
    names = ("one", "two")
    site = make_site(
        {f"recipes/gradients/{it}.py": recipe("1") for it in names},
        extensions=["recordings"],
        recordings_requirements=["../pyproject.toml:recipes"],
    )
    site.write({"pyproject.toml": PINS, "tests/data/claims.toml": CLAIMS})
    site.write({".gitignore": "_build\n"})
    site.write(
        {"docs/guides/about.md": "PyTorch 2.14 does it.\nNot 12.14, nor 2.140.\n"}
    )
    said = [printed("loss 0.50\nUserWarning: step before clear\n")]
    keep(site.root / "docs", outputs=said)
    monkeypatch.chdir(site.root)
    for role, each in product(("AUTHOR", "COMMITTER"), ("NAME", "EMAIL")):
        monkeypatch.setenv(f"GIT_{role}_{each}", "ada@example.org")
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "First")):
        subprocess.run(["git", *words], check=True)
    return site.root


@pytest.mark.usefixtures("_offline")
def test_a_pair_is_raised_to_the_newest_that_resolves_together(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    upgrade.raise_pins("torch")
    assert capsys.readouterr().out == (
        "torch 2.14.1 → 2.15.0\ntorchvision 0.29.1 → 0.29.2\n"
    )
    raised = PINS.replace("2.14.1", "2.15.0").replace("0.29.1", "0.29.2")
    assert (root / "pyproject.toml").read_text("utf-8") == raised
    before = json.loads((root / upgrade.BEFORE).read_text("utf-8"))
    assert before["versions"]["torch"] == "2.14.1"
    with pytest.raises(SystemExit, match="no pin of matplotlip; did you mean matpl"):
        upgrade.raise_pins("matplotlip")


@pytest.mark.usefixtures("_offline")
def test_an_upgrade_is_compared_with_the_last_commit(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noted = root / upgrade.BEFORE

    def raise_pins(name: str) -> str:
        upgrade.raise_pins(name)
        return capsys.readouterr().out

    told = raise_pins("torch")
    # What an installed file had in it is kept where the upgrade was stopped.
    before = json.loads(noted.read_text("utf-8"))
    before["sources"]["torch/of_before.py"] = "1"
    noted.write_text(json.dumps(before), "utf-8")
    assert raise_pins("torchvision") == told, "one that was stopped goes on"
    told += "matplotlib 3.11.2 → 3.12.0\n"
    assert raise_pins("matplotlib") == told, "another package joins it"
    assert json.loads(noted.read_text("utf-8")) == before
    subprocess.run(["git", "commit", "-q", "-a", "-m", "Upgrade"], check=True)
    assert raise_pins("matplotlib") == "matplotlib 3.12.0: nothing newer resolves\n"
    assert not noted.exists(), "the next would be compared with it"


@pytest.mark.usefixtures("_offline")
def test_a_summary_says_what_changed_and_what_to_look_at(root: Path) -> None:
    upgrade.raise_pins("torch")
    said = [printed("loss 0.60\nUserWarning: clear before\n\tstep\n")]
    keep(root / "docs", "recipes/gradients/one", outputs=said)
    upgrade.write_summary()
    text = (root / upgrade.SUMMARY).read_text("utf-8")
    for line in (
        "## Upgrade: torch 2.14.1 → 2.15.0, torchvision 0.29.1 → 0.29.2",
        "In `docs/recordings`: 1 file changed, ",
        "**Recordings:** outputs changed in 1, 0 new, 0 removed, 1 as before.",
        "- loss 0.50",
        "- `recipes/gradients/two.py`: stale, ",
        "`recipes/gradients/one.py` no longer prints: `UserWarning: step before clear`",
        "`recipes/gradients/one.py` now prints: `UserWarning: clear before step`",
        "- not looked for, since these versions are not installed here",
        "- `gradients/one`: torch/optim/sgd.py could not be compared; torch/_tensor.py",
        "- `gradients/three`: to be tried again, as no Python file shows it\n",
        "\n  - by running\n",
        "- docs/guides/about.md:1: PyTorch 2.14 does it.",
    ):
        assert line in text, text
    assert "about.md:2" not in text
    assert "`gradients/two`" not in text
    assert "loss 0.60" in (root / upgrade.FOLDER / "diff.html").read_text("utf-8")
    (root / "pyproject.toml").write_text(PINS.replace("2.14.1", "2.14.2"), "utf-8")
    upgrade.write_summary()
    text = (root / upgrade.SUMMARY).read_text("utf-8")
    assert "about.md:1" not in text, "PyTorch is still 2.14"


def test_what_gave_the_same_with_other_versions_is_counted() -> None:
    old, new = (
        Recording("a", "", Ingredients(()), replace(RUN, versions={"torch": it}), ())
        for it in ("2.14.1", "2.15.0")
    )
    pairs = [(old, new), (new, new), (None, new), (old, None)]
    found = [Change("a", *pair) for pair in pairs]
    found.append(Change("a", old, new, (BlockChange("block 1", "", {}, []),)))
    assert upgrade.confirmed(found).endswith(": 1.")


def test_facts_whose_sources_are_the_same_need_no_second_look() -> None:
    [fact, _] = facts.read_facts(CLAIMS)
    assert fact.recipe == "gradients/one"
    assert fact.files == ("torch/optim/sgd.py", "torch/_tensor.py")
    old = (
        "class SGD:\n    def step(self):\n        return 1\n\n    def add(self): ...\n"
    )
    before = dict.fromkeys(fact.files, old)
    typed = old.replace("(self):\n", "(self) -> int:  # as before\n")
    assert not facts.to_look_up(fact, before, dict.fromkeys(fact.files, typed))
    now = before | {"torch/_tensor.py": old.replace("return 1", "return 2")}
    told = facts.to_look_up(fact, before, now)
    assert told == "torch/_tensor.py changed in **`SGD.step`**", "which the fact names"


@pytest.mark.parametrize(
    ("before", "now", "changed"),
    [
        ("def f(a: int):\n  'It is  so.'", "def f(a) -> int:\n  'It is so.'", []),
        ("def f(): return 1", "async def f(): return 1", ["f"]),
        ("class A:\n  'Says.'", "class A:\n  'Unsaid.'", ["A"]),
        ("add('f', 'Says.')", "add('f', 'Unsaid.')", ["f"]),
        ("@p\ndef f(): 1\n@f.s\ndef f(): 1", "@p\ndef f(): 2\n@f.s\ndef f(): 1", ["f"]),
        ("import a\nif a: b = 1", "import b\nif a: b = 2", [facts.OUTSIDE]),
    ],
)
def test_what_a_file_does_or_says_counts(
    before: str, now: str, changed: list[str]
) -> None:
    assert facts.changed_definitions(before, now) == changed


def test_of_a_long_list_the_first_are_named() -> None:
    fact = facts.Fact("a", "torch/d.py: z is 1", ("torch/d.py",))
    before, now = (
        {"torch/d.py": "\n".join(f"def {it}(): return {n}" for it in "abcdefz")}
        for n in (1, 2)
    )
    told = facts.to_look_up(fact, before, now)
    assert told == "torch/d.py changed in **`z`**, `a`, `b`, `c`, `d` and 2 more"


@pytest.mark.skipif(not find_spec("torchvision"), reason="its files are looked for")
def test_each_file_that_a_fact_names_can_be_compared() -> None:
    """What has no full name, or has moved, would not be compared, without a word."""
    found = [*facts.read_facts(upgrade.CLAIMS.read_text("utf-8"))]
    named = {(it.recipe, file) for it in found for file in NAMED.findall(it.text)}
    assert len(named) > len(found) / 2
    full = {(it.recipe, file) for it in found for file in it.files}
    packages = Path(sysconfig.get_path("purelib"))
    assert [
        it for it in named if it not in full or not (packages / it[1]).is_file()
    ] == []


def test_sources_are_those_of_the_version_that_is_asked_for() -> None:
    files = ["pytest/__init__.py", "pytest/nothing.py", "nobody/has.py"]
    found = facts.sources(files, {"pytest": pytest.__version__})
    assert [*found] == ["pytest/__init__.py"]
    assert not facts.sources(files, {"pytest": "0.1"})
