"""Ten, a hundred, a thousand small recipes: time and memory."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.measure import Taken, median, run, table

CONF = """\
project = "Many"
extensions = ["sphinx_gallery.gen_gallery"{}]
html_theme = "basic"
sphinx_gallery_conf = {{
    "examples_dirs": "../recipes",
    "gallery_dirs": "recipes",
    "filename_pattern": r"\\.py$",
}}
"""
IN_SECTION = 50
"""Recipes in each section: a recipe's process gets a copy of its section's folder."""
RECIPE = '"""\nRecipe {0}\n==========\n\nText.\n"""\n\nprint({0} {1} 1)\n'
INDEX = "Many\n====\n\n.. toctree::\n\n   recipes/index\n"


def make(folder: Path, number: int, *, recordings: bool) -> Path:
    """Make a project with so many recipes."""
    write(folder, number)
    (folder / "recipes" / "GALLERY_HEADER.rst").write_text("Recipes\n=======\n")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "index.rst").write_text(INDEX)
    own = ', "recordings"' if recordings else ""
    (docs / "conf.py").write_text(CONF.format(own))
    return folder


def write(folder: Path, number: int, sign: str = "+", prefix: str = "r") -> None:
    """Write all recipes: another sign is other code, another prefix another name."""
    for script in folder.glob("recipes/*/*.py"):
        script.unlink()
    for each in range(number):
        section = folder / "recipes" / f"section_{each // IN_SECTION:02}"
        section.mkdir(parents=True, exist_ok=True)
        (section / "GALLERY_HEADER.rst").write_text(f"{section.name}\n==========\n")
        (section / f"{prefix}{each:04}.py").write_text(RECIPE.format(each, sign))


def build(folder: Path, *options: str) -> Taken:
    """Build the site of a project."""
    return run(folder, "-m", "sphinx", "-q", "-b", "html", *options, "docs", "site")


def anew(folder: Path, *options: str) -> Taken:
    """Build the site of a project of which nothing is there but recordings."""
    for made in ("site", "docs/recipes"):
        shutil.rmtree(folder / made, ignore_errors=True)
    return build(folder, *options)


def from_nothing(folder: Path) -> Taken:
    """Build the site of a project of which nothing is there, recordings neither."""
    shutil.rmtree(folder / "docs/recordings", ignore_errors=True)
    return anew(folder)


def status(folder: Path) -> Taken:
    """Ask which recordings are fresh."""
    return run(folder, "-m", "recordings", "status", "--json")


def measure(folder: Path, numbers: Sequence[int]) -> str:
    """Measure projects of several sizes; return a table in Markdown."""
    columns = [_measure_one(folder / str(number), number) for number in numbers]
    rows = [[what, *(column[what] for column in columns)] for what in columns[0]]
    head = ["what", *(f"{number:,} recipes" for number in numbers)]
    return table(head, rows)


def _measure_one(folder: Path, number: int) -> dict[str, Taken]:
    plain = make(folder / "plain", number, recordings=False)
    ours = make(folder / "ours", number, recordings=True)
    steps: dict[str, Callable[[], Taken]] = {
        "plain, from nothing": lambda: anew(plain),
        "plain, nothing changed": lambda: build(plain),
        "plain, nothing run": lambda: anew(plain, "-D", "plot_gallery=0"),
        "recordings, from nothing": lambda: from_nothing(ours),
        "recordings, nothing changed": lambda: build(ours),
        "replay of everything": lambda: anew(ours, "-D", "recordings_mode=replay"),
        "status, all fresh": lambda: status(ours),
    }
    taken = {}
    for what, step in steps.items():
        taken[what] = median(step)
        print(f"  {number} recipes, {what}: {taken[what]}", flush=True)
    for what, change in {
        "status, all stale": ("-", "r"),
        "status, all renamed": ("+", "new"),
    }.items():
        write(ours, number, *change)
        taken[what] = median(lambda: status(ours))
        print(f"  {number} recipes, {what}: {taken[what]}", flush=True)
    write(ours, number)
    shutil.rmtree(ours / "docs/recordings", ignore_errors=True)
    taken["status, all missing"] = median(lambda: status(ours))
    print(
        f"  {number} recipes, all missing: {taken['status, all missing']}", flush=True
    )
    return taken
