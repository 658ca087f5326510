"""Small projects whose recipes are run for real, in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psutil
import pytest

from recordings.library import Library, open_library
from recordings.running import runner
from recordings.store.notebook import from_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from conftest import MakeSite, Site

    from recordings.model import Recording
    from recordings.running.events import Event, Result

PATIENCE = 30
"""Seconds after which a test gives up waiting for what has to come."""
MARK = "RECORDINGS_TEST"
"""Environment variable by which a test knows the processes that it is the cause of."""

SLEEP = "import time\ntime.sleep(40)"
DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(40)
    os._exit(0)
os.wait()
"""
"""Leaves a process behind, in a session of its own."""


def recipe(code: str) -> str:
    return f'"""\nTitle\n=====\n\nText.\n"""\n\n{code}\n'


@dataclass(frozen=True)
class Project:
    """A site whose recipes are run."""

    site: Site
    mark: str
    temporary: Path

    @property
    def library(self) -> Library:
        """The recipes and recordings as they are now."""
        return open_library(self.site.root / "docs")

    def write(self, recipes: Mapping[str, str]) -> None:
        """Write recipes, each given by its name and code."""
        self.site.write(
            {f"recipes/all/{name}.py": recipe(code) for name, code in recipes.items()}
        )

    def run(
        self, *, report: Callable[[Event], None] = lambda _: None, **options: object
    ) -> dict[str, Result]:
        """Have the runner run, in this process; give the results by name."""
        library = self.library
        run: Callable[..., list[Result]] = runner.run
        results = run(library, library.entries(), report=report, **options)
        return {each.entry.recipe.path.stem: each for each in results}

    def recording(self, name: str) -> Recording:
        """Read a recording, which has to be whole."""
        text = self.library.store.read(f"recipes/all/{name}.ipynb")
        assert text is not None
        return from_text(text, name)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a runner in a process of its own: `python -m recordings run`."""
        # A shell has what it starts in the background ignore SIGINT.
        heed = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
        return subprocess.Popen(
            [sys.executable, "-m", "recordings", "run", *arguments],
            cwd=self.site.root,
            env={**os.environ, MARK: self.mark, "TMPDIR": str(self.temporary)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=heed,  # noqa: PLW1509 - the tests run no threads that matter
        )

    def leaves_nothing(self) -> bool:
        """Tell whether no process and no temporary file is left."""
        return not self.processes() and not [*self.temporary.iterdir()]

    def processes(self) -> list[psutil.Process]:
        """List the processes that a run started, the runner's own included."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.pid == os.getpid() or process.status() == "zombie":
                    continue
                if self.mark in (process.environ().get(MARK), *process.cmdline()):
                    found.append(process)
        return found


def printed(recording: Recording) -> str:
    return "".join(
        output["text"]
        for block in recording.blocks
        for output in block.outputs
        if output["output_type"] == "stream"
    )


def wait_for(condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(condition())


def write_named(folder: Path, names: Iterable[str]) -> None:
    """Write files, each with its own name in it."""
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name, encoding="utf-8")


class MakeProject(Protocol):
    """What the fixture `make_project` gives."""

    def __call__(self, recipes: Mapping[str, str], **conf: object) -> Project:
        """Write a site of recipes, each given by its name and code."""


@pytest.fixture(scope="module")
def make_project(
    make_site: MakeSite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeProject]:
    with pytest.MonkeyPatch.context() as patch:
        found = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        absolute = [str(Path(each).absolute()) for each in found if each]
        patch.setenv("PYTHONPATH", os.pathsep.join(absolute))

        def make(recipes: Mapping[str, str], **conf: object) -> Project:
            mark, temporary = uuid.uuid4().hex, tmp_path_factory.mktemp("temporary")
            patch.setenv(MARK, mark)
            patch.setattr(tempfile, "tempdir", str(temporary))
            site = make_site(
                {"recipes/all/first.py": recipe("")},
                **conf,
                extensions=["recordings"],
            )
            (site.root / "recipes/all/first.py").unlink()
            project = Project(site, mark, temporary)
            project.write(recipes)
            return project

        yield make
