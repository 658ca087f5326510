"""A recording on another kind of device, beside the main one and on its page."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from projects import recipe
from stores import keep, printed

from recordings.cli import main
from recordings.library import open_library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import MakeSite, Site

STAND_IN = """
import os

class cuda:
    @staticmethod
    def is_available():
        return os.path.exists({flag!r})

    @staticmethod
    def get_device_name():
        return "A GPU of this test"

def name():
    return "cuda" if cuda.is_available() else "cpu"

def about_one():
    return 1.251 if cuda.is_available() else 1.234
"""
RECIPES = {
    "differs": "import torch\n\nprint(torch.name())",
    "near": "import torch\n\nprint(torch.about_one())",
    "plain": "print(1)",
}
FOLDER = "docs/recordings/recipes/all"


class Machine:
    """A site, and a machine whose GPU can be plugged in: a stand-in for PyTorch."""

    def __init__(self, site: Site, flag: Path) -> None:
        """Take the file that says whether it is plugged in."""
        self.site, self.flag = site, flag

    def plug(self, *, gpu: bool) -> None:
        """Plug its GPU in, or out."""
        self.flag.unlink(missing_ok=True)
        if gpu:
            self.flag.touch()

    def __call__(self, *arguments: str, status: int = 0) -> str:
        """Type `python -m recordings`, then these arguments; return what it says."""
        said = StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            found = main([*arguments, "--conf", str(self.site.root / "docs")])
        assert found == status, said.getvalue()
        return said.getvalue()

    def names(self) -> list[str]:
        """List the files of its recordings."""
        return sorted(each.name for each in (self.site.root / FOLDER).iterdir())

    def entry(self, name: str) -> Any:
        """Compare a recipe with its recording."""
        [entry] = open_library(self.site.root / "docs").entries([name])
        return entry


@pytest.fixture(scope="module")
def machine(
    make_site: MakeSite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """Make a site that is recorded without a GPU, and beside that with one."""
    folder = tmp_path_factory.mktemp("torch")
    flag = folder / "has a GPU"
    (folder / "torch.py").write_text(STAND_IN.format(flag=str(flag)), "utf-8")
    path = [str(folder), os.environ.get("PYTHONPATH", "")]
    files = {f"recipes/all/{name}.py": recipe(code) for name, code in RECIPES.items()}
    machine = Machine(make_site(files, extensions=["recordings"]), flag)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(path))
        machine("run")
        machine.plug(gpu=True)
        said = machine("run", "--variant")
        assert re.search(r"kept \S+/differs.py in .*, as \S+/differs.cuda.ipynb", said)
        assert re.search(r"ran \S+/plain.py .*; not kept: its recording ran on", said)
        yield machine


def test_a_variant_is_beside_its_main_recording(machine: Machine) -> None:
    mains = [f"{name}.ipynb" for name in RECIPES]
    assert machine.names() == sorted([*mains, "differs.cuda.ipynb", "near.cuda.ipynb"])
    assert machine.entry("differs").recording.run.gpu is None
    assert machine.entry("differs").variant.run.gpu == "A GPU of this test"
    said = machine("status", "--check")
    assert "3 of 3 recipes fresh" in said
    assert "without a recipe" not in said
    assert said.count("beside it, on cuda, recorded ") == 2
    assert "removed" not in machine("run", "--prune")
    assert len(machine.names()) == 5

    said = machine("verify", "near", "differs")
    assert "2 of 2 recipes as recorded" in said, "each with that of its own device"
    assert "differs.py gives other outputs on cpu and cuda:" in said
    assert "near.py gives other outputs" not in said
    machine.plug(gpu=False)
    assert "2 of 2 recipes as recorded" in machine("verify", "near", "differs")

    pages = machine.site.build("-D", "recordings_mode=replay")
    assert pages.status == 0, pages.stderr
    differs = pages.page("recipes/all/differs.html")
    assert "<summary>On a GPU (A GPU of this test): " in differs
    assert "What it prints differs" in differs
    assert '<span class="gi">+ cuda</span>' in differs
    assert "variant.css" in differs
    near = pages.page("recipes/all/near.html")
    assert "What it prints is the same, within the tolerance" in near
    plain = pages.page("recipes/all/plain.html")
    assert "recording-variant" not in plain
    assert "variant.css" not in plain
    text = machine.site.build("-D", "recordings_mode=replay", builder="text")
    assert text.status == 0, text.stderr
    made = machine.site.root / "docs/_build/text/recipes/all/differs.txt"
    assert "A GPU of this test" in made.read_text("utf-8")


def test_a_stale_variant_is_not_shown(machine: Machine) -> None:
    machine.plug(gpu=False)
    changed = RECIPES["differs"] + "\nprint(2)"
    machine.site.write({"recipes/all/differs.py": recipe(changed)})
    machine("run")
    entry = machine.entry("differs")
    assert entry.state == "fresh"
    assert entry.variant is None
    assert "differs.cuda.ipynb: stale, so not shown: " in entry.variant_fault
    [line] = [it for it in machine("status").splitlines() if "stale, so" in it]
    assert line.endswith("; to record it again on such a device, add --variant")
    build = machine.site.build("-D", "recordings_mode=replay")
    assert build.status == 0, build.stderr
    assert "recording-variant" not in build.page("recipes/all/differs.html")

    said = machine("run", "--variant", "differs", status=1)
    assert "differs.py: its recording ran on cpu, too; PyTorch finds no GPU" in said
    assert "running" not in said
    assert machine("run", "--variant", "near").endswith(
        "nothing to run: 1 recipe, 1 with a fresh recording on another kind of device\n"
    )


def test_outputs_that_agree_are_confirmed(machine: Machine) -> None:
    machine.plug(gpu=True)
    before = machine.entry("near").variant
    said = machine("run", "--variant", "--all", "near", "plain", "--json")
    results = json.loads(said[said.index("{") :])["results"]
    assert [each["status"] for each in results] == ["confirmed", "ran"]
    now = machine.entry("near").variant
    assert len(now.confirmations) == 1
    assert replace(now, confirmations=()) == before


def test_another_tolerance_makes_the_page_again(machine: Machine) -> None:
    pages = machine.site.build("-D", "recordings_mode=replay")
    assert "within the tolerance" in pages.page("recipes/all/near.html")
    conf = machine.site.root / "docs/conf.py"
    conf.write_text(conf.read_text("utf-8") + "recordings_tolerance = 0.0\n", "utf-8")
    pages = machine.site.build("-D", "recordings_mode=replay")
    assert "What it prints differs" in pages.page("recipes/all/near.html")


def test_a_variant_follows_its_recipe(machine: Machine) -> None:
    renamed = machine.site.root / "recipes/all/near.py"
    renamed.rename(renamed.with_name("close.py"))
    entry = machine.entry("close")
    assert entry.found_at == "recipes/all/near.ipynb"
    assert entry.variant, "it is shown before it is renamed, too"
    assert "without a recipe" not in machine("status")
    machine("run", "--prune", "close")
    assert machine.entry("close").variant == entry.variant
    assert "near.cuda.ipynb" not in machine.names()


@pytest.fixture
def docs(make_site: MakeSite) -> Path:
    """Make a site with recordings for which nothing was run."""
    recipes = {f"recipes/all/{name}.py": recipe("print(1)") for name in ("a", "e")}
    docs = make_site(recipes, extensions=["recordings"]).root / "docs"
    keep(docs, outputs=[printed("1.00\n")])
    return docs


def test_a_name_of_another_recipe_is_not_taken(
    docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = docs.parent / "recipes/all/e.cuda.py"
    other.write_text(recipe("print(2)"), "utf-8")
    keep(docs, "recipes/all/e.cuda")
    [entry] = open_library(docs).entries(["recipes/all/e.py"])
    assert not entry.variant_fault
    assert main(["run", "--variant", "recipes/all/e.py", "--conf", str(docs)]) == 1
    assert (
        "left out: recipes/all/e.py: recipes/all/e.cuda.ipynb is that of another "
        "recipe, recipes/all/e.cuda; rename one of them"
    ) in capsys.readouterr().out


def test_a_recording_of_the_same_device_is_needless(docs: Path) -> None:
    keep(docs, "recipes/all/a", gpu="A GPU")
    store = open_library(docs).store
    assert not open_library(docs).orphans()
    text = store.read("recipes/all/a.cuda.ipynb")
    assert text
    store.write("recipes/all/a.ipynb", text)
    assert open_library(docs).orphans() == ["recipes/all/a.cuda.ipynb"]


def test_a_diff_has_the_tolerance_of_the_recipe_and_the_device(
    docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "e"):
        keep(docs, f"recipes/all/{name}", outputs=[printed("1.000\n")], gpu="A GPU")
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "1"]):
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        subprocess.run(["git", "-C", str(docs), *who, *words], check=True)
    keep(docs, "recipes/all/a", outputs=[printed("1.010\n")], gpu="A GPU")
    strict = ["diff", "HEAD", "--tolerance", "0", "--conf", str(docs)]
    assert main(strict) == 0
    assert "recipes/all/a.py on cuda: changed" in capsys.readouterr().out


def test_what_is_finished_is_kept_when_a_run_ends_early(
    docs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "torch.py").write_text(STAND_IN.format(flag=str(tmp_path)), "utf-8")
    monkeypatch.setenv(
        "PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ['PYTHONPATH']}"
    )
    code = "import torch\nprint(1)"
    slow = f"{code}\nimport time\ntime.sleep(40)"
    for name, text in (("a", code), ("e", slow)):
        file = docs.parent / f"recipes/all/{name}.py"
        file.write_text(recipe(text), "utf-8")
    keep(docs, outputs=[printed("1\n")])
    kept = docs / "recordings/recipes/all/a.cuda.ipynb"
    words = ["-m", "recordings", "run", "--variant", "--jobs", "2", "--conf", str(docs)]
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout
        assert run.stderr
        told = next(line for line in run.stdout if line.startswith(b"kept "))
        run.send_signal(signal.SIGINT)
        assert b"stopped; what was finished is kept" in run.stderr.read()
    assert b"a.cuda.ipynb" in told
    assert kept.is_file()
