"""Where a recipe is, where its copy ran, and which file there is a copy of which."""

import importlib.util
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where a recipe is, and where its copy ran."""

    script: Path
    project: Path
    copy: Path
    """The copy of the project's folder."""
    made: float
    """When the copy was made."""
    workspace: Path | None = None
    """The recipe's own folder, where the copy is shared and so in another."""

    def original(self, path: str) -> Path:
        """Return what a file of the copy is a copy of; another file is itself."""
        if path.endswith(".pyc"):
            with suppress(ValueError):
                path = importlib.util.source_from_cache(path)
        for copy in (self.copy, _resolved(self.copy)):
            if is_in(path, copy):
                return self.project / path[len(str(copy)) :].lstrip(os.sep)
        return Path(path)

    def find(self, path: str, real: str) -> Path:
        """Return the original of a file, which may be the project's only by links."""
        file = self.original(path)
        if is_in(file, self.project) and file.exists():
            return file
        other = self.original(real)
        return other if is_in(other, self.project) else file

    def holds(self, file: Path) -> bool:
        """Tell whether a file is in the project, and is no link to one that is not."""
        real = file if file == self.script else file.resolve()
        return is_in(file, self.project) and is_in(real, self.project)


def is_in(path: str | Path, folder: Path) -> bool:
    """Tell whether a path is in a folder, or is it; much sooner than `pathlib` does."""
    return f"{path}{os.sep}".startswith(f"{str(folder).rstrip(os.sep)}{os.sep}")


@cache  # it is asked for each file; the copy stays where it is
def _resolved(copy: Path) -> Path:
    return copy.resolve()
