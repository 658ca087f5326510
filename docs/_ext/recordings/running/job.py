"""One recipe to run and the bounds that it must keep, and what came of it."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from recordings.texts import cleaned

OUTCOME = "outcome.json"
"""File in the workspace."""


@dataclass(frozen=True, slots=True)
class Sources:
    """A project on its way to a machine that may share no file system with this one."""

    archive: bytes
    name: str
    """Of the folder that was packed."""
    repository: str | None
    """Its folder that is git's, relative to what was packed."""
    shared: bytes = b""
    """The copy of the recipe's folder in which others have run, if they have."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a supervisor is told. It can be pickled."""

    run: str
    """Names the run of the runner that this belongs to."""
    conf_dir: str
    source: str
    """Sphinx's source folder."""
    page: str
    """Document name of the recipe's page."""
    script: Path | None
    """The recipe; None: a guide, which is found by its page."""
    log: str
    """File for all that its processes print."""
    threads: int
    time_limit: float
    """Seconds; infinite where there is none."""
    memory_limit: int | None
    """Bytes; None: a fair share of the machine's."""
    jobs: int
    """How many recipes run at once, each of which needs its share."""
    path: str = ""
    """A folder in which modules are found first: where the runner works, if it is one
    for the runner too, as Python and Sphinx have it."""
    shared: Path | None = None
    """A folder for the copy of the recipe's own, where others have run or will run."""
    copy: Path | None = None
    """The copy of the recipe's folder, where it is made already for this one alone."""
    earlier: str = ""
    """The key of the recording of the recipe that ran there just before, if any did."""
    workspace: str = ""
    """A folder of the recipe's own, removed after it. The outcome goes there."""
    sources: Sources | None = None
    """The project, where it has to be unpacked: paths are then relative to it."""
    python_path: tuple[str, ...] = ()
    """The project's folders of modules, where Python does not know of them."""
    project: Path | None = None
    """The folder that holds all of the project, where that is known."""
    commit: str | None = None
    """The recipe's, where git can't tell."""

    def own_folders(self) -> list[Path]:
        """Return the folders that are this run's alone."""
        return [Path(self.workspace), *([self.copy.parent] if self.copy else [])]


@dataclass(frozen=True, slots=True)
class Host:
    """What a process offers to the recipe that it runs."""

    echo: Callable[[str], None]
    """Told what the recipe prints, as it prints."""
    note_line: Callable[[int], None]
    """Told the line at which each code block begins, before it runs."""
    shared_memory: int = 0
    """Bytes that this process uses and a different one holds."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a worker tells: the recording's text, or why there is none.

    Where both are there, the text is what the recipe gave before it failed.
    """

    recording: str | None = None
    failure: str | None = None
    traceback: str = ""

    def save(self, workspace: Path) -> None:
        """Write the outcome whole: beside first, then in place."""
        beside = workspace / "outcome.part"
        beside.write_text(json.dumps(asdict(self)), encoding="utf-8")
        beside.replace(workspace / OUTCOME)

    @staticmethod
    def is_in(workspace: Path) -> bool:
        """Tell whether a worker wrote one."""
        return (workspace / OUTCOME).is_file()

    @classmethod
    def load(cls, workspace: Path) -> "Outcome | None":
        """Read an outcome; None if the worker ended without writing one.

        What a recipe raised may be text that can't be shown; a recording has none.
        """
        if not cls.is_in(workspace):
            return None
        text = (workspace / OUTCOME).read_text("utf-8")
        found = cls(**json.loads(text))
        failure = found.failure and cleaned(found.failure)
        return replace(found, failure=failure, traceback=cleaned(found.traceback))


@dataclass(frozen=True, slots=True)
class Ending:
    """How a recipe's process ended."""

    outcome: Outcome
    seconds: float
    tail: str
    """The last that it printed."""
    log: bytes = b""
    """The last that it printed, much more of it; only from another machine."""
    shared: bytes = b""
    """The copy of its folder in which others are to run; likewise."""
