"""Edit generated projects at random: is a recording stale just if its output changes?

Each project has some recipes, each of which depends on things in random ways. After
each edit, every recipe is run again and compared with its recording. That a recording
stays fresh whose output changes is a fault. That one is stale for nothing is not, but
it costs a run, so the reasons are counted. No recipe shows line ends, which by design
do not count. Type::

    python tests/fuzz_key.py --minutes 5 --seed 1
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from recordings.library import open_library
from recordings.running import runner

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

RECIPES: Final = 5
ROUNDS: Final = 8
"""Edits of each project."""
CONF: Final = """\
import os, sys
from pathlib import Path
sys.modules["matplotlib"] = None
sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
extensions = ["sphinx_gallery.gen_gallery", "recordings"]
sphinx_gallery_conf = {
    "examples_dirs": "../recipes", "gallery_dirs": "gallery",
    "image_scrapers": (), "reset_modules": [],
    "filename_pattern": "plot_", "ignore_pattern": r"/(?!plot_)[^/]*\\.py$",
}
"""
MODULE: Final = "def value():  # words\n    return 100\n"
OWN: Final = """\
import inspect
def own{n}():  # words
    return 100
print(inspect.getsource(own{n}))"""
PARTS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "module beside": ("import m{n}; print(m{n}.value())", {"m{n}.py": MODULE}),
    "package on the path": (
        "from p{n} import value; print(value())",
        {
            "../src/p{n}/__init__.py": "from p{n}.inner import value\n",
            "../src/p{n}/inner.py": MODULE,
            "../src/p{n}/unused.py": MODULE,
        },
    ),
    "module by name": (
        "import importlib; print(importlib.import_module('d' + '{n}').value())",
        {"d{n}.py": MODULE},
    ),
    "script by path": (
        "import runpy; print(runpy.run_path('r{n}.py')['value']())",
        {"r{n}.py": MODULE},
    ),
    "code that is read": (
        "exec(open('e{n}.py').read()); print(value())",
        {"e{n}.py": MODULE},
    ),
    "joined path": (
        "import os; print(open(os.path.join('data', 'j{n}.txt')).read())",
        {"data/j{n}.txt": "100\n", "data/unused{n}.txt": "100\n"},
    ),
    "glob": (
        "import glob\nprint(*[open(it).read() for it in sorted(glob.glob('g{n}/*t'))])",
        {"g{n}/one.txt": "100\n", "g{n}/two.csv": "100\n"},
    ),
    "folder": (
        "import os; print(sorted(os.listdir('l{n}')))",
        {"l{n}/one.txt": "100\n"},
    ),
    "data of a module": (
        "import held{n}; print(held{n}.value())",
        {
            "held{n}.py": "import pathlib\ndef value():\n"
            "    it = pathlib.Path(__file__).with_name('deep') / 'held{n}.txt'\n"
            "    return it.read_text()  # words\n",
            "deep/held{n}.txt": "100\n",
        },
    ),
    "other process": (
        "import os, sys\nprint(os.popen(sys.executable + ' c{n}.py').read())",
        {"c{n}.py": "print(open('c{n}.txt').read())  # words\n", "c{n}.txt": "100\n"},
    ),
    "other program": (
        "import subprocess; print(subprocess.getoutput('cat t{n}.txt'))",
        {"t{n}.txt": "100\n"},
    ),
    "optional file": (
        "try:\n    print(open('o{n}.txt').read())\nexcept OSError:\n    print('none')",
        {},
    ),
    "quotation": (
        "import inspect, q{n}; print(inspect.getsource(q{n}.value))",
        {"q{n}.py": MODULE},
    ),
    "own quotation": (OWN, {}),
    "line number": ("import sys; print(sys._getframe().f_lineno)", {}),
    "warning": ("import warnings; warnings.warn('beware {n}')  # words", {}),
    "environment": ("import os; print(os.environ['V{n}'])", {}),
    "hook": ("import os; print(os.environ['HELD{n}'])", {}),
    "module that conf.py loads": (
        "import k{n}; print(k{n}.DATA)",
        {
            "../src/k{n}.py": "DATA = open(__file__[:-2] + 'txt').read()  # words\n",
            "../src/k{n}.txt": "100\n",
        },
    ),
    "part of what is read": (
        "print(len(open('f{n}.txt').read()))",
        {"f{n}.txt": "100\n"},
    ),
    "name of a file": ("print('n{n}.txt')", {"n{n}.txt": "100\n"}),
    "own file": (
        "open('w{n}.txt', 'w').write('mine'); print(open('w{n}.txt').read())",
        {"w{n}.txt": "100\n"},
    ),
}
IN_CONF: Final = {
    "environment": "os.environ['V{n}'] = '100'\n",
    "hook": "def hook{n}(conf, name):\n    os.environ['HELD{n}'] = '100'\n"
    "sphinx_gallery_conf['reset_modules'].append(hook{n})\n",
    "module that conf.py loads": "import k{n}\n",
}


def make(root: Path, chance: Random) -> None:
    """Write a project."""
    conf, recipes = CONF, root / "recipes"
    files = {"../docs/index.rst": "A\n=\n", "README.txt": "Recipes\n=======\n"}
    for number in range(RECIPES):
        blocks = []
        for place, kind in enumerate(chance.sample([*PARTS], chance.randint(1, 5))):
            name = f"{number}{place}"
            code, own = PARTS[kind]
            files |= {
                path.replace("{n}", name): text.replace("{n}", name)
                for path, text in own.items()
            }
            conf += IN_CONF.get(kind, "").replace("{n}", name)
            blocks.append(code.replace("{n}", name))
        text = "\n\n# %%\n# Prose.\n\n".join(blocks)
        files[f"plot_{number}.py"] = f'"""\nTitle\n=====\n\nProse.\n"""\n\n{text}\n'
    for path, text in {**files, "../docs/conf.py": conf}.items():
        (recipes / path).parent.mkdir(parents=True, exist_ok=True)
        (recipes / path).write_text(text, "utf-8")


def edit(root: Path, chance: Random) -> str:
    """Change something, and say what."""
    left_out = {"__pycache__", "recordings", "_build"}
    files = sorted(
        path
        for path in root.rglob("*.*")
        if path.suffix in {".py", ".txt"} and not left_out & {*path.parts}
    )
    while True:
        path, kind = chance.choice(files), chance.choice([*EDITS])
        text = path.read_bytes().decode()
        if kind == "a file beside":
            path, text = path.with_name(f"new{path.suffix}"), ""
        elif kind == "a file that was looked for":
            path, text = root / f"recipes/o{chance.randrange(RECIPES)}0.txt", ""
        new = EDITS[kind](text, chance)
        if new != text:
            path.write_bytes(new.encode())
            return f"{kind}: {path.relative_to(root)}"


def value(text: str, chance: Random) -> str:
    """Put another number."""
    return re.sub(r"\b\d\d\d\b", str(chance.randint(100, 999)), text)


EDITS: Final[dict[str, Callable[[str, Random], str]]] = {
    "value": value,
    "one value": value,
    "some value": value,
    "comment": lambda text, chance: text.replace(
        "# words", f"# words{chance.random()}"
    ),
    "prose": lambda text, _: text.replace("Prose", "More prose"),
    "lines": lambda text, _: text.replace("Prose.\n", "Prose.\n\nProse.\n", 1),
    "line ends": lambda text, _: text.replace("\r\n", "\n").replace("\n", "\r\n"),
    "a file beside": lambda _, chance: f"x = {chance.random()}\n",
    "a file that was looked for": lambda _, chance: f"{chance.random()}\n",
}


def look(docs: Path, channel: Connection, *, write: bool) -> None:
    """Tell of each recipe its state, why, and whether its output is another now."""
    library = open_library(docs)
    entries = library.entries()
    results = runner.run(library, entries, anew=True, write=write)
    told = []
    for entry, result in zip(entries, results, strict=True):
        if result.recording is None:
            sys.exit(f"{entry.recipe.path.read_text('utf-8')}\n{result.reason}")
        old = entry.recording
        given = [
            json.dumps([it.outputs for it in each.blocks]) if each else ""
            for each in (old, result.recording)
        ]
        told.append((entry.recipe.path.stem, entry.state, entry.reasons, *given))
    channel.send(told)


def ask(docs: Path, *, write: bool) -> list[tuple[str, str, tuple[str, ...], str, str]]:
    """Look in a process of its own, which `conf.py` may change."""
    context = multiprocessing.get_context("fork")
    own, other = context.Pipe()
    process = context.Process(target=look, args=(docs, other), kwargs={"write": write})
    process.start()
    other.close()
    try:
        return list(own.recv())
    finally:
        process.join()


def main() -> int:
    """Edit and compare until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = Random(options.seed)  # noqa: S311 - it keeps no secret
    end = time.monotonic() + options.minutes * 60
    counts: Counter[str] = Counter()
    needless: Counter[str] = Counter()
    faults = 0
    while time.monotonic() < end:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
            root = Path(name).resolve()
            make(root, chance)
            ask(root / "docs", write=True)
            counts["projects"] += 1
            for _ in range(ROUNDS):
                what = edit(root, chance)
                counts["edits"] += 1
                for stem, state, reasons, old, new in ask(root / "docs", write=True):
                    changed = "other output" if old != new else "same output"
                    counts[f"{state}, {changed}"] += 1
                    if state == "fresh" and old != new:
                        faults += 1
                        code = (root / f"recipes/{stem}.py").read_text("utf-8")
                        print(f"FAULT: {what}\n{code}\n{old}\n{new}\n", flush=True)
                    if state == "stale" and old == new:
                        needless[f"{what.partition(':')[0]}: {reasons[0]}"] += 1
    for title, found in (("Recipes", counts), ("Stale for nothing", needless)):
        print(title, *(f"{n:6} {each}" for each, n in found.most_common()), sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
