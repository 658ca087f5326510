"""Compare with plain Sphinx-Gallery on this project's own recipes (`nox -s benchmark`).

Prints seconds and their ratios; only the ratios mean anything on another machine. All
builds are of one site that holds the recipes and nothing else, each from a copy.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "MPLBACKEND": "agg"}
INDEX = "Recipes only\n============\n\n.. toctree::\n\n   recipes/index\n"
SENTENCE = "The same mistake looks different in every line:"
RECORDINGS = '    "recordings",\n'
"""The line of `conf.py` that plain Sphinx-Gallery does without."""
AS_PYTHON_HAS_IT = """
import gc

def setup(app):
    gc.enable()
"""
"""What plain Sphinx-Gallery has besides: `recipe_site` switches it off, for speed. The
rest of `recipe_site` is on the pages of both, and takes part in the time of both."""
NOT_NEEDED = ("torch", "torchvision", "matplotlib")
"""What recipes use and `nox -s docs` does not install: recordings stand for it."""


def copy(folder: Path, *, recordings: bool, parallel: bool = False) -> Path:
    """Copy the project, with the recipes and nothing else on its site."""
    shutil.copytree(ROOT / "recipes", folder / "recipes", symlinks=True)
    shutil.rmtree(folder / "recipes" / "data", ignore_errors=True)
    (folder / "recipes" / "data").symlink_to(ROOT / "recipes" / "data")
    docs = folder / "docs"
    docs.mkdir()
    for name in ("_static", "_templates"):
        shutil.copytree(ROOT / "docs" / name, docs / name)
    shutil.copytree(ROOT / "locales", folder / "locales")
    shutil.copy(ROOT / "pyproject.toml", folder)
    (docs / "index.rst").write_text(INDEX, "utf-8")
    conf = (ROOT / "docs" / "conf.py").read_text("utf-8")
    if not recordings:
        assert RECORDINGS in conf
        conf = conf.replace(RECORDINGS, "") + AS_PYTHON_HAS_IT
    if parallel:
        conf += 'sphinx_gallery_conf["parallel"] = 2\n'
    (docs / "conf.py").write_text(conf, "utf-8")
    return folder


def seconds(
    project: Path, *words: str, variables: dict[str, str] | None = None
) -> float:
    """Run a command of Python in a project; give its seconds."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, *words],
        cwd=project,
        env={**os.environ, **(variables or {})},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def build(project: Path, *options: str, **variables: str) -> float:
    """Build a project's site; give the seconds."""
    words = ("-m", "sphinx", "-q", "-b", "html", *options, "docs", "docs/_build/html")
    return seconds(project, *words, variables=variables)


def change_a_sentence(project: Path) -> None:
    """Edit a sentence in the middle of the recipe that trains longest."""
    recipe = project / "recipes" / "pitfalls" / "missing_zero_grad.py"
    text = recipe.read_text("utf-8")
    assert SENTENCE in text
    recipe.write_text(text.replace(SENTENCE, f"In all, {SENTENCE}", 1), "utf-8")


def without_what_recipes_use(folder: Path) -> dict[str, str]:
    """Give variables under which Python finds none of it, as in `nox -s docs`."""
    folder.mkdir()
    for name in NOT_NEEDED:
        raising = f"raise ImportError('{name} must not be needed')\n"
        (folder / f"{name}.py").write_text(raising, "utf-8")
    known = os.environ.get("PYTHONPATH", "")
    return {"PYTHONPATH": f"{folder}{os.pathsep}{known}"}


def bare_scripts(project: Path) -> float:
    """Run the recipes as plain scripts, two at a time, with one thread each."""

    def run(script: Path) -> float:
        return seconds(script.parent, script.name, variables=ONE_THREAD)

    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, sorted(project.glob("recipes/*/*.py"))))
    return time.perf_counter() - start


def measure(folder: Path) -> dict[str, float]:
    """Do everything once; give seconds by what was done."""
    taken: dict[str, float] = {}
    plain = copy(folder / "plain", recordings=False)
    taken["everything, plain, serial"] = build(plain)
    change_a_sentence(plain)
    taken["a sentence, plain"] = build(plain)
    parallel = copy(folder / "parallel", recordings=False, parallel=True)
    taken["everything, plain, parallel = 2"] = build(parallel)
    ours = copy(folder / "ours", recordings=True)
    taken["bare scripts, two at a time"] = bare_scripts(ours)
    start = time.perf_counter()
    taken["recording, --jobs 2"] = seconds(
        ours, "-m", "recordings", "run", "--jobs", "2"
    )
    build(ours)
    taken["everything, recordings, --jobs 2"] = time.perf_counter() - start
    without = without_what_recipes_use(folder / "hidden")
    taken["nothing changed, recordings"] = build(ours, **without)
    change_a_sentence(ours)
    taken["a sentence, recordings"] = build(ours, **without)
    for made in ("_build", "recipes"):
        shutil.rmtree(ours / "docs" / made)
    taken["replay of everything, no torch"] = build(
        ours, "-D", "recordings_mode=replay", **without
    )
    start = time.perf_counter()
    seconds(ours, "-m", "editions", variables=without)
    source = "docs/_build/editions/zh-cn/docs"
    chinese = ("-c", "docs", "-D", "language=zh_CN", source, "docs/_build/zh-cn")
    words = ("-m", "sphinx", "-q", "-b", "html", "-D", "recordings_mode=replay")
    seconds(ours, *words, *chinese, variables=without)
    taken["the Chinese edition"] = time.perf_counter() - start
    return taken


RATIOS: Sequence[tuple[str, str]] = (
    ("a sentence, plain", "a sentence, recordings"),
    ("everything, plain, serial", "everything, recordings, --jobs 2"),
    ("everything, plain, parallel = 2", "everything, recordings, --jobs 2"),
    ("everything, plain, serial", "replay of everything, no torch"),
    ("recording, --jobs 2", "bare scripts, two at a time"),
    ("the Chinese edition", "replay of everything, no torch"),
)


def main() -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory() as folder:
        taken = measure(Path(folder))
    for what, time_taken in taken.items():
        print(f"{time_taken:7.1f} s  {what}")
    for one, other in RATIOS:
        print(f"{taken[one] / taken[other]:7.2f}    {one} : {other}")


if __name__ == "__main__":
    main()
