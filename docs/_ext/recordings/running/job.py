"""What the runner tells a worker, and what that tells in the end."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Handover:
    """What the runner knows of settings, as plain data; see `handover`."""

    settings: str
    """Those that win over `conf.py`'s: a dictionary, written as a Python literal."""
    gallery: str
    """Those of Sphinx-Gallery, likewise."""
    tags: list[str]
    """Sphinx's, with which `conf.py` is read."""
    expected: dict[str, Any]
    """What the settings have to give: a recording's `Ingredients`."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is told."""

    conf_dir: str
    source: str
    """Sphinx's source folder."""
    page: str
    """Document name of the recipe's page."""
    threads: int
    time_limit: float
    """Seconds."""
    workspace: str
    """A folder of the worker's own, removed after it. The outcome goes there."""
    handover: Handover

    def save(self, file: Path) -> None:
        """Write the job where the worker reads it."""
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> "Job":
        """Read a job."""
        job = json.loads(file.read_text("utf-8"))
        return cls(**{**job, "handover": Handover(**job["handover"])})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a worker tells: the recording's text, or why there is none."""

    recording: str | None = None
    failure: str | None = None
    traceback: str = ""

    def save(self, workspace: Path) -> None:
        """Write the outcome whole: beside first, then in place."""
        beside = workspace / "outcome.part"
        beside.write_text(json.dumps(asdict(self)), encoding="utf-8")
        beside.replace(workspace / "outcome.json")

    @classmethod
    def load(cls, workspace: Path) -> "Outcome | None":
        """Read an outcome; None if the worker ended without writing one."""
        file = workspace / "outcome.json"
        if not file.is_file():
            return None
        return cls(**json.loads(file.read_text("utf-8")))
