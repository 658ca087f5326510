"""Guides from end to end: the runner records them, and pages show the recordings."""

from __future__ import annotations

import json
import re
import threading
import time
from typing import TYPE_CHECKING

import pytest

from recordings.cli import main
from recordings.library import open_library
from recordings.running import runner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import MakeSite, Site

    from recordings.running.events import Result

GUIDE = """---
file_format: mystnb
kernelspec: {name: python3}
---

# Guide

```{code-cell}
import torch

print("one")
```

```{code-cell}
:tags: [remove-cell]

hidden = b"x" * 200 * 2**20
```

```{code-cell}
:tags: [skip-execution]

print("never")
```

```{code-cell}
:tags: [hide-output]

print("four")
```
"""
HEADER = "---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n\n# Guide\n\n"
TORCH = """
class cuda:
    is_available = staticmethod(lambda: True)
    get_device_name = staticmethod(lambda: "A GPU of this test")
"""


def make_project(make_site: MakeSite, files: dict[str, str]) -> Site:
    """Make a site with one recipe and these files."""
    return make_site(
        {
            "recipes/all/one.py": '"""\nOne\n===\n"""\n\nprint(1)\n',
            "docs/index.md": "# Site\n\n```{toctree}\n:glob:\n\nguides/*\n"
            "recipes/index\n```\n",
            **files,
        },
        extensions=["myst_nb", "recordings"],
        exclude_patterns=["_build", "**.ipynb", "**.md5"],
        nb_execution_mode="cache",
        nb_execution_raise_on_error=True,
        sphinx_gallery_conf={"image_scrapers": (), "reset_modules": ()},
    )


def run(site: Site, name: str) -> Result:
    """Have the runner record one guide."""
    library = open_library(site.root / "docs")
    entries = [each for each in library.entries() if each.recipe.path.stem == name]
    (result,) = runner.run(library, entries, anew=True)
    return result


# Pages -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    """Make a site with a guide, and record it."""
    site = make_project(
        make_site, {"docs/guides/guide.md": GUIDE, "docs/guides/torch.py": TORCH}
    )
    build = site.build()
    assert build.status == 0, build.stderr
    return site


def text_of(page: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", page).split())


def test_run_card_of_a_guide_tells_memory_and_gpu_of_its_kernel(site: Site) -> None:
    card = site.build().page("guides/guide.html").partition("run-card")[2]
    shown = text_of(card)
    assert "GPU : A GPU of this test" in shown
    found = re.search(r"Peak memory : (\d+) MiB", shown)
    assert found
    assert int(found[1]) > 200


def test_each_cell_says_how_long_it_ran(site: Site) -> None:
    file = site.root / "docs/recordings/guides/guide.ipynb"
    before = file.read_text("utf-8")
    recorded = json.loads(before)
    times = [each["metadata"]["recording"] for each in recorded["cells"]]
    assert [each["seconds"] is None for each in times] == [False, False, True, False]
    for number, each in enumerate(times, 1):
        each["seconds"] = each["seconds"] and 10.0 + number
    file.write_text(json.dumps(recorded), "utf-8")
    try:
        shown = re.sub(r"(?s)<script.*?</script>", "", page := built(site))
        assert page.count('class="recording-block-time docutils container"') == 2
        order = re.findall(r"one|never|four|\b1\d s\b", text_of(shown))
        assert order == ["one", "one", "11 s", "never", "four", "four", "14 s"]
        off = built(site, "-D", "recordings_block_times=0")
        assert "recording-block-time" not in off
        assert "11 s" not in text_of(off)
    finally:
        file.write_text(before, "utf-8")


def built(site: Site, *options: str) -> str:
    build = site.build("-D", "recordings_mode=replay", *options)
    assert build.status == 0, build.stderr
    return build.page("guides/guide.html")


# Runs --------------------------------------------------------------------------


def guide(code: str) -> str:
    return f"{HEADER}```{{code-cell}}\n{code}\n```\n"


def printed(result: Result) -> str:
    assert result.recording, result.reason
    return "".join(
        output["text"]
        for block in result.recording.blocks
        for output in block.outputs
        if output["output_type"] == "stream"
    )


WRITES = """
import os, pathlib, tempfile
pathlib.Path("made").write_text("made")
pathlib.Path("../made").write_text("made")
pathlib.Path("data.csv").write_text("other")
print(pathlib.Path("../../outside.txt").read_text(), os.getcwd(), tempfile.mkdtemp())
os.remove("writes.md")
"""


def test_a_guide_leaves_nothing_behind_and_finds_its_project(
    make_site: MakeSite,
) -> None:
    site = make_project(
        make_site,
        {
            "docs/guides/writes.md": guide(WRITES),
            "docs/guides/data.csv": "data",
            "outside.txt": "found",
            ".git/HEAD": "ref: refs/heads/main",
            ".git/objects/x": "",
            ".git/refs/x": "",
        },
    )
    (site.root / "docs/guides/nowhere").symlink_to("is not there")
    (site.root / "nowhere").symlink_to("nowhere")
    before = sorted(site.root.rglob("*"))
    result = run(site, "writes")
    assert re.fullmatch(r"found \. /tmp/tmp\w+\n", printed(result))
    made = {"_build", "recordings"}
    after = [
        each
        for each in sorted(site.root.rglob("*"))
        if not made & {*each.relative_to(site.root).parts}
    ]
    assert after == before
    assert (site.root / "docs/guides/data.csv").read_text("utf-8") == "data"


WAITS = """
import pathlib, time
import helper
pathlib.Path({began!r}).touch()
while not pathlib.Path({go_on!r}).exists():
    time.sleep(0.01)
print(helper.a)
"""


def rewrite(file: str, old: str, new: str) -> Callable[[Path], None]:
    """Make an edit of one file in the guide's folder."""

    def edit(folder: Path) -> None:
        text = (folder / file).read_text("utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new), "utf-8")

    return edit


EDITS = {
    "its code": (rewrite("guide.md", "helper.a", "helper.a + 1"), True),
    "it is no Python any more": (rewrite("guide.md", "print(", "print(("), True),
    "it is gone": (lambda folder: (folder / "guide.md").unlink(), True),
    "a module of it": (rewrite("helper.py", "1", "2"), True),
    "its prose": (rewrite("guide.md", "# Guide", "# A guide\n\nWords."), False),
    "a comment": (rewrite("guide.md", "print(", "# words\nprint("), False),
}


@pytest.mark.parametrize(("edit", "is_change"), EDITS.values(), ids=EDITS)
def test_a_guide_that_is_edited_while_it_runs_is_not_recorded(
    make_site: MakeSite,
    tmp_path: Path,
    edit: Callable[[Path], None],
    *,
    is_change: bool,
) -> None:
    began, go_on = tmp_path / "began", tmp_path / "go_on"
    code = WAITS.format(began=str(began), go_on=str(go_on))
    site = make_project(
        make_site,
        {"docs/guides/guide.md": guide(code), "docs/guides/helper.py": "a = 1\n"},
    )

    def change() -> None:
        deadline = time.monotonic() + 60
        while not began.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        edit(site.root / "docs" / "guides")
        go_on.touch()

    thread = threading.Thread(target=change)
    thread.start()
    result = run(site, "guide")
    thread.join()
    names = open_library(site.root / "docs").store.names()
    if is_change:
        assert result.status == "failed"
        assert "changed while it ran; record it again" in result.reason
        assert names == []
    else:
        assert printed(result) == "1\n"
        assert names == ["guides/guide.ipynb"]


def test_a_setting_is_of_its_own_cell(make_site: MakeSite, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    times = "# sphinx_gallery_compare_block = 'shape'\n"
    code = f"{times}import os\nprint(1 + 9 * os.path.exists({str(flag)!r}))"
    empty = "```{code-cell}\n# only a comment\n```\n\n"
    text = guide(code).replace("```{code-cell}", f"{empty}```{{code-cell}}", 1)
    site = make_project(make_site, {"docs/guides/guide.md": text})
    conf = str(site.root / "docs")
    assert main(["run", "guides/guide.md", "--conf", conf]) == 0
    flag.touch()
    assert main(["verify", "guides/guide.md", "--conf", conf]) == 0


def test_a_guide_that_fails_or_floods_is_named_with_its_line(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    flood = "for _ in range(12):\n    print('x' * 2**20)"
    files = {
        "docs/guides/fails.md": guide("x = 1\n1 / 0"),
        "docs/guides/floods.md": guide(flood),
    }
    site = make_project(make_site, files)
    monkeypatch.setenv("HOME", str(site.root))
    failed = run(site, "fails")
    assert failed.reason == "fails.md:10: ZeroDivisionError: division by zero"
    assert str(site.root) not in failed.tail
    assert "recordings-" not in failed.tail
    flooded = run(site, "floods")
    why = "it printed more than 10,485,760 characters"
    assert flooded.reason == f"floods.md:9: {why}"
