"""Pack a project for workers: what git would have in it, and what recipes read else."""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from recordings.key import in_file_settings
from recordings.library import Library
from recordings.machine import archive, git, provenance
from recordings.machine.copies import LEFT_OUT
from recordings.machine.reads import INSTALLED
from recordings.model import Recipe
from recordings.running.job import Job, Sources

ENVIRONMENT = "pyvenv.cfg"
"""A file that says of a folder that packages are installed in it."""


class Parcel:
    """One project, packed once for all its recipes."""

    def __init__(self, library: Library) -> None:
        """Pack nothing yet."""
        self._library = library
        self._packed: dict[tuple[Path, Path | None], bytes] = {}
        self.shared: dict[Path, bytes] = {}
        """Copies of shared folders, as the last recipe left them."""

    def add(self, job: Job, recipe: Recipe) -> Job:
        """Return a job that brings the project; its paths are relative to that.

        Raises:
            ValueError: The project is too large.
            OSError: It can't be read.
        """
        folder = recipe.path.parent.resolve()
        project = git.project(folder, self._library.conf_dir)
        conf_dir, source = (Path(each).resolve() for each in (job.conf_dir, job.source))
        root = Path(os.path.commonpath([project, conf_dir, source]))
        top = git.top(folder)
        data = folder if self._needs_data(recipe) else None
        sources = Sources(
            self._pack(root, data),
            root.name or "project",
            os.path.relpath(top, root) if top else None,
            self.shared.get(job.shared, b"") if job.shared else b"",
        )
        script = folder.relative_to(root) / recipe.path.name if job.script else None
        modules = (_inside(root, each) for each in sys.path if each != job.path)
        return replace(
            job,
            sources=sources,
            conf_dir=os.path.relpath(conf_dir, root),
            source=os.path.relpath(source, root),
            script=script,
            path=_inside(root, job.path),
            python_path=tuple(filter(None, modules)),
            commit=provenance.commit(recipe.path),
        )

    def _needs_data(self, recipe: Recipe) -> bool:
        """Tell whether a recipe needs a data set, which git does not keep."""
        needs = in_file_settings.names(recipe.settings, "needs")
        return not self._library.settings.data.keys().isdisjoint(needs)

    def _pack(self, root: Path, data: Path | None) -> bytes:
        """Pack the project without its recordings, once if that is enough.

        Args:
            root: Its folder.
            data: A folder of recipes whose data sets are packed, too.
        """
        if (root, data) not in self._packed:
            address = self._library.settings.address(self._library.conf_dir)
            store = Path(address).resolve()
            without = (
                each for each in self._paths(root, data) if store not in each.parents
            )
            self._packed[root, data] = archive.pack(root, without)
        return self._packed[root, data]

    def _paths(self, root: Path, data: Path | None) -> list[Path]:
        """List what is packed."""
        paths = [*(git.kept(root) if git.top(root) else [root]), *self._modules]
        if data:
            for each in data.iterdir():
                if each.name not in LEFT_OUT:
                    paths += [each, each.resolve()] if each.is_symlink() else [each]
        found: dict[Path, None] = {}
        for path in paths:
            if path.is_relative_to(root):
                found |= dict.fromkeys(_walk(path))
        return [*found]

    @cached_property
    def _modules(self) -> list[Path]:
        """The files of modules that `conf.py` has loaded, git's or not."""
        files = [getattr(each, "__file__", None) for each in [*sys.modules.values()]]
        return [
            Path(each)
            for each in files
            if isinstance(each, str) and not each.startswith(INSTALLED)
        ]


def _walk(path: Path) -> Iterator[Path]:
    """Yield a path and, of a folder, all that is in it but what only tools use."""
    if path.name in LEFT_OUT or (path / ENVIRONMENT).is_file():
        return
    yield path
    if path.is_dir() and not path.is_symlink():
        for each in sorted(path.iterdir()):
            yield from _walk(each)


def _inside(root: Path, name: str) -> str:
    """Return a folder of modules as seen from the root; nothing if it is not in it."""
    path = Path(name).resolve()
    is_own = bool(name) and path.is_dir() and path.is_relative_to(root)
    if not is_own or f"{path}{os.sep}".startswith(INSTALLED):
        return ""
    return os.path.relpath(path, root)
