"""What a run reads, in whatever way, is what its recording depends on."""

from __future__ import annotations

import ast
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from projects import recipe
from stores import keep
from test_edits import add, edit, rename

from recordings.key import conf_code, noted
from recordings.key.place import Place
from recordings.library import open_library
from recordings.machine import handing_on, reads
from recordings.running import runner
from recordings.store.notebook import from_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import MakeSite, Site

CONF = """
import os, sys, tempfile
from functools import partial
from pathlib import Path

here = Path(__file__).parent
sys.path[:0] = [str(here.parent / "src"), str(here / "ext")]
import decimal, json, warnings
import numpy as np
import loaded, named, styles
from warnings import filterwarnings
DIGITS = 3
np.set_printoptions(precision=DIGITS)
decimal.getcontext().prec = 5
warnings.filters[:] = warnings.filters
if DIGITS:
    filterwarnings("ignore", category=ResourceWarning)
def configure():
    np.set_printoptions(suppress=True)
configure()
styles.use()
json.made_for = ["pages"]
extensions.append("sphinx.ext.mathjax")
os.environ["FROM_CONF"] = "one"
os.environ["FROM_CONF_PATH"] = str(here.parent / "src")
os.environ["EACH_RUN"] = tempfile.mkdtemp()
os.environ.setdefault("API_TOKEN", "dummy")
os.environ["PATH"] = "nowhere" + os.pathsep + os.environ["PATH"]
os.environ.setdefault("COLUMNS", "132")
os.environ["TMPDIR"] = "/tmp"
AMOUNT = 1
UNRELATED = 1

def amount():
    return AMOUNT

def reset(gallery_conf, name):
    os.environ["AMOUNT"] = str(amount())

def given(word, gallery_conf, name):
    os.environ["GIVEN"] = word + "1"

def make():
    def nested(gallery_conf, name):
        os.environ["NESTED"] = "1"
    return nested

class Reset:
    def method(self, gallery_conf, name):
        import sghelper
        os.environ["HELPED"] = sghelper.WORD

class Argv:
    def __call__(self, gallery_conf, variables):
        return ["--seed", "1"]

sphinx_gallery_conf |= {
    "image_scrapers": ["hooks.scrape"],
    "reset_modules": [reset, partial(given, "word"), make(), Reset().method],
    "reset_argv": Argv(),
}
"""
READS = """\
import ctypes, importlib, json, multiprocessing, os, runpy, sqlite3, subprocess, sys
import time
from pathlib import Path

import beside
import library
import loaded

print("points.csv")
print((Path("data") / "joined.txt").read_text())
print(open(os.path.join("..", "one", "own.txt")).read())
print(beside.read(), library.f(), loaded.g())
print([each.read_text() for each in sorted(Path("data").glob("*.csv"))])
print(sorted(os.listdir("listed")))
print(importlib.import_module("by_" + "name").x, __import__("by_dunder").x)
print(runpy.run_path("by_path.py")["x"])
print(importlib.import_module("load" + "ed.part").x)
print(importlib.import_module("named").x)

def child():
    print(Path("data", "child.txt").read_text())

process = multiprocessing.get_context("fork").Process(target=child)
process.start()
process.join()
subprocess.run(["cat", "data/argument.txt"], check=True)
words = [sys.executable, "program.py"]
program = subprocess.run(words, capture_output=True, check=True)
assert not program.stderr, program.stderr
CODE = "import os; print(os.environ.get('PYTHONPATH'), open('data/' + {!r}).read())"
for name, given in ("derived", {**os.environ, "X": "1"}), ("cleared", {}):
    words = [sys.executable, "-c", CODE.format(f"{name}.txt")]
    subprocess.run(words, env=given, check=True)
inner = [sys.executable, "-c", CODE.format("inner.txt")]
words = [sys.executable, "-c", f"import subprocess; subprocess.run({inner})"]
subprocess.run(words, check=True)
print(os.environ.get("PYTHONPATH"))
subprocess.run(["env"], env={"ONLY": "this"}, check=True)
spawned = multiprocessing.get_context("spawn").Pool(1)
print(spawned.map(beside.in_child, ["data/spawned.txt"]))
print(Path("maybe.json").exists())
try:
    print(open("maybe.json").read())
except FileNotFoundError:
    print("none")
Path("written.txt").write_text("mine")
print(Path("written.txt").read_text())
print(open(os.environ["OUTSIDE"]).read())
print(open("leaving/y.csv").read())
print(Path(os.environ["CHECKOUT"], "recipes/one/by_checkout.txt").read_text())
os.makedirs("kept", exist_ok=True)
print(sorted(os.listdir("kept")))
for make in (lambda: open("kept.txt", "x"), lambda: os.mkdir("kept")):
    try:
        make()
    except FileExistsError:
        print(open("kept.txt").read())
os.rename("moved.txt", "moved_away.txt")
print(open("moved_away.txt").read())
os.link("linked.txt", "link.txt")
print(open("link.txt").read())
os.symlink("data", "data_by_name")
print(open("data_by_name/named.txt").read())
subprocess.run(["cat", "cwd.txt"], cwd=Path("data"), check=True)
clock, time.time = time.time, lambda: 0.0
print(open("timeless.txt").read())
time.time = clock
print(open("data/rewritten.txt").read())
Path("data/rewritten.txt").write_text("1\\n")

# What freezes time does so wherever a module has a clock, or in C.
time.perf_counter = lambda: 1e9


def in_c(function):
    about = ctypes.c_void_p.from_address(id(function) + object.__basicsize__)
    return ctypes.c_void_p.from_address(about.value + ctypes.sizeof(ctypes.c_void_p))


in_c(time.time).value = in_c(time.monotonic).value
print(open("long_ago.txt").read(), time.time() < 1e9)
"""
QUOTES = """\
import inspect

import quoted


def own(x):
    # Own words.
    return x  # more


print(inspect.getsource(own))
print(inspect.getsource(quoted.f))
"""
LINES = """\
import logging
import sys
import warnings

logging.basicConfig(format="%(lineno)d", stream=sys.stdout, force=True)
logging.warning("beware")
warnings.warn("beware")  # shown
"""
FILES = {
    "recipes/one/reads.py": recipe(READS),
    "recipes/one/quotes.py": recipe(QUOTES),
    "recipes/one/lines.py": recipe(LINES),
    "recipes/one/plain.py": recipe(
        "# Words.\nfrom sphinx.pycode import ModuleAnalyzer\n"
        "ModuleAnalyzer.for_file('plain.py', 'plain')\nprint('plain')\n"
        "import numpy as np\nprint(np.array([1.23456]))"
    ),
    "recipes/one/beside.py": "from pathlib import Path\n\n\ndef read():  # words\n"
    "    return (Path(__file__).parent / 'deep' / 'deep.txt').read_text()\n"
    "\n\ndef in_child(name):\n    return open(name).read()\n",
    "recipes/one/program.py": "import of_program\nprint(of_program.x)\n",
    "recipes/one/of_program.py": "x = open('data/program.txt').read()\n",
    "recipes/one/quoted.py": "def f():\n    # Quoted words.\n    return 1\n",
    "recipes/one/deep/deep.txt": "deep\n",
    "recipes/one/own.txt": "own\n",
    "recipes/one/written.txt": "old\n",
    "recipes/one/points.csv": "1\n",
    "recipes/one/kept/one": "",
    **{
        f"recipes/one/{name}.txt": "1\n"
        for name in ("by_checkout", "kept", "linked", "long_ago", "moved", "timeless")
    },
    "recipes/one/listed/one": "",
    "recipes/one/by_name.py": "x = 1\n",
    "recipes/one/by_dunder.py": "x = 1\n",
    "recipes/one/by_path.py": "x = 1\n",
    **{
        f"recipes/one/data/{name}": "1\n"
        for name in (
            *("joined.txt", "a.csv", "child.txt", "argument.txt", "unused.txt"),
            *("derived.txt", "cleared.txt", "inner.txt"),
            *("program.txt", "spawned.txt", "named.txt", "cwd.txt", "rewritten.txt"),
        )
    },
    "src/library/__init__.py": "from library.inner import f\n",
    "src/library/inner.py": "def f():\n    return 1\n",
    "src/library/unused.py": "",
    "src/loaded/__init__.py": "from pathlib import Path\nfrom loaded import part\n"
    "DATA = (Path(__file__).parent / 'data.txt').read_text()\n"
    "def g():\n    return DATA\n",
    "src/loaded/part.py": "x = 1\n",
    "src/named.py": "x = 1\n",
    "src/styles.py": "def use():\n    print(end='1'[:0])\n",
    "src/loaded/data.txt": "data\n",
    "docs/ext/sghelper.py": "WORD = 'one'\n",
    "docs/ext/hooks.py": "def scrape(block, variables, conf):\n    return ''\n",
}


HIDDEN = "s3cret"


@pytest.fixture(scope="module", autouse=True)
def _own_environment() -> Iterator[None]:
    """Take back what `conf.py` sets in this process."""
    with patch.dict(os.environ):
        yield


@pytest.fixture(scope="module")
def recorded(make_site: MakeSite, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Make a site whose recipes read in many ways, and record it."""
    outside = tmp_path_factory.mktemp("outside") / "x.csv"
    outside.write_text("outside\n", "utf-8")
    ignored = "(beside|by_|quoted|program)"
    site = make_site(
        FILES,
        extensions=["recordings"],
        sphinx_gallery_conf={"ignore_pattern": ignored},
    )
    conf = site.root / "docs/conf.py"
    conf.write_text(conf.read_text("utf-8") + CONF, "utf-8")
    outside.with_name("y.csv").write_text("outside\n", "utf-8")
    (site.root / "recipes/one/leaving").symlink_to(outside.parent)
    checkout = tmp_path_factory.mktemp("links") / "checkout"
    checkout.symlink_to(site.root)
    shared_memory = Path("/dev/shm")  # noqa: S108 - a folder of the system
    with pytest.MonkeyPatch.context() as change:
        change.setenv("OUTSIDE", str(outside))
        change.setenv("API_TOKEN", HIDDEN)
        change.setenv("CHECKOUT", str(checkout))
        if shared_memory.is_dir():
            change.setattr(tempfile, "tempdir", str(shared_memory))
        library = open_library(site.root / "docs")
        results = runner.run(library, library.entries())
    assert {each.status for each in results} == {"recorded"}, results
    return site


@pytest.fixture
def site(recorded: Site, tmp_path: Path) -> Path:
    """Give a copy of the recorded site, to edit; it is in another place."""
    return Path(shutil.copytree(recorded.root, tmp_path / "elsewhere" / "site"))


def stale(root: Path) -> dict[str, str]:
    """Say of each stale recipe why it is."""
    entries = open_library(root / "docs").entries()
    return {
        each.recipe.path.stem: "; ".join(each.reasons)
        for each in entries
        if each.state != "fresh"
    }


ONE = "recipes/one/"
FRESH: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "a comment where a package reads the code": edit(
        f"{ONE}plain.py", "# Words.", "# Other words."
    ),
    "a comment in a module": edit(f"{ONE}beside.py", "# words", "# other words"),
    "a comment before quoted code": edit(f"{ONE}quotes.py", "Text.", "Other text."),
    "a file whose name is printed": edit(f"{ONE}points.csv", "1", "2"),
    "a file that is not read": edit(f"{ONE}data/unused.txt", "1", "2"),
    "a module that is not imported": add("src/library/unused.py", "x = 2\n"),
    "a file that the recipe writes": edit(f"{ONE}written.txt", "old", "older"),
    "a file beside": add(f"{ONE}new.txt", ""),
    "conf.py": edit("docs/conf.py", "UNRELATED = 1", "UNRELATED = 2"),
    "what conf.py sets for pages": edit("docs/conf.py", "pages", "others"),
    "an extension": edit("docs/conf.py", ".mathjax", ".ifconfig"),
    "comment in a hook": edit("docs/ext/hooks.py", "def", "# Words.\ndef"),
    "line ends": lambda root: [
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        for path in root.rglob("*")
        if path.suffix in {".py", ".txt", ".csv"}
    ],
}
DATA = f"{ONE}data/"
STALE: dict[str, tuple[Callable[[Path], object], dict[str, str]]] = {
    name: (edit(name, old, new), {"reads": f"{seen} changed"})
    for name, seen, old, new in (
        (f"{DATA}joined.txt", "data/joined.txt", "1", "2"),
        (f"{DATA}a.csv", "data/a.csv", "1", "2"),
        (f"{DATA}child.txt", "data/child.txt", "1", "2"),
        (f"{DATA}argument.txt", "data/argument.txt", "1", "2"),
        (f"{DATA}program.txt", "data/program.txt", "1", "2"),
        (f"{DATA}derived.txt", "data/derived.txt", "1", "2"),
        (f"{DATA}cleared.txt", "data/cleared.txt", "1", "2"),
        (f"{DATA}inner.txt", "data/inner.txt", "1", "2"),
        (f"{DATA}spawned.txt", "data/spawned.txt", "1", "2"),
        (f"{DATA}named.txt", "data/named.txt", "1", "2"),
        (f"{DATA}cwd.txt", "data/cwd.txt", "1", "2"),
        (f"{DATA}rewritten.txt", "data/rewritten.txt", "1", "2"),
        (f"{ONE}by_checkout.txt", "by_checkout.txt", "1", "2"),
        (f"{ONE}kept.txt", "kept.txt", "1", "2"),
        (f"{ONE}linked.txt", "linked.txt", "1", "2"),
        (f"{ONE}long_ago.txt", "long_ago.txt", "1", "2"),
        (f"{ONE}moved.txt", "moved.txt", "1", "2"),
        (f"{ONE}timeless.txt", "timeless.txt", "1", "2"),
        (f"{ONE}program.py", "program.py", ".x", ".x * 2"),
        (f"{ONE}of_program.py", "of_program.py", "read()", "read() * 2"),
        (f"{ONE}own.txt", "own.txt", "own", "new"),
        (f"{ONE}beside.py", "beside.py", "read_text()", "read_text() * 2"),
        (f"{ONE}deep/deep.txt", "deep/deep.txt", "deep", "new"),
        (f"{ONE}by_name.py", "by_name.py", "1", "2"),
        (f"{ONE}by_dunder.py", "by_dunder.py", "1", "2"),
        (f"{ONE}by_path.py", "by_path.py", "1", "2"),
        ("src/library/inner.py", "../../src/library/inner.py", "1", "2"),
        ("src/loaded/part.py", "../../src/loaded/part.py", "1", "2"),
        ("src/named.py", "../../src/named.py", "1", "2"),
        ("src/loaded/data.txt", "../../src/loaded/data.txt", "data", "new"),
    )
}
ALL = ("lines", "plain", "quotes", "reads")
STALE |= {
    "another file that a glob finds": (
        add(f"{DATA}b.csv", ""),
        {"reads": "data/ holds other files"},
    ),
    "another file in a folder": (
        rename(f"{ONE}listed/one", f"{ONE}listed/two"),
        {"reads": "listed/ holds other files"},
    ),
    "another file in a folder that had been made": (
        add(f"{ONE}kept/two", ""),
        {"reads": "kept/ holds other files"},
    ),
    "a file that was looked for": (
        add(f"{ONE}maybe.json", "1"),
        {"reads": "maybe.json is new"},
    ),
    "a file that is gone": (
        rename(f"{ONE}own.txt", f"{ONE}new.txt"),
        {"reads": "own.txt is gone"},
    ),
    "lines that are logged": (
        edit(f"{ONE}lines.py", "Text.", "Text.\n\nMore of it."),
        {"lines": "line numbers moved (an output names them)"},
    ),
    "a comment that a warning shows": (
        edit(f"{ONE}lines.py", "# shown", "# seen"),
        {"lines": "or a comment in it (an output quotes it)"},
    ),
    "a quoted comment": (
        edit(f"{ONE}quoted.py", "Quoted", "Other"),
        {"quotes": "quoted.py changed"},
    ),
    "an own quoted comment": (
        edit(f"{ONE}quotes.py", "Own words", "Other words"),
        {"quotes": "a comment in it (an output quotes it)"},
    ),
    "a scraper": (
        edit("docs/ext/hooks.py", "''", "' '"),
        dict.fromkeys(ALL, "../../docs/ext/hooks.py changed"),
    ),
    "what a reset hook in conf.py calls": (
        edit("docs/conf.py", "AMOUNT = 1", "AMOUNT = 2"),
        dict.fromkeys(ALL, "code of reset in conf.py"),
    ),
    "an object in conf.py": (
        edit("docs/conf.py", '"--seed", "1"', '"--seed", "2"'),
        dict.fromkeys(ALL, "code of Argv in conf.py"),
    ),
    **{
        f"in conf.py: {new}": (
            edit("docs/conf.py", old, new),
            dict.fromkeys(ALL, f"setting {name} in conf.py: "),
        )
        for name, old, new in (
            ("np.set_printoptions", "DIGITS = 3", "DIGITS = 4"),
            ("decimal.getcontext().prec", "prec = 5", "prec = 6"),
            ("warnings.filters[:]", "= warnings.filters", "= [*warnings.filters]"),
            ("filterwarnings", "ResourceWarning", "UserWarning"),
            ("configure", "suppress=True", "suppress=False"),
        )
    },
    "a module that conf.py calls": (
        edit("src/styles.py", "'1'", "'2'"),
        dict.fromkeys(ALL, "../../src/styles.py changed"),
    ),
    "another reset hook": (
        edit("docs/conf.py", "[reset, ", "["),
        dict.fromkeys(ALL, "reset_modules: ['reset', 'given', "),
    ),
    "the environment": (
        edit("docs/conf.py", '= "one"', '= "two"'),
        dict.fromkeys(ALL, "setting environment variable FROM_CONF: "),
    ),
    "a default in the environment": (
        edit("docs/conf.py", '"dummy"', '"other"'),
        dict.fromkeys(ALL, "setting environment variable API_TOKEN: "),
    ),
    "a hook with arguments": (
        edit("docs/conf.py", '+ "1"', '+ "2"'),
        dict.fromkeys(ALL, "code of given in conf.py"),
    ),
    "an argument of a hook": (
        edit("docs/conf.py", '"word"', '"other"'),
        dict.fromkeys(ALL, "code of given in conf.py"),
    ),
    "a nested hook": (
        edit("docs/conf.py", '["NESTED"] = "1"', '["NESTED"] = "2"'),
        dict.fromkeys(ALL, "code of make.<locals>.nested in conf.py"),
    ),
    "a method as a hook": (
        edit("docs/conf.py", "= sghelper.WORD", "= sghelper.WORD * 2"),
        dict.fromkeys(ALL, "code of Reset.method in conf.py"),
    ),
    "a module that a hook imports": (
        edit("docs/ext/sghelper.py", "one", "two"),
        dict.fromkeys(ALL, "../../docs/ext/sghelper.py changed"),
    ),
}


@pytest.mark.parametrize("name", FRESH)
def test_edit_that_changes_nothing_of_a_run(name: str, site: Path) -> None:
    FRESH[name](site)
    assert stale(site) == {}


@pytest.mark.parametrize("name", STALE)
def test_edit_of_what_a_run_used(name: str, site: Path) -> None:
    apply, expected = STALE[name]
    apply(site)
    found = stale(site)
    assert found.keys() == expected.keys(), found
    for stem, reason in expected.items():
        assert reason in found[stem]
        assert found[stem].count(";") == (name == "another reset hook"), "nothing else"


def test_no_value_of_the_environment_is_recorded(recorded: Site) -> None:
    for file in (recorded.root / "docs/recordings").rglob("*.ipynb"):
        text = file.read_text("utf-8")
        assert "environment variable API_TOKEN" in text
        assert HIDDEN not in text


def test_no_path_or_variable_of_ours_is_seen(recorded: Site) -> None:
    """In a recipe, in Python that it starts, and in another program."""
    docs = recorded.root / "docs"
    log = (docs / "_build/recordings/logs/recipes/one/reads.log").read_text("utf-8")
    notebook = (docs / "recordings/recipes/one/reads.ipynb").read_text("utf-8")
    assert handing_on.CHILDREN not in log + notebook
    assert "ONLY=this\n" in log
    assert f"{reads.WORKSPACE}=" not in log


def test_no_recipe_moves_the_clock_of_its_run(recorded: Site) -> None:
    file = recorded.root / "docs/recordings/recipes/one/reads.ipynb"
    recording = from_text(file.read_text("utf-8"), file.name)
    assert "1\n True" in recording.blocks[-1].outputs[-1]["text"]
    for seconds in (recording.run.seconds, recording.blocks[-1].seconds):
        assert 0 < (seconds or 0) < 1e6


def test_what_conf_py_sets_in_a_module_is_so_in_recipes(recorded: Site) -> None:
    file = recorded.root / "docs/recordings/recipes/one/plain.ipynb"
    assert "[1.235]" in file.read_text("utf-8")


def test_a_lambda_as_a_hook_has_all_of_conf_py_count(tmp_path: Path) -> None:
    conf = tmp_path / "conf.py"
    found = []
    for text in ("x = lambda: 1\ny = 1", "# x\nx = lambda: 1\ny = 1", "x = lambda: 2"):
        conf.write_text(text, "utf-8")
        found.append(conf_code.definition(conf, "<lambda>"))
    assert found[0] == found[1] != found[2]


def test_status_names_what_is_read_outside_the_project(recorded: Site) -> None:
    told = recorded.run("recordings", "status", "--conf", "docs").stdout
    assert told.count("reads outside the project: ") == 1
    assert "outside0/x.csv" in told
    assert "outside0/y.csv" in told
    assert "4 of 4 recipes fresh" in told


@pytest.mark.parametrize(
    ("started", "loaded", "changed"),
    [(-100, None, True), (100, None, False), (-100, 100, False), (100, -100, True)],
)
def test_a_module_that_was_loaded_before_is_edited_meanwhile(
    started: int,
    loaded: int | None,
    changed: bool,  # noqa: FBT001
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Times are in seconds from the edit."""
    script, file = tmp_path / "one" / "a.py", tmp_path / "loaded_before.py"
    script.parent.mkdir()
    file.write_text("x = 1\n", "utf-8")
    module, now = ModuleType(file.stem), time.time()
    module.__file__ = str(file)
    monkeypatch.setitem(sys.modules, file.stem, module)
    monkeypatch.setattr(noted, "STARTED", now + started)
    place = Place(script, tmp_path, tmp_path / "w" / "copy" / "p", now)
    earlier = [
        reads.Note(str(file), "module", now + each, True, "", str(file))  # noqa: FBT003
        for each in (loaded,)
        if each is not None
    ]
    used = noted.collect(place, ([], earlier), [ast.parse(f"import {file.stem}")], [])
    assert [*used.files] == ["../loaded_before.py"]
    assert used.changed == changed


class Alarm(Exception):  # noqa: N818
    """Not one of Python's."""


@pytest.mark.parametrize("raised", [Alarm, TimeoutError])
def test_what_a_signal_handler_raises_is_the_recipes(
    raised: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def handled(_arguments: object, _frame: object) -> None:
        raise raised

    monkeypatch.setitem(vars(reads)["_EVENTS"], "open", handled)
    with pytest.raises(raised):
        vars(reads)["_hear"]("open", ())


def test_older_recordings_are_compared_as_they_were_made(site: Path) -> None:
    keep(site / "docs")
    for file in (site / "docs/recordings").rglob("*.ipynb"):
        notebook = json.loads(file.read_text("utf-8"))
        about = notebook["metadata"]["recording"]
        del about["ingredients"]["noted"], about["ingredients"]["quoted"]
        del about["run"]["outside"], about["seal"]
        file.write_text(json.dumps(notebook), "utf-8")
    edit("docs/conf.py", '= "one"', '= "two"')(site)
    edit("docs/ext/hooks.py", "''", "' '")(site)
    assert stale(site) == {}
    edit(f"{ONE}plain.py", "'plain'", "'other'")(site)
    assert stale(site).keys() == {"plain"}
