"""Guides from end to end: the runner records them, and pages show the recordings."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from typing import TYPE_CHECKING

import pytest
from conftest import Site
from stores import keep, printed

from recordings.cli import main
from recordings.library import open_library
from recordings.running import runner

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeSite

    from recordings.running.events import Result

HEADER = "---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n\n"
RECIPE = '"""\nOne\n===\n"""\n\nprint(1)\n'
INDEX = "# Site\n\n```{toctree}\n:glob:\n\nguides/*\nrecipes/index\n```\n"


def make(make_site: MakeSite, **guides: str) -> Site:
    """Make a site with a recipe and these guides."""
    files = {f"docs/guides/{name}.md": text for name, text in guides.items()}
    return make_site(
        {"recipes/all/one.py": RECIPE, "docs/index.md": INDEX, **files},
        extensions=["myst_nb", "recordings"],
        exclude_patterns=["_build", "**.ipynb", "**.md5"],
        locale_dirs=["locales"],
        gettext_compact=False,
    )


# Runs --------------------------------------------------------------------------


def guide(code: str) -> str:
    return f"{HEADER}# Guide\n\n```{{code-cell}}\n{code}\n```\n"


WRITES = """
import os, pathlib, tempfile
pathlib.Path("made").write_text("made")
pathlib.Path("../made").write_text("made")
pathlib.Path("data.csv").write_text("other")
print(pathlib.Path("../../outside.txt").read_text(), os.getcwd(), tempfile.mkdtemp())
os.remove("writes.md")
"""
WAITS = """
import pathlib, time
import helper
pathlib.Path({began!r}).touch()
while not pathlib.Path({go_on!r}).exists():
    time.sleep(0.01)
print(helper.a)
"""
MEASURES = """\
import torch
hidden = b"x" * 200 * 2**20
```

```{code-cell}
# only a comment
```

```{code-cell}
# sphinx_gallery_compare_block = 'shape'
import os
"""
TORCH = """
class cuda:
    is_available = staticmethod(lambda: True)
    get_device_name = staticmethod(lambda: "A GPU of this test")
"""


@pytest.fixture(scope="module")
def flag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name a file that is not there yet."""
    return tmp_path_factory.mktemp("flag") / "flag"


@pytest.fixture(scope="module")
def ran(
    make_site: MakeSite, tmp_path_factory: pytest.TempPathFactory, flag: Path
) -> tuple[Site, dict[str, Result], list[Path]]:
    """Run some guides, two of which are edited meanwhile."""
    folder = tmp_path_factory.mktemp("signals")
    go_on = folder / "go_on"
    waits = {
        name: guide(WAITS.format(began=str(folder / name), go_on=str(go_on)))
        for name in ("edited", "reworded")
    }
    site = make(
        make_site,
        **waits,
        fails=guide("x = 1\n1 / 0"),
        measures=guide(f"{MEASURES}print(1 + 9 * os.path.exists({str(flag)!r}))"),
        writes=guide(WRITES),
    )
    files = {"docs/guides/helper.py": "a = 1\n", "docs/guides/torch.py": TORCH}
    site.write({**files, "docs/guides/data.csv": "data", "outside.txt": "found"})
    site.write({".git/HEAD": "ref: refs/heads/main", ".git/objects/x": ""})
    site.write({".git/refs/x": ""})
    (site.root / "docs/guides/nowhere").symlink_to("is not there")
    before = sorted(site.root.rglob("*"))

    def edit() -> None:
        deadline = time.monotonic() + 60
        while not all((folder / name).exists() for name in waits):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        for name, old, new in (
            ("edited", "print(", "print(1, "),
            ("reworded", "# Guide", "# A guide\n\nWords."),
        ):
            file = site.root / "docs" / "guides" / f"{name}.md"
            file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")
        go_on.touch()

    thread = threading.Thread(target=edit)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(site.root))
        # Matplotlib, in this process, may make its cache of fonts at home.
        patch.setenv("MPLCONFIGDIR", str(folder))
        library = open_library(site.root / "docs")
        entries = [each for each in library.entries() if each.recipe.kind == "guide"]
        results = runner.run(library, entries, jobs=len(entries))
    thread.join()
    return site, {each.entry.recipe.path.stem: each for each in results}, before


Ran = tuple["Site", dict[str, "Result"], list["Path"]]


def test_a_guide_leaves_nothing_behind_and_finds_its_project(ran: Ran) -> None:
    site, results, before = ran
    assert results["writes"].recording
    (output,) = results["writes"].recording.blocks[0].outputs
    assert re.fullmatch(r"found \. /tmp/tmp\w+\n", output["text"])
    assert [*results["writes"].recording.ingredients.files] == ["../../outside.txt"]
    made = {"_build", "recordings"}
    after = [
        each
        for each in sorted(site.root.rglob("*"))
        if not made & {*each.relative_to(site.root).parts}
    ]
    assert after == before
    assert (site.root / "docs/guides/data.csv").read_text("utf-8") == "data"


def test_a_guide_whose_code_is_edited_while_it_runs_is_not_recorded(ran: Ran) -> None:
    site, results, _ = ran
    edited, reworded = results["edited"], results["reworded"]
    assert "changed while it ran; record it again" in edited.reason
    assert reworded.status == "recorded"
    names = open_library(site.root / "docs").store.names()
    expected = ("measures", "reworded", "writes")
    assert names == [f"guides/{each}.ipynb" for each in expected]


def test_a_guide_that_fails_is_named_with_its_line(ran: Ran) -> None:
    site, results, _ = ran
    failed = results["fails"]
    assert failed.reason == "fails.md:10: ZeroDivisionError: division by zero"
    assert str(site.root) not in failed.tail
    assert "recordings-" not in failed.tail


def test_memory_and_gpu_are_those_of_the_kernel(ran: Ran) -> None:
    recording = ran[1]["measures"].recording
    assert recording
    assert recording.run.gpu == "A GPU of this test"
    assert (recording.run.peak_memory or 0) > 200 * 2**20


def test_a_setting_is_of_its_own_cell_and_verify_confirms(
    ran: Ran, flag: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docs = ran[0].root / "docs"
    flag.touch()
    words = ["verify", "guides/measures.md", "--conf", str(docs), "--confirm"]
    file = docs / "recordings/guides/measures.ipynb"

    def lines() -> list[str]:
        text = file.read_text("utf-8")
        return [line for line in text.splitlines() if '"seal": ' not in line]

    before = lines()
    assert main(words) == 0
    assert "1 of 1 recipe as recorded and confirmed" in capsys.readouterr().out
    after = lines()
    assert len(after) == len(before) + 3
    start = after.index('   "confirmations": [')
    assert after[:start] + after[start + 3 :] == before


# Pages -------------------------------------------------------------------------

GUIDE = f"""\
{HEADER}# Guide

This is what it prints.

```{{code-cell}}
from pathlib import Path
Path("ran").touch()
```

```{{code-cell}}
:tags: [skip-execution]

print("never")
```

```{{code-cell}}
:tags: [hide-output]

print("four")
```
"""
KEYWORD = '<span class="kn">from</span>'
TRANSLATION = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "This is what it prints."
msgstr "这是它的输出。"
"""
REPLAY = ("-D", "recordings_mode=replay")


@pytest.fixture(scope="module")
def recorded(make_site: MakeSite) -> Site:
    """Make a site with two equal guides that are recorded, and one that isn't."""
    forced = GUIDE.replace(
        "file_format", "mystnb: {execution_mode: force}\nfile_format"
    )
    site = make(make_site, guide=GUIDE, twin=GUIDE, other=forced, words="# Words\n")
    site.write(
        {
            "docs/locales/zh_CN/LC_MESSAGES/guides/guide.po": TRANSLATION,
            "no_kernel/ipykernel/__init__.py": "raise ImportError('no kernel here')",
            "no_kernel/ipykernel_launcher.py": "open(__file__ + '/../started', 'w')",
        }
    )
    for page in ("guides/guide", "guides/twin", "recipes/all/one"):
        keep(site.root / "docs", page, outputs=[printed(f"by {page}\n")])
    build = site.build(*REPLAY, strict=False)
    assert build.status == 0, build.stderr
    assert build.stderr.count("WARNING") == build.stderr.count("[recordings.miss") == 1
    return site


@pytest.fixture
def site(recorded: Site, tmp_path: Path) -> Site:
    """Copy the site, for a test that changes it."""
    shutil.copytree(recorded.root, tmp_path / "site", symlinks=True)
    return Site(tmp_path / "site")


def page(site: Site, name: str, *options: str) -> str:
    """Build a site in which no kernel can start unseen; return one of its pages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site.root / "no_kernel"), prepend=":")
        build = site.build(*REPLAY, *options, strict=False)
    assert build.status == 0, build.stderr
    assert not (site.root / "docs/guides/ran").exists(), "a guide ran"
    assert not (site.root / "no_kernel/started").exists(), "a kernel started"
    return build.page(f"guides/{name}.html")


def text_of(page: str) -> str:
    shown = re.sub(r"(?s)<script.*?</script>", "", page)
    return " ".join(re.sub("<[^>]+>", " ", shown).split())


def edit(site: Site, old: str, new: str) -> None:
    file = site.root / "docs/guides/guide.md"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_guides_are_replayed_and_nothing_runs(recorded: Site) -> None:
    for name in ("guide", "twin"):
        shown = page(recorded, name)
        assert f"by guides/{name}" in shown
        assert KEYWORD in shown, "highlighted as Python"
    other = page(recorded, "other")
    assert "touch" in other
    assert "cell_output" not in other
    assert "This page has no output: its recording is missing" in other
    assert KEYWORD in other
    assert "mystnb" not in text_of(other)


def test_a_parallel_build_gives_the_same_page(recorded: Site) -> None:
    expected = page(recorded, "guide", "-E")
    assert page(recorded, "guide", "-E", "-j", "2") == expected


def test_another_language_is_made_from_the_same_recording(site: Site) -> None:
    shown = page(site, "guide", "-D", "language=zh_CN")
    assert "这是它的输出。" in shown
    assert "by guides/guide" in shown


def test_prose_options_and_kernel_name_may_change(site: Site) -> None:
    edit(site, "This is what it prints.", "It prints this.")
    edit(site, "python3", "torch")
    edit(site, ":tags: [hide-output]", ":tags: [hide-input]")
    edit(site, 'print("four")', "print('four')  # as it was")
    shown = page(site, "guide")
    assert "It prints this." in shown
    assert "by guides/guide" in shown
    edit(site, "'four'", "'five'")
    assert "by guides/guide" not in page(site, "guide")


def test_the_page_shows_the_newest_recording(site: Site) -> None:
    file = site.root / "docs/recordings/guides/guide.ipynb"
    assert "by guides/guide" in page(site, "guide")
    file.unlink()
    assert "by guides/guide" not in page(site, "guide")
    keep(site.root / "docs", "guides/guide", outputs=[printed("something new\n")])
    assert "something new" in page(site, "guide")


def test_each_cell_says_how_long_it_ran(site: Site) -> None:
    file = site.root / "docs/recordings/guides/guide.ipynb"
    notebook = json.loads(file.read_text("utf-8"))
    times = [each["metadata"]["recording"] for each in notebook["cells"]]
    for number, each in enumerate(times, 1):
        each["seconds"] = None if number == 2 else 10.0 + number
    del notebook["metadata"]["recording"]["seal"]
    file.write_text(json.dumps(notebook), "utf-8")
    shown = page(site, "guide")
    assert shown.count('class="recording-block-time docutils container"') == 2
    order = re.findall(r"touch|never|four|\b1\d s\b", text_of(shown))
    assert order == ["touch", "11 s", "never", "four", "13 s"]
    off = page(site, "guide", "-D", "recordings_block_times=0")
    assert "recording-block-time" not in off
    assert "11 s" not in text_of(off)
