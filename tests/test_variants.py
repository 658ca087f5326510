"""A recording on another kind of device, beside the main one and on its page."""

from __future__ import annotations

import os
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from projects import recipe

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
    return 1.0001 if cuda.is_available() else 1.0
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

    def __call__(self, *arguments: str) -> str:
        """Type `python -m recordings`, then these arguments; return what it says."""
        said = StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            found = main([*arguments, "--conf", str(self.site.root / "docs")])
        assert found == 0, said.getvalue()
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
        assert "differs.py: kept as recipes/all/differs.cuda.ipynb" in said
        assert "plain.py: not kept: its recording ran on cpu, too" in said
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

    said = machine("run", "--variant", "differs", "near")
    assert "differs.py: not kept: its recording ran on cpu, too" in said
    assert "near.py" not in said, "its variant is fresh"
    renamed = machine.site.root / "recipes/all/near.py"
    renamed.rename(renamed.with_name("close.py"))
    assert machine.entry("close").found_at == "recipes/all/near.ipynb"
    assert "near.cuda.ipynb, a recording without a recipe" in machine("run")
