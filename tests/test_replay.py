"""Pages made from recordings are the pages that Sphinx-Gallery itself makes."""

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import MakeSite, Site
from sphinx.errors import ConfigError

from recordings.gallery import signatures

PNG = base64.b64encode(b"no picture, but no recipe needs one").decode()
RECIPE = '"""\n{title}\n{rule}\n\nWords.\n"""\n\n{code}\n'
FIGURES = "import matplotlib.pyplot as plt\n"
CODE = {
    "prints": 'print("one\\ttwo")\nprint("three")',
    "one_block": "print(1)",
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
    "figures": FIGURES + "# %%\n# Two.\n\nfor n in (1, 2):\n    plt.figure()\n"
    "    plt.plot([n, 2])\n    plt.title(f'Picture {n}')\nprint('drawn')",
    "single": FIGURES + "# %%\n# Two.\n\nfor n in (1, 2):\n    plt.figure()\n"
    "    plt.plot([n, 2])\n\n# sphinx_gallery_multi_image = 'single'",
    "single_block": FIGURES + "# %%\n# Two.\n\nfor n in (1, 2):\n    plt.figure()\n"
    "    plt.plot([n, 2])\n# sphinx_gallery_multi_image_block = 'single'",
    "deferred": FIGURES + "_ = plt.plot([1, 2])\n# sphinx_gallery_defer_figures\n"
    "\n# %%\n# Now.\n\n_ = plt.title('Late')",
    "dummy": "# %%\n# None.\n\nprint(1)\n\n# sphinx_gallery_dummy_images = 2",
    "ignored": (
        "# %%\n# Hidden.\n\n# sphinx_gallery_start_ignore\nx = 2\n"
        "# sphinx_gallery_end_ignore\nprint(x)"
    ),
    "thumbnail": FIGURES + "# %%\n# Two.\n\nfor n in (1, 2):\n    plt.figure()\n"
    "    plt.plot([n, 2])\n\n# sphinx_gallery_thumbnail_number = 2",
    "thumbnail_path": "print(1)\n\n# sphinx_gallery_thumbnail_path = '_static/own.png'",
    "twin_a": FIGURES + "# %%\n# A.\n\n_ = plt.plot([1, 3])",
    "twin_b": FIGURES + "# %%\n# B.\n\n_ = plt.plot([1, 3])",
    "names_ä_梯度": "print('梯度 ä')",
    "own_rest": "# %%\n# Own.\n\nprint('with a note')\nSHOW = 'a *note*'",
    "fails": (
        "# %%\n# First.\n\nprint('fine')\n\n# %%\n# Then.\n\nprint('lost')\n"
        "raise ValueError('as expected')\n\n# %%\n# Never.\n\nprint('never')"
    ),
    "config": "# %%\n# Config.\n\nprint(1)  # stays\n\n# sphinx_gallery_tags = ['one']",
}
GUIDE = """\
---
file_format: mystnb
kernelspec: {name: python3}
orphan: true
---
# A guide

```{code-cell}
import matplotlib.pyplot as plt
print("guided")
_ = plt.plot([1, 2])
```
"""
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


def features(
    make_site: MakeSite, *extensions: str, scraper: str = "matplotlib"
) -> Site:
    """Make a site whose recipes use what Sphinx-Gallery offers."""
    files: dict[str, str | bytes] = {
        f"recipes/some/{name}.py": RECIPE.format(
            title=f"Recipe {name}", rule="=" * 60, code=code
        )
        for name, code in CODE.items()
    }
    files["recipes/other/nested.py"] = RECIPE.format(
        title="Nested", rule="=" * 60, code="print('nested')"
    )
    site = make_site(
        {**files, "docs/scraping.py": SCRAPER, "docs/_static/own.png": b""},
        extensions=[*extensions],
        recordings_block_times=False,
        exclude_patterns=["**.ipynb"],
        nb_execution_mode="cache",
    )
    conf = site.root / "docs" / "conf.py"
    conf.write_text(
        "import sys\nfrom pathlib import Path\n\n"
        "sys.path.insert(0, str(Path(__file__).parent))\n"
        f"{conf.read_text('utf-8')}\n"
        "sphinx_gallery_conf |= {\n"
        f"    'image_scrapers': ('{scraper}', 'scraping.notes'),\n"
        "    'reset_modules': ('matplotlib', 'scraping.salt'),\n"
        "    'expected_failing_examples': ['../recipes/some/fails.py'],\n"
        "    'remove_config_comments': True,\n"
        "    'min_reported_time': 1e9,\n}\n",
        "utf-8",
    )
    from PIL import Image  # noqa: PLC0415

    Image.new("RGB", (40, 30), "white").save(site.root / "docs/_static/own.png")
    return site


def made(site: Site) -> dict[str, str]:
    """Give what Sphinx-Gallery made of recipes: pages, and pictures' digests."""
    folder = site.root / "docs" / "recipes"
    pages = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix in {".rst", ".py"}:
            pages[name] = path.read_text("utf-8").replace(str(site.root), "ROOT")
        elif path.suffix in {".svg", ".png"}:
            pages[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return pages


@pytest.mark.parametrize("scraper", ["matplotlib", "scraping.svg"], ids=["png", "svg"])
def test_pages_are_those_of_sphinx_gallery(make_site: MakeSite, scraper: str) -> None:
    plain = features(make_site, scraper=scraper)
    build = plain.build()
    assert build.status == 0, build.stderr
    replayed = features(make_site, "recordings", scraper=scraper)
    build = replayed.build()
    assert build.status == 0, build.stderr
    expected, found = made(plain), made(replayed)
    assert found.keys() == expected.keys()
    # Tracebacks name files: ours without this machine's folders.
    expected["some/fails.rst"] = re.sub(
        r'File "[^"]*/', 'File "', expected["some/fails.rst"]
    )
    for name, text in expected.items():
        assert found[name] == text, name


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    """Make a site of recipes and a guide, and record it."""
    site = features(make_site, "myst_nb", "recordings", scraper="scraping.svg")
    site.write({"docs/guide.md": GUIDE})
    build = site.build()
    assert build.status == 0, build.stderr
    return site


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Give each file of a built site, with when it was written.

    Only Sphinx's own notes for the next build, which nobody publishes, are left out.
    """
    return {
        path.relative_to(folder).as_posix(): (
            path.read_bytes(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".doctrees" not in path.parts
    }


def digests(folder: Path) -> dict[str, str]:
    """Give the digest of each file of a built site."""
    return {
        name: hashlib.sha256(content).hexdigest()
        for name, (content, _) in files(folder).items()
    }


def anew(site: Site, mode: str, *options: str, builder: str = "html") -> dict[str, str]:
    """Build a site from empty output folders; give the digest of each file."""
    for name in ("_build/html", "_build/dirhtml", "recipes"):
        shutil.rmtree(site.root / "docs" / name, ignore_errors=True)
    build = site.build("-D", f"recordings_mode={mode}", *options, builder=builder)
    assert build.status == 0, build.stderr
    return digests(build.folder)


@pytest.mark.parametrize(
    ("builder", "options"),
    [("html", []), ("html", ["-j", "2", "--fresh-env"]), ("dirhtml", [])],
    ids=["html", "parallel", "dirhtml"],
)
def test_replay_equals_the_build_that_recorded(
    site: Site, builder: str, options: list[str]
) -> None:
    folder = site.root / "docs" / "recordings"
    before = files(folder)
    recorded = anew(site, "run", *options, builder=builder)
    written = files(folder)
    assert written.keys() == before.keys()
    for name, (_, when) in written.items():
        assert when > before[name][1], f"{name} was not recorded by this build"
    assert any(name.endswith(".svg") for name in recorded)
    assert anew(site, "replay", *options, builder=builder) == recorded
    assert files(folder) == written, "a replay leaves the recordings alone"


@pytest.mark.parametrize("options", [("-j", "2"), ("--fresh-env",)], ids=" ".join)
def test_replays_are_equal_however_they_are_built(
    site: Site, options: tuple[str, ...]
) -> None:
    assert anew(site, "replay", *options) == anew(site, "replay")


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


@pytest.mark.parametrize("mode", ["auto", "replay"])
def test_second_build_rewrites_no_page(site: Site, mode: str) -> None:
    anew(site, mode)
    output, recordings = (
        site.root / "docs" / name for name in ("_build", "recordings")
    )
    before, kept = files(output / "html"), files(recordings)
    build = site.build("-D", f"recordings_mode={mode}")
    assert build.status == 0, build.stderr
    assert "0 added, 0 changed, 0 removed" in build.stdout
    assert "writing output... [" not in build.stdout
    after = files(output / "html")
    assert after.keys() == before.keys()
    written = {name for name in after if after[name] != before[name]}
    assert written == OF_THE_WHOLE_SITE, "no page, no picture, no download"
    assert files(recordings) == kept


def test_a_page_is_made_again_when_its_recording_changed(site: Site) -> None:
    anew(site, "replay")
    recording = site.root / "docs/recordings/recipes/some/prints.ipynb"
    before = recording.read_text("utf-8")
    printed = before.replace("three\\n", "THREE\\n")  # not the code that printed it
    recording.write_text(printed, "utf-8")
    try:
        build = site.build("-D", "recordings_mode=replay")
        assert build.status == 0, build.stderr
        assert "THREE" in build.page("recipes/some/prints.html")
        assert "0 added, 1 changed, 0 removed" in build.stdout
    finally:
        recording.write_text(before, "utf-8")


def test_notebooks_hold_the_outputs(site: Site) -> None:
    anew(site, "replay")
    for path in (site.root / "docs" / "recipes").rglob("*.ipynb"):
        nbformat.validate(nbformat.read(path, as_version=4))
    notebook = nbformat.read(
        site.root / "docs/recipes/some/figures.ipynb", as_version=4
    )
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    mimes = [mime for o in outputs for mime in o.get("data", {})]
    assert mimes.count("image/svg+xml") == 2
    assert [o.text for o in outputs if o.output_type == "stream"] == ["drawn\n"]


RECIPES = {
    "recipes/one/good.py": RECIPE.format(title="Good", rule="=" * 9, code="print(1)"),
    "recipes/one/other.py": RECIPE.format(title="Other", rule="=" * 9, code="print(2)"),
}


def test_what_is_stale_or_missing_cannot_be_published(make_site: MakeSite) -> None:
    site = make_site(RECIPES, extensions=["recordings"])
    assert site.build().status == 0
    site.write({"recipes/one/good.py": RECIPES["recipes/one/good.py"] + "print(3)\n"})
    (site.root / "docs/recordings/recipes/one/other.ipynb").unlink()
    build = site.build("-D", "recordings_mode=replay")
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
    assert "[recordings.stale]" in build.stderr
    assert "[recordings.missing]" in build.stderr
    quiet = "-Dsuppress_warnings=recordings.stale,recordings.missing"
    assert site.build("-D", "recordings_mode=replay", quiet, "-E").status == 0


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "not a valid notebook"),
        ('{"cells": [', "not a valid notebook"),
        ("[1]", "not a valid notebook"),
        (nbformat.writes(nbformat.v4.new_notebook()), "not a recording"),
    ],
    ids=["empty", "truncated", "foreign", "not recorded"],
)
def test_a_broken_recording_counts_as_missing(
    make_site: MakeSite, text: str, cause: str
) -> None:
    site = make_site(RECIPES, extensions=["recordings"])
    file = "docs/recordings/recipes/one/good.ipynb"
    site.write({file: text})
    build = site.build("-D", "recordings_mode=replay")
    assert build.status == 1
    [line] = [each for each in build.stderr.splitlines() if "good.py:1" in each]
    assert "missing" in line
    assert "good.ipynb" in line
    assert cause in line


@pytest.mark.parametrize("edit", [list.pop, list.reverse], ids=["lost", "swapped"])
def test_a_recording_of_other_code_than_its_key_says_counts_as_missing(
    make_site: MakeSite, edit: Callable[[list[Any]], Any]
) -> None:
    code = "print(1)\n\n# %%\n# Words.\n\nprint(2)"
    files = {"recipes/one/good.py": RECIPE.format(title="G", rule="=", code=code)}
    site = make_site(files, extensions=["recordings"])
    assert site.build().status == 0
    file = site.root / "docs/recordings/recipes/one/good.ipynb"
    notebook = json.loads(file.read_text("utf-8"))
    edit(notebook["cells"])
    file.write_text(json.dumps(notebook), "utf-8")
    build = site.build("-D", "recordings_mode=replay")
    assert build.status == 1
    [line] = [each for each in build.stderr.splitlines() if "good.py:1" in each]
    assert "good.ipynb: its code is not the recipe's" in line
    assert "sphx-glr-script-out" not in build.page("recipes/one/good.html")


EDITS = """
import pathlib


def edit(app):
    for page in ("recipes/one/good.py", "docs/guide.md"):
        file = pathlib.Path(__file__).parents[1] / page
        file.write_text(file.read_text("utf-8").replace("print(1)", "print(5)"))


def setup(app):
    app.connect("builder-inited", edit, priority=460)
"""


def test_a_page_that_is_edited_during_the_build_shows_no_output(
    make_site: MakeSite,
) -> None:
    guide = GUIDE.replace('print("guided")', "print(1)")
    site = make_site(
        {**RECIPES, "docs/guide.md": guide},
        extensions=["myst_nb", "recordings"],
        nb_execution_mode="cache",
        exclude_patterns=["**.ipynb"],
    )
    assert site.build().status == 0
    conf = site.root / "docs" / "conf.py"
    conf.write_text(conf.read_text("utf-8") + EDITS, "utf-8")
    build = site.build()
    assert build.status == 1
    for page in ("recipes/one/good", "guide"):
        shown = build.page(f"{page}.html")
        assert "5" in re.sub("<[^>]+>", "", shown).partition("print(")[2][:2]
        assert "This page has no output: its recording is stale" in shown
        assert '<span class="go">1' not in shown
        assert "sphx-glr-script-out" not in shown
    assert build.stderr.count("it was edited during the build; build again") == 2
    notebook = site.root / "docs/recipes/one/good.ipynb"
    assert '"outputs": []' in notebook.read_text("utf-8")


def test_a_thumbnail_is_of_the_recording_that_is_shown(make_site: MakeSite) -> None:
    def draws(code: str) -> dict[str, str | bytes]:
        text = RECIPE.format(title="Good", rule="=" * 9, code=FIGURES + code)
        return {"recipes/one/good.py": text}

    site = make_site(
        {**draws("_ = plt.plot([1, 2])"), "docs/scraping.py": SCRAPER},
        extensions=["recordings"],
    )
    images = site.root / "docs/recipes/one/images"

    def pictures() -> list[str]:
        return sorted(each.name for each in images.rglob("*.*"))

    assert site.build().status == 0
    assert pictures() == ["sphx_glr_good_001.png", "sphx_glr_good_thumb.png"]
    before = (images / "thumb/sphx_glr_good_thumb.png").read_bytes()
    site.write(draws("_ = 1"))
    assert site.build().status == 0
    assert pictures() == ["sphx_glr_good_thumb.png"]
    assert (images / "thumb/sphx_glr_good_thumb.png").read_bytes() != before

    conf = site.root / "docs" / "conf.py"
    conf.write_text(
        "import sys\nfrom pathlib import Path\n\n"
        "sys.path.insert(0, str(Path(__file__).parent))\n"
        f"{conf.read_text('utf-8')}\n"
        "sphinx_gallery_conf['image_scrapers'] = ('scraping.svg',)\n",
        "utf-8",
    )
    (images / "sphx_glr_good_001.png").write_bytes(b"of a recording before")
    site.write(draws("_ = plt.plot([2, 1])"))
    build = site.build()
    assert build.status == 0, build.stderr
    assert pictures() == ["sphx_glr_good_001.svg", "sphx_glr_good_thumb.svg"]


def test_a_machine_s_clock_may_be_wrong(make_site: MakeSite) -> None:
    site = make_site(RECIPES, extensions=["recordings"])
    assert site.build().status == 0
    file = site.root / "docs/recordings/recipes/one/good.ipynb"
    then = '"date": "1970-01-01T00:00:00Z"'
    file.write_text(re.sub(r'"date": "[^"]+"', then, file.read_text("utf-8")), "utf-8")
    assert site.build().status == 0


def test_block_times_are_off_by_one_setting(make_site: MakeSite) -> None:
    site = make_site(RECIPES, extensions=["recordings"])
    assert 'class="recording-block-time' in site.build().page("recipes/one/good.html")
    build = site.build("-D", "recordings_block_times=0")
    assert build.status == 0, build.stderr
    assert "recording-block-time" not in build.page("recipes/one/good.html")


def test_recordings_may_stand_outside_of_the_docs(
    make_site: MakeSite, tmp_path: Path
) -> None:
    site = make_site(RECIPES, extensions=["recordings"], recordings_path=str(tmp_path))
    build = site.build()
    assert build.status == 0, build.stderr
    recording = tmp_path / "recipes" / "one" / "good.ipynb"
    downloads = [path.read_bytes() for path in build.folder.rglob("good.ipynb")]
    assert recording.read_bytes() in downloads


def test_sphinx_gallery_s_own_processes_run_nothing(make_site: MakeSite) -> None:
    pytest.importorskip("joblib", reason="Sphinx-Gallery's parallel needs joblib")
    gallery = {"parallel": 2}
    site = make_site(RECIPES, extensions=["recordings"], sphinx_gallery_conf=gallery)
    build = site.build("-D", "recordings_mode=replay")
    assert "[recordings.missing]" in build.stderr
    assert "sphx-glr-script-out" not in build.page("recipes/one/good.html")


def test_unknown_mode_is_named(make_site: MakeSite) -> None:
    site = make_site(RECIPES, extensions=["recordings"], recordings_mode="fast")
    build = site.build()
    assert build.status == 2
    assert "recordings_mode is 'fast'" in build.stderr


def test_unknown_sphinx_gallery_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    signatures.check()
    monkeypatch.setitem(signatures.SIGNATURES, "gen_rst.zip_files", "other parameters")
    with pytest.raises(ConfigError, match=r"gen_rst\.zip_files takes .* pip install"):
        signatures.check()
    monkeypatch.undo()
    monkeypatch.setitem(signatures.SIGNATURES, "gen_rst.no_such", "x")
    with pytest.raises(ConfigError, match="no_such takes"):
        signatures.check()
