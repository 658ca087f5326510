"""What is done in processes that are forked from one with everything read already."""

import gc
import importlib
import multiprocessing
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, suppress
from io import StringIO
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from editions.edition import Edition
from editions.edition import editions as known_editions
from recordings.machine.process_tree import die_with_parent

MODULES = (
    *("babel.messages.catalog", "furo", "matplotlib.pyplot", "myst_nb.sphinx_"),
    *("recordings.page.build", "recordings.guides.rendering", "recipe_site.search"),
    *("sphinx.builders.html", "sphinx.cmd.build", "sphinx_gallery.gen_gallery"),
)
"""What a build would import; it works without."""
if sys.platform == "win32":  # as mypy can follow it
    _FORKED = multiprocessing.get_context("spawn")
else:
    _FORKED = multiprocessing.get_context("forkserver")
STRICT = ("-W", "--keep-going", "--no-color")
"""What has Sphinx fail where it warns, after it has said all."""


def prepare(*, read: bool = False) -> None:
    """Have the process begin from which the others are forked.

    Args:
        read: Have it read translations and recipes, too, which takes a while and is
            worth that for many builds.
    """
    modules = ["building.preloaded", *(["building.preread"] if read else [])]
    if sys.platform != "win32":
        _FORKED.set_forkserver_preload(modules)
        forkserver.ensure_running()


def import_modules() -> None:
    """Import what a build would import."""
    for name in MODULES:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()


def read_everything() -> None:
    """Read translations and recipes, which stay in memory."""
    # What is wrong is said by the first build.
    with suppress(Exception, SystemExit), redirect_stderr(StringIO()):
        from editions.__main__ import main  # noqa: PLC0415

        main([])
        for edition in known_editions(Path.cwd()):
            _stale(source_of(edition))
    gc.freeze()


def build(
    edition: Edition,
    site: Path,
    *own: str,
    make: bool = False,
    output: Path | None = None,
) -> BaseProcess:
    """Start to build an edition; the exit status tells whether that went well.

    Args:
        edition: Which.
        site: Where to.
        own: Further words for Sphinx.
        make: Make what it is built from first.
        output: A file for what it says; by default it is said here.
    """
    how = {"make": make, "output": output}
    process = _FORKED.Process(
        target=_build, args=(edition, site, own), kwargs=how, daemon=True
    )
    process.start()
    return process


def stale() -> dict[str, str]:
    """Return the key that each recipe without a fresh recording has to have."""
    own, other = _FORKED.Pipe(duplex=False)
    process = _FORKED.Process(target=_answer_stale, args=(other,), daemon=True)
    process.start()
    other.close()
    with own, suppress(EOFError):  # it ended without an answer
        found: dict[str, str] = own.recv()
        return found
    return {}


def source_of(edition: Edition) -> str:
    """Return Sphinx's source folder of an edition."""
    english = edition.is_source
    return "docs" if english else f"docs/_build/editions/{edition.name}/docs"


def _build(
    edition: Edition, site: Path, own: Sequence[str], *, make: bool, output: Path | None
) -> None:
    # Not before: they are preloaded.
    from sphinx.cmd.build import main as sphinx  # noqa: PLC0415

    from editions.__main__ import main as editions  # noqa: PLC0415

    die_with_parent(os.getppid())
    if output:
        with output.open("wb") as file:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
                os.dup2(file.fileno(), stream.fileno())
    gc.disable()  # a process as short as this has nothing to gain from it
    own_folder = ["--quiet", "--only", edition.name, "--site", str(site)]
    if make and (status := editions(own_folder)):
        raise SystemExit(status)
    words = ["-D", "recordings_mode=replay", "-n", "-q", *own]
    if not edition.is_source:
        words += ["-c", "docs", "-D", f"language={edition.language}"]
    words += ["-d", f"docs/_build/doctrees/{edition.name}", source_of(edition)]
    raise SystemExit(sphinx([*words, str(site / edition.name)]))


def _answer_stale(answer: Connection) -> None:
    with suppress(Exception):  # the build says what is wrong
        answer.send(_stale())


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
