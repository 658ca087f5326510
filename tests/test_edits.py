"""Which edits make a recording stale: what authors and translators rely on.

One table of edits, seen twice: by the state of the recording, and in a build, in which
the recipe leaves a trace when it runs.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import MakeSite, Site

from recordings.library import open_library
from recordings.running import runner

RECIPE = '''\
"""
A title
=======

A sentence.
"""

# %%
# A step
# ------
#
# Words.

# A comment.
import os

import helper

with open(os.environ["TRACE"], "a") as trace:
    trace.write("ran\\n")

x = helper.double(1)
print("value", x)

# %%
# More words.

rows = open("rows.csv").read()
print(rows)

# %%
# The end.

print("end")

# sphinx_gallery_tags = ["one"]
# sphinx_gallery_needs = ["Numbers"]
'''
CATALOG = """\
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "A sentence."
msgstr "一句话。"
"""
HELPER = "import deeper\n\n\ndef double(x):\n    return deeper.TWO * x\n"


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a file to which the recipe adds a line when it runs."""
    with pytest.MonkeyPatch.context() as patch:
        file = tmp_path_factory.mktemp("trace") / "trace"
        patch.setenv("TRACE", str(file))
        yield file


@pytest.fixture(scope="module")
def recorded(make_site: MakeSite, trace: Path) -> Site:
    """Make a site of one recipe, and record it."""
    site = make_site(
        {
            "recipes/one/recipe.py": RECIPE,
            "recipes/one/helper.py": HELPER,
            "recipes/one/deeper.py": "TWO = 2\n",
            "recipes/one/rows.csv": "1,2\n",
        },
        extensions=["recordings"],
        recordings_requirements=["numbers==1.0", "loose>=2"],
        recordings_data={"Numbers": "aa", "Letters": "bb"},
        sphinx_gallery_conf={"ignore_pattern": "(helper|deeper)"},
    )
    library = open_library(site.root / "docs")
    [result] = runner.run(library, library.entries())
    assert result.status == "recorded", result.reason
    assert trace.read_text("utf-8") == "ran\n"
    return site


def edit(file: str, old: str, new: str) -> Callable[[Path], None]:
    """Make an edit that puts `new` for `old` in a file of the site."""

    def apply(root: Path) -> None:
        path = root / file
        text = path.read_text("utf-8")
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1), "utf-8")

    return apply


def in_recipe(old: str, new: str) -> Callable[[Path], None]:
    """Make an edit of the recipe."""
    return edit("recipes/one/recipe.py", old, new)


def rename(old: str, new: str) -> Callable[[Path], None]:
    """Make an edit that renames a file."""

    def apply(root: Path) -> None:
        (root / new).parent.mkdir(exist_ok=True)
        (root / old).rename(root / new)

    return apply


def add(file: str, text: str) -> Callable[[Path], None]:
    """Make an edit that adds a file."""

    def apply(root: Path) -> None:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text, "utf-8")

    return apply


def both(*edits: Callable[[Path], None]) -> Callable[[Path], None]:
    """Make an edit of several."""

    def apply(root: Path) -> None:
        for each in edits:
            each(root)

    return apply


LANGUAGE = edit("docs/conf.py", "project =", "language = 'zh_CN'\nproject =")
REPLAYS = {
    "nothing": lambda _: None,
    "a sentence": in_recipe("A sentence.", "Another sentence, longer."),
    "a comment": in_recipe("# A comment.", "# Another comment.\n# And one more."),
    "blank lines": in_recipe('print("value", x)', '\n\n\nprint("value", x)'),
    "layout of code": in_recipe('print("value", x)', "print(\n    'value',\n    x,\n)"),
    "the title": in_recipe("A title\n=======", "A much longer title\n" + "=" * 19),
    "a heading": in_recipe("A step\n# ------", "First step\n# ----------"),
    "a boundary within text": in_recipe(
        "# A step\n# ------\n#\n# Words.", "# A step\n# ------\n\n# %%\n# Words."
    ),
    "tags": in_recipe('["one"]', '["one", "two"]'),
    "a new setting of the page": in_recipe(
        "# sphinx_gallery_tags", "# sphinx_gallery_position = 3\n# sphinx_gallery_tags"
    ),
    "the file's name": rename("recipes/one/recipe.py", "recipes/one/renamed.py"),
    "a data set that it does not need": edit("docs/conf.py", "bb", "cc"),
    "a loose requirement": edit("docs/conf.py", "loose>=2", "loose>=3"),
    "the language": LANGUAGE,
    "a catalog": both(
        LANGUAGE, add("docs/locales/zh_CN/LC_MESSAGES/recipes.po", CATALOG)
    ),
    "the theme": edit("docs/conf.py", "'basic'", "'furo'"),
}
RUNS = {
    "code": (in_recipe("helper.double(1)", "helper.double(2)"), "code block 1"),
    "a string in code": (in_recipe('"end"', '"The end"'), "code block 3"),
    "a boundary between code": (
        in_recipe("import helper\n", "import helper\n\n# %%\n# Words.\n"),
        "code blocks",
    ),
    "code in another block": (
        in_recipe('print("end")', 'print("end")\nprint("again")'),
        "code block 3",
    ),
    "a setting of output": (
        in_recipe(
            "# sphinx_gallery_tags",
            "# sphinx_gallery_threads = 2\n# sphinx_gallery_tags",
        ),
        "threads",
    ),
    "a setting of a block": (
        in_recipe('print("end")', 'print("end")\n# sphinx_gallery_defer_figures'),
        "code block 3",
    ),
    "a local module": (edit("recipes/one/helper.py", "* x", "* x + 1"), "helper.py"),
    "a module of a module": (edit("recipes/one/deeper.py", "2", "3"), "deeper.py"),
    "a data file": (edit("recipes/one/rows.csv", "1,2", "1,3"), "rows.csv"),
    "a pinned version": (edit("docs/conf.py", "==1.0", "==1.1"), "numbers 1.0 → 1.1"),
    "a data set that it needs": (edit("docs/conf.py", "'aa'", "'ab'"), "Numbers"),
    "what the gallery captures": (
        edit("docs/conf.py", "'examples_dirs'", "'capture_repr': (), 'examples_dirs'"),
        "capture_repr",
    ),
}


@pytest.fixture
def site(recorded: Site, tmp_path: Path) -> Path:
    """Give a copy of the recorded site, to edit."""
    return Path(shutil.copytree(recorded.root, tmp_path / "site"))


@pytest.mark.parametrize("apply", REPLAYS.values(), ids=REPLAYS.keys())
def test_edit_keeps_the_recording(apply: Callable[[Path], None], site: Path) -> None:
    apply(site)
    [entry] = open_library(site / "docs").entries()
    assert (entry.state, entry.reasons) == ("fresh", ())


@pytest.mark.parametrize(("apply", "reason"), RUNS.values(), ids=RUNS.keys())
def test_edit_makes_the_recording_stale(
    apply: Callable[[Path], None], reason: str, site: Path
) -> None:
    apply(site)
    [entry] = open_library(site / "docs").entries()
    assert entry.state == "stale"
    assert reason in "; ".join(entry.reasons)


def build_in(root: Path) -> str:
    """Build a site as whoever edited it does, strictly; give the recipe's page."""
    build = Site(root).build("-D", "recordings_mode=auto")
    assert build.status == 0, build.stderr
    [page] = (build.folder / "recipes").rglob("re[cn]*.html")
    return page.read_text("utf-8")


@pytest.mark.parametrize("name", REPLAYS)
def test_build_after_the_edit_runs_nothing(name: str, site: Path, trace: Path) -> None:
    REPLAYS[name](site)
    trace.unlink(missing_ok=True)
    page = build_in(site)
    assert not trace.exists(), "the recipe ran"
    assert "value 2" in page, "the recorded output"
    assert ("一句话。" in page) == (name == "a catalog")


@pytest.mark.parametrize("name", RUNS)
def test_build_after_the_edit_runs_the_recipe_once(
    name: str, site: Path, trace: Path
) -> None:
    RUNS[name][0](site)
    trace.unlink(missing_ok=True)
    page = build_in(site)
    assert trace.read_text("utf-8") == "ran\n"
    assert "value" in page
    [entry] = open_library(site / "docs").entries()
    assert (entry.state, entry.reasons) == ("fresh", ())


@pytest.mark.usefixtures("trace")
def test_lines_count_where_an_output_names_them(make_site: MakeSite) -> None:
    warns = RECIPE.replace('print("end")', 'import warnings\nwarnings.warn("beware")')
    files = {
        "recipes/one/recipe.py": warns.replace("import helper\n", "").replace(
            "helper.double(1)", "2"
        )
    }
    site = make_site(
        {**files, "recipes/one/rows.csv": "1\n"},
        extensions=["recordings"],
        recordings_data={"Numbers": "aa"},
    )
    library = open_library(site.root / "docs")
    [result] = runner.run(library, library.entries())
    assert result.status == "recorded", result.reason
    in_recipe("A sentence.", "A sentence.\n\nAnother one.")(site.root)
    [entry] = open_library(site.root / "docs").entries()
    assert entry.state == "stale"
    assert "line" in "; ".join(entry.reasons)
