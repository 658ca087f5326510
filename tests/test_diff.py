"""What changed in recordings since a commit, as text, HTML and Markdown."""

from __future__ import annotations

import base64
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from projects import recipe
from stores import keep, printed

from recordings.cli import main
from recordings.comparison.verify import Rules
from recordings.library import open_library
from recordings.report.changes import change
from recordings.report.markdown import to_markdown

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeSite

    from recordings.model import Output, Recording

NAMES = ("changed", "close", "gone", "same")
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="{}"/>'


def figure(width: int) -> Output:
    data = {"image/svg+xml": SVG.format(width), "text/plain": "a figure"}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def git(folder: Path, *command: str) -> None:
    subprocess.run(["git", "-C", str(folder), *command], check=True)


@pytest.fixture(scope="module")
def root(make_site: MakeSite) -> Path:
    """Make a branch on which recordings differ from those of main; one is untracked."""
    recipes = {f"recipes/all/{name}.py": recipe("1") for name in NAMES}
    root = make_site(recipes, extensions=["recordings"]).root
    docs = root / "docs"
    keep(docs, *(f"recipes/all/{name}" for name in NAMES), outputs=[printed("1.000\n")])
    keep(docs, "recipes/all/changed", outputs=[printed("loss 0.50\n"), figure(100)])
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.email", "ada@example.org")
    git(root, "config", "user.name", "Ada")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "First")
    git(root, "switch", "-q", "-c", "mine")
    hostile = "<script>``` 0.60\n"
    keep(docs, "recipes/all/changed", outputs=[printed(hostile), figure(200)])
    git(root, "commit", "-q", "-a", "-m", "Another loss")
    git(root, "switch", "-q", "main")
    keep(docs, "recipes/all/same", outputs=[printed("2.00\n")])
    git(root, "commit", "-q", "-a", "-m", "Not of this branch")
    git(root, "switch", "-q", "mine")
    keep(docs, "recipes/all/close", outputs=[printed("1.010\n")])
    (docs / "recordings/recipes/all/gone.ipynb").unlink()
    (root / "recipes/all/gone.py").unlink()
    (root / "recipes/all/added.py").write_text(recipe("1"), "utf-8")
    keep(docs, "recipes/all/added")
    return root


def test_what_changed_since_the_branch_left_main_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    assert main(["diff"]) == 0
    assert capsys.readouterr().out == (
        "recipes/all/added.py: new (1.5 s)\n\n"
        "recipes/all/changed.py: changed (1.5 s → 1.5 s)\n"
        "  block 1 of 1:\n"
        "    printed:\n"
        "      - loss 0.50\n"
        "      + <script>``` 0.60\n"
        "    1 figure changed\n\n"
        "recipes/all/gone.py: removed (1.5 s)\n\n"
        "outputs changed in 1, 1 new, 1 removed, 2 as before\n"
    )
    # Since the last commit, that number has not changed; without tolerance, another.
    assert main(["diff", "HEAD", "--tolerance", "0"]) == 0
    told = capsys.readouterr().out
    assert "recipes/all/changed.py" not in told
    assert "? 1.000 is now 1.010: 1 % off" in told


def test_a_page_shows_figures_before_and_after(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    written = root / "out" / "page.html", root / "out" / "summary.md"
    words = ["diff", "main", "--html", str(written[0]), "--markdown", str(written[1])]
    assert main(words) == 0
    page, summary = (each.read_text("utf-8") for each in written)
    pictures = re.findall(r'src="data:image/svg\+xml;base64,([^"]*)" alt="(\w+)"', page)
    assert [(base64.b64decode(data).decode(), label) for data, label in pictures] == [
        (SVG.format(100), "Before"),
        (SVG.format(200), "After"),
    ]
    assert re.search(r"Compared with [0-9a-f]{7,} \(First, ", page)
    for text, escaped in ((page, "&lt;script&gt;"), (summary, "````diff\n")):
        assert escaped in text
    assert "<script>" not in page
    assert "Figures before and after are in `page.html`." in summary
    assert summary.startswith("**Recordings:** outputs changed in 1, 1 new, ")


def test_blocks_are_paired_by_their_code(make_site: MakeSite) -> None:
    root = make_site({}, extensions=["recordings"]).root

    def record(*codes: str) -> Recording:
        text = recipe("\n\n# %%\n# Text.\n".join(codes))
        (root / "recipes/all").mkdir(exist_ok=True)
        (root / "recipes/all/one.py").write_text(text, "utf-8")
        (root / "recipes/all/GALLERY_HEADER.rst").write_text("All\n===\n", "utf-8")
        keep(root / "docs", outputs=[printed(f"{len(codes)}\n")])
        library = open_library(root / "docs")
        [entry] = library.entries()
        assert entry.recording is not None
        return entry.recording

    before, after = record("a = 1", "b = 2", "c = 3"), record("a = 1", "c = 3")
    found = change(before, after, Rules())
    places = [each.place for each in found.blocks]
    gone = "block 2 of before, which is gone"
    assert places == ["block 1 of 2", gone, "block 2 of 2"]
    assert [each.source for each in found.blocks] == ["a = 1", "b = 2", "c = 3"]
    back = change(after, before, Rules())
    assert back.blocks[1].place == "block 2 of 3, which is new"
    assert (
        "Block 2 of 3, which is new:\n\nprinted:\n\n```diff\n+ 3\n```"
        in to_markdown([back], 0)
    )


def test_what_has_no_base_is_told_what_to_type(
    root: Path,
    make_site: MakeSite,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(root)
    for base in ("nowhere", "--help-me"):
        assert main(["diff", "--", base]) == 2
        said = capsys.readouterr().err
        assert said == (
            f"recordings: git knows no revision {base}; "
            "git log --oneline shows what it knows\n"
        )
    bare = make_site({"recipes/all/one.py": recipe("1")}, extensions=["recordings"])
    monkeypatch.chdir(bare.root)
    assert main(["diff"]) == 2
    assert "recordings is no folder" in capsys.readouterr().err
    keep(bare.root / "docs")
    assert main(["diff"]) == 2
    assert "is in no git repository with a commit" in capsys.readouterr().err


def test_a_number_that_other_code_gave_has_changed_however_little(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    script = root / "recipes/all/close.py"
    script.write_text(recipe("print(1.010)"), "utf-8")
    keep(root / "docs", "recipes/all/close", outputs=[printed("1.010\n")])
    assert main(["diff"]) == 0
    assert "1.000 is now 1.010" in capsys.readouterr().out
