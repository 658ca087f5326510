"""This project's recipes and guides, with recordings and without, in copies."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Taken, median, run, table
from recordings.library import open_library
from recordings.machine import capacity

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
INDEX = "Pages\n=====\n\n.. toctree::\n\n   recipes/index\n"
SENTENCE = "The same mistake looks different in every line:"
RECORDINGS = '    "recordings",\n'
"""The line of `conf.py` that plain Sphinx-Gallery does without."""
PLAIN = """
import gc

sphinx_gallery_conf["parallel"] = 2
nb_execution_mode = "auto"

def setup(app):
    gc.enable()
"""
"""What plain Sphinx-Gallery has instead. `recipe_site` switches garbage collection off
for speed; the rest of it is on the pages of both, and in the time of both."""
NOT_RUN = ("-D", "plot_gallery=0", "-D", "nb_execution_mode=off")
REPLAY = ("-D", "recordings_mode=replay")


def copy(folder: Path, *, recordings: bool) -> Path:
    """Copy the project, with the recipes and guides and nothing else on its site."""
    for name in ("recipes", "docs/guides", "docs/_static", "docs/_templates"):
        leave = shutil.ignore_patterns("raw", "__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=leave, symlinks=True)
    shutil.rmtree(folder / "recipes" / "data", ignore_errors=True)
    (folder / "recipes" / "data").symlink_to(ROOT / "recipes" / "data")
    for name in ("docs/inventories", "docs/_ext", "locales", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    # Not by a pattern: Sphinx reads a page that has one at each build.
    guides = (f"   guides/{each.stem}\n" for each in ROOT.glob("docs/guides/*.md"))
    (folder / "docs/index.rst").write_text("".join([INDEX, *guides]), "utf-8")
    conf = (ROOT / "docs" / "conf.py").read_text("utf-8")
    if not recordings:
        assert RECORDINGS in conf
        conf = conf.replace(RECORDINGS, "") + PLAIN
    (folder / "docs/conf.py").write_text(conf, "utf-8")
    return folder


def build(project: Path, *options: str) -> Taken:
    """Build a project's site."""
    words = ("-m", "sphinx", "-q", "-b", "html", *options, "docs", "docs/_build/html")
    return run(project, *words)


def anew(project: Path, *options: str) -> Taken:
    """Build a project's site of which nothing is there but recordings."""
    for made in ("_build", "recipes", "jupyter_execute"):
        shutil.rmtree(project / "docs" / made, ignore_errors=True)
    return build(project, *options)


def from_nothing(project: Path) -> Taken:
    """Build a project's site of which nothing is there, recordings neither."""
    shutil.rmtree(project / "docs" / "recordings", ignore_errors=True)
    return anew(project)


def running_alone(project: Path) -> Taken:
    """Record everything, without any page; nothing is known of how long it takes."""
    shutil.rmtree(project / "docs" / "recordings", ignore_errors=True)
    jobs = str(capacity.cores())
    return run(project, "-m", "recordings", "run", "--jobs", jobs)


def after_a_sentence(project: Path) -> Taken:
    """Build after a sentence was edited in the middle of the longest recipe."""
    recipe = project / "recipes" / "pitfalls" / "missing_zero_grad.py"
    text = recipe.read_text("utf-8")
    assert SENTENCE in text
    recipe.write_text(text.replace(SENTENCE, f"In all, {SENTENCE}", 1), "utf-8")
    return build(project)


def measure(folder: Path) -> str:
    """Measure everything; return tables in Markdown."""
    plain = copy(folder / "plain", recordings=False)
    ours = copy(folder / "ours", recordings=True)
    steps: dict[str, Callable[[], Taken]] = {
        "plain, from nothing, parallel = 2": lambda: anew(plain),
        "plain, nothing changed": lambda: build(plain),
        "plain, a sentence changed": lambda: after_a_sentence(plain),
        "plain, nothing run": lambda: anew(plain, *NOT_RUN),
        "recordings, from nothing": lambda: from_nothing(ours),
        "recordings, nothing changed": lambda: build(ours),
        "recordings, a sentence changed": lambda: after_a_sentence(ours),
        "recordings, replay of everything": lambda: anew(ours, *REPLAY),
        "recordings, running alone": lambda: running_alone(ours),
    }
    taken = {}
    for what, step in steps.items():
        taken[what] = median(step)
        print(f"  {what}: {taken[what]}", flush=True)
    entries = open_library(ours / "docs").entries()
    runs = [each.recording.run.seconds for each in entries if each.recording]
    limit = sum(runs) / capacity.cores()
    taken["the limit of running alone"] = Taken(limit, 0)
    ratios = [
        [one, other, f"{taken[one].seconds / taken[other].seconds:.2f}"]
        for one, other in RATIOS
    ]
    rows = [[what, *str(each).split(", ")] for what, each in taken.items()]
    return "\n\n".join(
        [
            f"{len(runs)} recipes and guides were recorded.",
            table(("what", "seconds", "memory"), rows),
            table(("what", "compared with", "ratio"), ratios),
        ]
    )


RATIOS = (
    ("recordings, running alone", "the limit of running alone"),
    ("plain, from nothing, parallel = 2", "recordings, from nothing"),
    ("recordings, nothing changed", "plain, nothing changed"),
    ("recordings, a sentence changed", "recordings, nothing changed"),
    ("plain, a sentence changed", "recordings, a sentence changed"),
    ("recordings, replay of everything", "plain, nothing run"),
)
