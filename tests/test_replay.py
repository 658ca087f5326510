"""Pages made from recordings are the pages that Sphinx-Gallery itself makes."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from conftest import Site
from sphinx.errors import ConfigError
from stores import keep, printed

from recordings.gallery import signatures
from recordings.library import open_library
from recordings.store.seal import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import MakeSite

RECIPE = '"""\n{title}\n{rule}\n\nWords.\n"""\n\n{code}\n'
TWO = "for n in (1, 2):\n    plt.figure()\n    plt.plot([n, 2])\n"
CODE = {
    "prints": 'print("one\\ttwo")\nprint("three")',
    "values": "# %%\n# A value.\n\n{'a': 1}\n\n# %%\n# None.\n\nNone",
    "html": (
        "# %%\n# HTML.\n\n\nclass Shown:\n    def _repr_html_(self):\n"
        "        return '<b>bold</b>'\n\n\nprint('before')\nShown()"
    ),
    "no_repr": "# %%\n# No.\n\n{'b': 2}\n\n# sphinx_gallery_capture_repr = ()",
    "block_repr": (
        "# %%\n# A.\n\n{'b': 2}\n# sphinx_gallery_capture_repr_block = ()\n"
        "\n# %%\n# B.\n\n{'c': 3}"
    ),
    "figures": f"# %%\n# Two.\n\n{TWO}    plt.title(f'Picture {{n}}')\nprint('drawn')",
    "single": f"# %%\n# Two.\n\n{TWO}\n# sphinx_gallery_multi_image = 'single'",
    "single_block": f"# %%\n# A.\n\n{TWO}# sphinx_gallery_multi_image_block = 'single'",
    "deferred": "_ = plt.plot([1, 2])\n# sphinx_gallery_defer_figures\n"
    "\n# %%\n# Now.\n\n_ = plt.title('Late')",
    "dummy": "# %%\n# None.\n\nprint(1)\n\n# sphinx_gallery_dummy_images = 2",
    "ignored": (
        "# %%\n# Hidden.\n\n# sphinx_gallery_start_ignore\nx = 2\n"
        "# sphinx_gallery_end_ignore\nprint(x)"
    ),
    "thumbnail": f"# %%\n# Two.\n\n{TWO}\n# sphinx_gallery_thumbnail_number = 2",
    "thumbnail_path": "print(1)\n\n# sphinx_gallery_thumbnail_path = '_static/own.png'",
    "names_ä_梯度": "print('梯度 ä')",
    "own_rest": "# %%\n# Own.\n\nprint('with a note')\nSHOW = 'a *note*'",
    "fails": (
        "# %%\n# First.\n\nprint('fine')\n\n# %%\n# Then.\n\nprint('lost')\n"
        "raise ValueError('as expected')\n\n# %%\n# Never.\n\nprint('never')"
    ),
    "config": "# %%\n# Config.\n\nprint(1)  # stays\n\n# sphinx_gallery_tags = ['one']",
}
SCRAPER = '''\
"""Scrapers for the tests."""
import matplotlib
from sphinx_gallery.scrapers import matplotlib_scraper


def salt(gallery_conf, name):
    # The names inside an SVG are then the same in each run.
    matplotlib.rcParams["svg.hashsalt"] = "salt"


def svg(block, block_vars, gallery_conf):
    return matplotlib_scraper(
        block, block_vars, gallery_conf, format="svg", metadata={"Date": None}
    )


def notes(block, block_vars, gallery_conf):
    note = block_vars["example_globals"].pop("SHOW", None)
    return f"\\n.. note:: {note}\\n" if note else ""
'''
SETTINGS = """
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
"""
GALLERY = """
sphinx_gallery_conf |= {
    "image_scrapers": ("scraping.svg", "scraping.notes"),
    "reset_modules": ("matplotlib", "scraping.salt"),
    "expected_failing_examples": ["../recipes/some/fails.py"],
    "remove_config_comments": True,
    "min_reported_time": 1e9,
}
"""
REPLAY = ("-D", "recordings_mode=replay")


def recipe(title: str, code: str) -> str:
    return RECIPE.format(title=title, rule="=" * 60, code=code)


def features(make_site: MakeSite, *extensions: str) -> Site:
    """Make a site whose recipes use what Sphinx-Gallery offers, and build it."""
    first = "import matplotlib.pyplot as plt\n"  # so it may be imported beforehand
    files: dict[str, str | bytes] = {
        f"recipes/some/{name}.py": recipe(f"Recipe {name}", first + code)
        for name, code in CODE.items()
    }
    files["recipes/other/nested.py"] = recipe("Nested", f"{first}print('nested')")
    site = make_site(
        {**files, "docs/scraping.py": SCRAPER, "docs/_static/own.png": b""},
        draws=True,
        extensions=[*extensions],
        recordings_block_times=False,
        recordings_preload=["matplotlib.pyplot"],
        exclude_patterns=["**.ipynb"],
    )
    conf = site.root / "docs" / "conf.py"
    conf.write_text(SETTINGS + conf.read_text("utf-8") + GALLERY, "utf-8")
    from PIL import Image  # noqa: PLC0415

    Image.new("RGB", (40, 30), "white").save(site.root / "docs/_static/own.png")
    build = site.build()
    assert build.status == 0, build.stderr
    return site


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    """Make a site that uses what Sphinx-Gallery offers, and record it."""
    return features(make_site, "recordings")


def test_pages_are_those_of_sphinx_gallery(make_site: MakeSite, site: Site) -> None:
    def made(site: Site) -> dict[str, str]:
        """Give what Sphinx-Gallery made of recipes: pages, and pictures' digests."""
        folder = site.root / "docs" / "recipes"
        found = {}
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.suffix in {".rst", ".py"}:
                found[name] = path.read_text("utf-8").replace(str(site.root), "ROOT")
            elif path.suffix in {".svg", ".png"}:
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    expected, found = made(features(make_site)), made(site)
    assert found.keys() == expected.keys()
    # Tracebacks name files: ours without this machine's folders.
    name = "some/fails.rst"
    expected[name] = re.sub(r'File "[^"]*/', 'File "', expected[name])
    for name, text in expected.items():
        assert found[name] == text, name


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Give each file of a built site, with when it was written.

    Only Sphinx's own notes for the next build, which are not published, are left out.
    """
    return {
        path.relative_to(folder).as_posix(): (
            path.read_bytes(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".doctrees" not in path.parts
    }


def built(folder: Path) -> dict[str, bytes]:
    return {name: content for name, (content, _) in files(folder).items()}


def anew(site: Site, *options: str, mode: str = "replay") -> dict[str, bytes]:
    """Build a site from empty output folders; return its files."""
    for name in ("_build/html", "recipes"):
        shutil.rmtree(site.root / "docs" / name, ignore_errors=True)
    build = site.build("-D", f"recordings_mode={mode}", *options)
    assert build.status == 0, build.stderr
    return built(build.folder)


def test_replays_equal_the_build_that_recorded(site: Site) -> None:
    recordings = site.root / "docs" / "recordings"
    kept, recorded = files(recordings), built(site.root / "docs/_build/html")
    assert any(name.endswith(".svg") for name in recorded)
    assert anew(site) == recorded
    assert anew(site, "-j", "2", "--fresh-env") == recorded
    assert files(recordings) == kept, "a replay leaves the recordings alone"


# What Sphinx writes at each build, with recordings or without.
OF_THE_WHOLE_SITE = {
    ".buildinfo",
    "_static/basic.css",
    "_static/documentation_options.js",
    "_static/language_data.js",
    "_static/pygments.css",
    "genindex.html",
    "objects.inv",
    "search.html",
    "searchindex.js",
}


def test_second_build_rewrites_no_page_and_records_nothing(site: Site) -> None:
    output, recordings = (
        site.root / "docs" / name for name in ("_build/html", "recordings")
    )
    anew(site)
    before, kept = files(output), files(recordings)
    build = site.build()
    assert build.status == 0, build.stderr
    assert "0 added, 0 changed, 0 removed" in build.stdout
    assert "writing output... [" not in build.stdout
    after = files(output)
    assert after.keys() == before.keys()
    written = {name for name in after if after[name] != before[name]}
    # Older versions of Sphinx rewrite none of them.
    assert written <= OF_THE_WHOLE_SITE, "no page, no picture, no download"
    assert files(recordings) == kept


def test_a_page_is_made_again_when_its_recording_changed(site: Site) -> None:
    anew(site)
    recording = site.root / "docs/recordings/recipes/some/prints.ipynb"
    before = recording.read_text("utf-8")
    date = json.loads(before)["metadata"]["recording"]["run"]["date"]
    try:
        for old, new, shown in (
            ("three\\n", "THREE\\n", "THREE"),
            (date, "1970-01-01T00:00:00Z", "January 1, 1970"),  # on the run card alone
        ):
            text = recording.read_text("utf-8")
            assert old in text
            recording.write_text(sealed(text.replace(old, new)), "utf-8")
            build = site.build(*REPLAY)
            assert build.status == 0, build.stderr
            assert shown in build.page("recipes/some/prints.html")
            assert "0 added, 1 changed, 0 removed" in build.stdout
    finally:
        recording.write_text(before, "utf-8")


def test_notebooks_hold_the_outputs(site: Site) -> None:
    folder = site.root / "docs" / "recipes"
    for path in folder.rglob("*.ipynb"):
        nbformat.validate(nbformat.read(path, as_version=4))
    notebook = nbformat.read(folder / "some/figures.ipynb", as_version=4)
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    mimes = [mime for o in outputs for mime in o.get("data", {})]
    assert mimes.count("image/svg+xml") == 2
    assert [o.text for o in outputs if o.output_type == "stream"] == ["drawn\n"]


# Small sites -------------------------------------------------------------------

GOOD = "recipes/one/good"
RECIPES: dict[str, str | bytes] = {
    f"{GOOD}.py": recipe("Good", "print(1)\n\n# %%\n# Words.\n\nprint(2)"),
    "recipes/one/other.py": recipe("Other", "print(2)"),
}


@pytest.fixture(scope="module")
def recorded(make_site: MakeSite) -> Site:
    """Make a small site with recordings for which nothing was run, and build it."""
    site = make_site(
        RECIPES,
        extensions=["recordings"],
    )
    keep(site.root / "docs")
    build = site.build(*REPLAY)
    assert build.status == 0, build.stderr
    return site


@pytest.fixture
def small(recorded: Site, tmp_path: Path) -> Site:
    """Copy the small site, for a test that changes it."""
    shutil.copytree(recorded.root, tmp_path / "site")
    return Site(tmp_path / "site")


def test_what_is_stale_or_missing_cannot_be_published(small: Site) -> None:
    text = str(RECIPES[f"{GOOD}.py"]).replace("print(1)", "print(3)")
    small.write({f"{GOOD}.py": text})
    (small.root / "docs/recordings/recipes/one/other.ipynb").unlink()
    build = small.build(*REPLAY)
    assert build.status == 1
    for name, line in (
        ("good", "its recording is stale: code block 1 (line 7) changed."),
        ("other", "its recording is missing: it has no recording yet."),
    ):
        command = f"Type: python -m recordings run recipes/one/{name}.py"
        assert f"recipes/one/{name}.py:1: WARNING: {line}" in build.stderr
        assert command in build.stderr
        page = build.page(f"recipes/one/{name}.html")
        assert "This page has no output" in page
        assert command.removeprefix("Type: ") in re.sub("<[^>]+>", "", page)
        assert "sphx-glr-script-out" not in page, "output of other code than it shows"
    quiet = "-Dsuppress_warnings=recordings.stale,recordings.missing"
    assert small.build(*REPLAY, quiet, "-E").status == 0


def cells(change: Callable[[list[Any]], Any]) -> Callable[[str], str]:
    def edit(text: str) -> str:
        notebook = json.loads(text)
        change(notebook["cells"])
        del notebook["metadata"]["recording"]["seal"]  # it is one from before seals
        return json.dumps(notebook)

    return edit


BROKEN: dict[str, tuple[Callable[[str], str], str]] = {
    "empty": (lambda _: "", "not a valid notebook"),
    "truncated": (lambda text: text[:-20], "not a valid notebook"),
    "foreign": (
        lambda _: nbformat.writes(nbformat.v4.new_notebook()),
        "not a recording",
    ),
    "lost": (cells(list.pop), "its code is not the recipe's"),
    "swapped": (cells(list.reverse), "its code is not the recipe's"),
}


@pytest.mark.parametrize(("edit", "cause"), BROKEN.values(), ids=BROKEN)
def test_a_broken_recording_counts_as_missing(
    small: Site, edit: Callable[[str], str], cause: str
) -> None:
    file = small.root / f"docs/recordings/{GOOD}.ipynb"
    file.write_text(edit(file.read_text("utf-8")), "utf-8")
    good, _ = open_library(small.root / "docs").entries()
    assert good.state == "missing"
    [reason] = good.reasons
    assert "good.ipynb" in reason
    assert cause in reason


GUIDE = """\
---
file_format: mystnb
kernelspec: {name: python3}
orphan: true
---
# A guide

```{code-cell}
print(1)
```
"""
EDITS = f"""
import pathlib

extensions += ["myst_nb"]


def edit(app):
    for page in ("{GOOD}.py", "docs/guide.md"):
        file = pathlib.Path(__file__).parents[1] / page
        file.write_text(file.read_text("utf-8").replace("print(1)", "print(5)"))


def setup(app):
    app.connect("builder-inited", edit, priority=460)
"""


def test_a_page_that_is_edited_during_the_build_shows_no_output(small: Site) -> None:
    small.write({"docs/guide.md": GUIDE})
    conf = small.root / "docs" / "conf.py"
    settings = f"{conf.read_text('utf-8')}exclude_patterns = ['**.ipynb']\n"
    conf.write_text(settings + EDITS, "utf-8")
    keep(small.root / "docs", outputs=[printed("printed by one\n")])
    build = small.build(*REPLAY)
    assert build.status == 1
    for page in (GOOD, "guide"):
        shown = build.page(f"{page}.html")
        assert "5" in re.sub("<[^>]+>", "", shown).partition("print(")[2][:2]
        assert "This page has no output: its recording is stale" in shown
        assert "printed by one" not in shown
    assert build.stderr.count("it was edited during the build; build again") == 2
    notebook = small.root / f"docs/{GOOD}.ipynb"
    assert "printed by one" not in notebook.read_text("utf-8")


def test_block_times_and_dates_are_as_recorded(small: Site) -> None:
    page = small.build(*REPLAY, "-E").page(f"{GOOD}.html")
    assert page.count('class="recording-block-time') == 2
    file = small.root / f"docs/recordings/{GOOD}.ipynb"
    then = '"date": "1970-01-01T00:00:00Z"'  # a machine's clock may be wrong
    text = re.sub(r'"date": "[^"]+"', then, file.read_text("utf-8"))
    file.write_text(sealed(text), "utf-8")
    build = small.build(*REPLAY, "-D", "recordings_block_times=0")
    assert build.status == 0, build.stderr
    assert "recording-block-time" not in build.page(f"{GOOD}.html")
    assert "January 1, 1970" in build.page(f"{GOOD}.html")


def test_a_run_that_took_next_to_no_time_has_its_time_shown(small: Site) -> None:
    file = small.root / f"docs/recordings/{GOOD}.ipynb"
    text = re.sub(r'"seconds": [\d.]+', '"seconds": 0.0', file.read_text("utf-8"))
    file.write_text(sealed(text), "utf-8")
    page = small.build(*REPLAY).page(f"{GOOD}.html")
    assert "(0 minutes 0.001 seconds)" in page


def test_sphinx_gallery_s_own_processes_run_nothing(small: Site) -> None:
    pytest.importorskip("joblib", reason="Sphinx-Gallery's parallel needs joblib")
    conf = small.root / "docs" / "conf.py"
    parallel = "sphinx_gallery_conf['parallel'] = 2\n"
    conf.write_text(conf.read_text("utf-8") + parallel, "utf-8")
    (small.root / f"docs/recordings/{GOOD}.ipynb").unlink()
    build = small.build(*REPLAY)
    assert "[recordings.missing]" in build.stderr
    assert "sphx-glr-script-out" not in build.page(f"{GOOD}.html")


DRAWING = {
    "output_type": "display_data",
    "data": {"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>"},
    "metadata": {"alt": "Nothing."},
}
PIXEL = {
    "output_type": "display_data",
    "data": {
        "image/png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # noqa: E501
    },
    "metadata": {"alt": "A dot."},
}


def test_a_thumbnail_is_of_the_recording_that_is_shown(small: Site) -> None:
    images = small.root / "docs/recipes/one/images"
    thumbnails = []
    for outputs, suffixes in (([PIXEL], "png"), ([], "png"), ([DRAWING], "svg")):
        keep(small.root / "docs", GOOD, outputs=outputs or [printed("none\n")])
        build = small.build(*REPLAY)
        assert build.status == 0, build.stderr
        made = sorted(each.name for each in images.rglob("*good*.*"))
        pictures = [f"sphx_glr_good_00{n}.{suffixes}" for n in (1, 2) if outputs]
        assert made == [*pictures, f"sphx_glr_good_thumb.{suffixes}"]
        thumbnails.append((images / "thumb" / made[-1]).read_bytes())
    assert len({*thumbnails}) == 3


@pytest.mark.parametrize(
    "lost", ["images/thumb/sphx_glr_good_thumb.png", "images/*_001.*", "good.ipynb"]
)
def test_what_was_lost_of_a_page_is_made_again(small: Site, lost: str) -> None:
    keep(small.root / "docs", GOOD, outputs=[PIXEL])
    folder = small.root / "docs/recipes/one"
    assert small.build(*REPLAY).status == 0
    others = {each: each.stat().st_mtime_ns for each in folder.glob("*.rst")}
    [file] = [each for each in folder.glob(lost) if "good" in each.name]
    before = file.read_bytes()
    file.unlink()
    build = small.build(*REPLAY)
    assert build.status == 0, build.stderr
    assert file.read_bytes() == before
    del others[folder / "good.rst"]
    for each, time in others.items():
        assert each.stat().st_mtime_ns == time, f"{each.name} was not made again"


def test_unknown_sphinx_gallery_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    signatures.check()
    monkeypatch.setitem(signatures.SIGNATURES, "gen_rst.zip_files", "other parameters")
    with pytest.raises(ConfigError, match=r"gen_rst\.zip_files takes .* pip install"):
        signatures.check()
    monkeypatch.undo()
    monkeypatch.setitem(signatures.SIGNATURES, "gen_rst.no_such", "x")
    with pytest.raises(ConfigError, match="no_such takes"):
        signatures.check()
    monkeypatch.undo()
    monkeypatch.setattr("sphinx.version_info", (8, 1, 3, "final", 0))
    with pytest.raises(ConfigError, match=r"from 8\.2 .* pip install 'sphinx>=8\.2"):
        signatures.check()
