"""What is done in processes that are forked from one with everything read already."""

import gc
import importlib
import multiprocessing
from contextlib import redirect_stderr, suppress
from io import StringIO
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import Empty
from typing import Any

from editions.edition import Edition
from editions.edition import editions as known_editions

MODULES = (
    *("babel.messages.catalog", "furo", "matplotlib.pyplot", "myst_nb.sphinx_"),
    *("recordings.page.build", "recordings.guides.rendering", "recipe_site.search"),
    *("sphinx.builders.html", "sphinx.cmd.build", "sphinx_gallery.gen_gallery"),
)
"""What a build would import; it works without."""
_FORKED = multiprocessing.get_context("forkserver")


def prepare() -> None:
    """Have the process begin from which the others are forked."""
    _FORKED.set_forkserver_preload(["live.preloaded"])


def read_everything() -> None:
    """Read modules, translations and recipes, which stay in memory."""
    for name in MODULES:
        with suppress(ImportError):
            importlib.import_module(name)
    # What is wrong is said by the first build.
    with suppress(Exception, SystemExit), redirect_stderr(StringIO()):
        from editions.__main__ import main  # noqa: PLC0415

        main([])
        for edition in known_editions(Path.cwd()):
            _stale(_source(edition))
    gc.freeze()


def build(edition: Edition, site: Path) -> BaseProcess:
    """Start to build an edition; the exit status tells whether that went well."""
    process = _FORKED.Process(target=_build, args=(edition, site), daemon=True)
    process.start()
    return process


def stale() -> dict[str, str]:
    """Return the key that each recipe without a fresh recording has to have."""
    answer: Any = _FORKED.Queue()
    process = _FORKED.Process(target=_answer_stale, args=(answer,), daemon=True)
    process.start()
    while process.is_alive():
        with suppress(Empty):
            found: dict[str, str] = answer.get(timeout=0.1)
            process.join()
            return found
    return {}


def _build(edition: Edition, site: Path) -> None:
    from sphinx.cmd.build import main as sphinx  # noqa: PLC0415 - preloaded

    gc.disable()  # a process as short as this has nothing to gain from it
    own = ["-D", "recordings_mode=replay"]
    if not edition.is_source:
        from editions.__main__ import main as editions  # noqa: PLC0415

        if status := editions(["--site", str(site)]):
            raise SystemExit(status)
        own += ["-c", "docs", "-D", f"language={edition.language}"]
    trees = f"docs/_build/doctrees/{edition.name}"
    out = str(site / edition.name)
    raise SystemExit(sphinx([*own, "-n", "-q", "-d", trees, _source(edition), out]))


def _source(edition: Edition) -> str:
    """Return Sphinx's source folder of an edition."""
    english = edition.is_source
    return "docs" if english else f"docs/_build/editions/{edition.name}/docs"


def _answer_stale(answer: Any) -> None:
    with suppress(Exception):  # the build says what is wrong
        answer.put(_stale())


def _stale(source: str = "docs") -> dict[str, str]:
    from recordings.key.ingredients import make_key  # noqa: PLC0415
    from recordings.library import open_library  # noqa: PLC0415

    library = open_library(Path("docs").absolute(), Path(source).absolute())
    outdated = [each for each in library.entries() if each.state != "fresh"]
    return {
        each.recipe.name: make_key(library.ingredients(each.recipe))
        for each in outdated
        if not each.recipe.fault
    }
