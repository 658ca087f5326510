"""The words of recordings as types; see the table in the architecture page.

This module imports nothing of the rest, so any other may import it.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Output = dict[str, Any]
"""One notebook output, as nbformat defines it (`stream`, `display_data`, …)."""

FILE = "application/x-recorded-file"
"""Kind of an output that is a file beside the pictures; its metadata has the name."""

Device = Literal["cpu", "cuda"]
"""A kind of device that recipes run on."""

DEVICES: tuple[Device, ...] = ("cpu", "cuda")

State = Literal["fresh", "stale", "missing"]
"""How a recording compares with its recipe as that is now."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a recipe, as it is in the file."""

    kind: Literal["text", "code"]
    content: str
    line: int
    """The line of the file, from 1, where the block starts."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One thing that is run and recorded: a recipe's script or a guide."""

    path: Path
    page: str
    """Document name of its page; names the recording too."""
    kind: Literal["recipe", "guide"]
    blocks: tuple[Block, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    """In-file settings."""
    fault: str = ""
    """Why the file can't be read, if it can't."""

    @property
    def file(self) -> str:
        """Name of its recording in the store."""
        return f"{self.page}.ipynb"

    @property
    def name(self) -> str:
        """What people call it: its page and its own suffix."""
        return self.page + self.path.suffix

    @property
    def typed(self) -> str:
        """Its name as it is typed in a command."""
        return shlex.quote(self.name)


@dataclass(frozen=True, slots=True)
class Ingredients:
    """All that a recording depends on; its digest is the key (see `recordings.key`)."""

    blocks: tuple[str, ...]
    """A digest of each code block's syntax tree and of its settings."""
    settings: dict[str, Any] = field(default_factory=dict)
    """The settings, of the file and of the gallery, that change output."""
    packages: dict[str, str] = field(default_factory=dict)
    """Pinned versions by package."""
    files: dict[str, str] = field(default_factory=dict)
    """Digests of local modules, data files and folders, by path relative to the
    recipe."""
    data: dict[str, str] = field(default_factory=dict)
    """Published digests of datasets, by name."""
    lines: tuple[int, ...] | None = None
    """First line of each code block; only where an output names lines of the recipe."""
    noted: bool = False
    """Whether the files are those that the run used; once they were guessed, and the
    environment and the code that `conf.py` names did not count."""
    quoted: bool = False
    """Whether an output quotes the recipe's code, so that comments count."""


@dataclass(frozen=True, slots=True)
class Run:
    """Where, when and on what a recipe ran. What is unknown is None and not shown."""

    date: str
    """Start, ISO 8601, UTC, to the second."""
    seconds: float
    threads: int
    peak_memory: int | None = None
    """Bytes."""
    processor: str | None = None
    gpu: str | None = None
    system: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    """Versions that ran, by package, Python's among them."""
    commit: str | None = None
    """Only where the recipe's file was as committed."""
    outside: list[str] = field(default_factory=list)
    """Files outside the project that were read; their content does not count."""

    @property
    def device(self) -> Device:
        """The kind of device that it ran on."""
        return "cuda" if self.gpu else "cpu"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A later run, whose outputs agreed with the recorded ones."""

    date: str
    """Start, ISO 8601, UTC, to the second."""
    versions: dict[str, str] = field(default_factory=dict)
    processor: str | None = None
    gpu: str | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """What one code block printed and drew."""

    source: str
    outputs: tuple[Output, ...] = ()
    seconds: float | None = None
    peak_memory: int | None = None
    """Bytes, highest while the block ran."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name in code or prose may stand for, in Sphinx-Gallery's words."""

    name: str
    """Of a function, class or method, within its module."""
    module: str
    module_short: str
    """The shortest that has the same object under that name."""
    is_class: bool
    is_explicit: bool
    """Whether prose refers to it, and not code."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What a recipe printed and drew when it ran, block by block."""

    recipe: str
    """Name of the recipe as it ran: that of its page, and its own suffix."""
    key: str
    ingredients: Ingredients
    run: Run
    blocks: tuple[CodeBlock, ...]
    confirmations: tuple[Confirmation, ...] = ()
    """Newest first; of each environment the newest, and not all that there were."""
    names: dict[str, tuple[Meaning, ...]] = field(default_factory=dict)
    """What names in it stand for, where only the process that ran it knows."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that ended without a recording."""

    reason: str
    """In a line."""
    recording: Recording | None = None
    """What the recipe gave before it raised, and the traceback."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A recipe, and the state of its recording."""

    recipe: Recipe
    state: State
    reasons: tuple[str, ...] = ()
    """Why it is not fresh, a sentence each."""
    recording: Recording | None = None
    """The recording that was found; fresh or stale."""
    found_at: str | None = None
    """Its name in the store, if that is not the recipe's: the recipe was renamed."""
    failure: Failure | None = None
    """The run that this build made and that failed."""
    variant: Recording | None = None
    """A fresh recording on another kind of device, to be shown beside a fresh one."""
    variant_fault: str = ""
    """Why such a recording is not shown, though it is there."""
