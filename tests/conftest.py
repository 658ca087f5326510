"""Build small sites with real Sphinx and real Sphinx-Gallery, each in its own folder.

A test asks for ``make_site``, gives it the files that it is about, and builds::

    def test_title(make_site: MakeSite) -> None:
        site = make_site({"recipes/gradients/one.py": RECIPE}, extensions=["mine"])
        build = site.build()
        assert build.status == 0, build.stderr
        assert "One" in build.page("recipes/gradients/one.html")

Every build is a process of its own, so nothing leaks from one to the next; it is forked
from one that has imported Sphinx, which saves most of a small build's time. Extensions
are found as in every other process: installed, or on ``PYTHONPATH``.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final, Protocol

import pytest
from forked import Build, python_path, run_module, start_server
from projects import make_project  # noqa: F401 - a fixture for every test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from playwright.sync_api import Browser

    from editions.edition import Edition

PROJECT: Final = Path(__file__).parents[1]
_STRICT: Final = ("-W", "--keep-going", "-n")
_INDEX: Final = "Test site\n=========\n\n.. toctree::\n\n   recipes/index\n"

# To import it takes as long as all else that a small build does.
_WITHOUT_MATPLOTLIB: Final = """\
import sys
if "pytest" not in sys.modules:
    sys.modules["matplotlib"] = None
"""
_DRAWS_NOTHING: Final[Mapping[str, object]] = {
    "image_scrapers": (),
    "reset_modules": (),
}

# What a test's ``docs/conf.py`` says, unless the test says otherwise.
_SETTINGS: Final[Mapping[str, object]] = {
    "project": "Test site",
    "extensions": [],
    "html_theme": "basic",
}
_GALLERY: Final[Mapping[str, object]] = {
    "examples_dirs": "../recipes",
    "gallery_dirs": "recipes",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "inspect_global_variables": False,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
}


@dataclass(frozen=True)
class Site:
    """A site's sources, below *root*: ``docs/`` and ``recipes/`` as in this project."""

    root: Path

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write *files*, each given by its path from the root, byte for byte."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def build(
        self,
        *sphinx_args: str,
        builder: str = "html",
        strict: bool = True,
        source: str = "docs",
    ) -> Build:
        """Run Sphinx from the root; when *strict*, every warning is an error."""
        output = self.root / "docs" / "_build" / builder
        if source != "docs":
            output = self.root / "docs" / "_build" / builder / source.split("/")[-2]
        checks = _STRICT if strict else ()
        command = ("sphinx", "-b", builder, "--no-color", *checks, *sphinx_args)
        return self.run(*command, source, str(output), folder=output)

    def build_edition(
        self, language: str, *sphinx_args: str, strict: bool = True
    ) -> Build:
        """Make the folder of an edition, and run Sphinx on it."""
        made = self.run("editions")
        if made.status:
            return made
        source = f"docs/_build/editions/{language.lower().replace('_', '-')}/docs"
        own = ("-c", "docs", "-D", f"language={language}")
        return self.build(*own, *sphinx_args, strict=strict, source=source)

    def run(self, module: str, *arguments: str, folder: Path | None = None) -> Build:
        """Run a module of Python's path from the root, in a process of its own."""
        return run_module(self.root, module, *arguments, folder=folder)


_LONGEST_FIRST: Final = (
    "test_recipe_claims",
    "test_replay",
    "test_fork_server",
    "test_in_browser",
    "test_runner",
    "test_cluster",
    "test_promises",
    "test_recorded_guides",
    "test_edits",
    "test_faults",
    "test_editions",
    "test_committed_recordings",
    "test_site",
)
"""Files that take long: what begins last keeps one core waiting for it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have long files begin first, so that the cores end together."""
    rank = {name: number for number, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@pytest.fixture(scope="session", autouse=True)
def _server() -> None:
    """Start the fork server, before a test marks what it starts as its own."""
    start_server()


class MakeSite(Protocol):
    """What the fixture ``make_site`` gives to a test."""

    def __call__(
        self, files: Mapping[str, str | bytes], *, draws: object = False, **conf: object
    ) -> Site:
        """Write a new site of *files*, with the settings *conf* in its ``conf.py``.

        Its recipes have Matplotlib only where the test says that it *draws*.
        """


@pytest.fixture(scope="session")
def make_site(tmp_path_factory: pytest.TempPathFactory) -> MakeSite:
    """Make sites; of session scope, so that tests of one module can share a build.

    Sphinx-Gallery is always among the extensions. ``sphinx_gallery_conf`` is added to
    this project's choices. ``docs/conf.py``, a start page and the gallery headers are
    made where *files* has none.
    """

    def make(
        files: Mapping[str, str | bytes], *, draws: object = False, **conf: object
    ) -> Site:
        site = Site(tmp_path_factory.mktemp("site"))
        settings = _conf(conf, draws=draws)
        site.write({"docs/conf.py": settings, **_headers(files), **files})
        if not any(name.startswith("docs/index.") for name in files):
            site.write({"docs/index.rst": _INDEX})
        return site

    return make


_BROWSERS: Final = ("chromium-headless-shell", "chromium")
"""Commands. The second draws a user interface, too, with an eighth of a core."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start a browser: the machine's Chromium, or Playwright's own."""
    driver = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
    with driver.sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        installed = [shutil.which(each) for each in _BROWSERS]
        found = next(filter(None, [*installed, Path(own).exists() and own]), None)
        if not found:
            pytest.skip("no browser; `playwright install chromium` gets one")
        with playwright.chromium.launch(executable_path=found) as chromium:
            yield chromium


class _Quiet(SimpleHTTPRequestHandler):
    """Serve files and say nothing of it."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path], str]]:
    """Serve folders to this machine, each at an address of its own."""
    servers: list[ThreadingHTTPServer] = []

    def start(folder: Path) -> str:
        handler = partial(_Quiet, directory=str(folder))
        servers.append(server := ThreadingHTTPServer(("127.0.0.1", 0), handler))
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def own_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build this project's own site, where nothing that recipes use can be imported.

    Once a session, also where that has several processes (pytest-xdist). Where
    `BUILT_SITE` names the folder of a built site, that one is taken.

    Returns:
        The folder with the root page and one folder an edition.
    """
    if built := os.environ.get("BUILT_SITE"):
        return Path(built)
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # the session's
    project, done = base / "own_site", base / "own_site.done"
    with (base / "own_site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(project, ignore_errors=True)
            _build_own_site(project)
            done.touch()
    return project / "site"


def _build_own_site(project: Path) -> None:
    # Not before: the wheel of `recordings` is tested without it.
    from editions.edition import editions  # noqa: PLC0415

    unwanted = shutil.ignore_patterns("_build", "data", "__pycache__", "*.mo")
    for name in ("docs", "recipes", "locales"):
        shutil.copytree(PROJECT / name, project / name, ignore=unwanted)
    shutil.rmtree(project / "docs" / "recipes", ignore_errors=True)
    shutil.copy(PROJECT / "pyproject.toml", project)
    hidden = project / "hidden"
    hidden.mkdir()
    for name in ("torch", "torchvision", "matplotlib"):
        (hidden / f"{name}.py").write_text("raise ImportError('not for the site')\n")
    path = f"{hidden}{os.pathsep}{python_path()}"
    build = ("sphinx", *_STRICT, "-q", "-D", "recordings_mode=replay", "-b", "html")

    def built(edition: Edition) -> tuple[str, ...]:
        if edition.is_source:
            return (*build, "docs", f"site/{edition.name}")
        source = f"docs/_build/editions/{edition.name}/docs"
        own = ("-c", "docs", "-D", f"language={edition.language}")
        return (*build, *own, source, f"site/{edition.name}")

    def run(*words: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=project,
            # Neither is known, whatever the machine that tests run on knows.
            env={**os.environ, "PYTHONPATH": path, "REPOSITORY": "", "SITE_URL": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    run("editions", "--site", "site")
    with ThreadPoolExecutor() as side_by_side:
        commands = [built(edition) for edition in editions(PROJECT)]
        for made in [side_by_side.submit(run, *words) for words in commands]:
            made.result()


def _conf(conf: Mapping[str, object], *, draws: object) -> str:
    """Return the text of a ``conf.py``."""
    settings = {**_SETTINGS, **conf}
    extensions, gallery = settings["extensions"], conf.get("sphinx_gallery_conf", {})
    assert isinstance(extensions, list), "extensions are a list"
    assert isinstance(gallery, dict), "sphinx_gallery_conf is a dict"
    settings["extensions"] = ["sphinx_gallery.gen_gallery", *extensions]
    pictures = {} if draws else _DRAWS_NOTHING
    settings["sphinx_gallery_conf"] = {**_GALLERY, **pictures, **gallery}
    lines = [f"{name} = {value!r}\n" for name, value in settings.items()]
    return "".join(["" if draws else _WITHOUT_MATPLOTLIB, *lines])


def _headers(files: Mapping[str, str | bytes]) -> dict[str, str]:
    """Return a gallery header for each folder of recipes, and for their root."""
    recipes = [Path(name) for name in files if name.endswith(".py")]
    folders = {Path("recipes")} | {
        path.parent for path in recipes if path.parts[0] == "recipes"
    }
    return {
        f"{folder.as_posix()}/GALLERY_HEADER.rst": f"{folder.name}\n{'=' * 40}\n"
        for folder in folders
    }
