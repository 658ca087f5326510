"""What a recipe brings to another machine than its runner's, and what it sends back."""

import os
from dataclasses import replace
from pathlib import Path

from recordings.machine import archive, git
from recordings.machine.copies import mirror
from recordings.running.job import Job


def unpack(job: Job) -> Job:
    """Unpack what a job brings into its workspace; return the job as it is there.

    A job that brings nothing stays what it is.
    """
    if not (sources := job.sources):
        return job
    folder = Path(job.workspace)
    root = folder / "project" / sources.name
    archive.unpack(sources.archive, root)
    if sources.repository is not None:  # by which is known what git ignores
        git.git(root / sources.repository, "init", "-q")
    conf_dir = _at(root, job.conf_dir)
    script = None if job.script is None else root / job.script
    shared = folder / "shared" if job.shared and script else None
    there = replace(
        job,
        sources=None,
        script=script,
        conf_dir=conf_dir,
        source=_at(root, job.source),
        path=_at(root, job.path) if job.path else "",
        python_path=tuple(_at(root, each) for each in job.python_path),
        log=str(folder / "log"),
        shared=shared,
    )
    if sources.shared and (own := _shared_folder(there)):
        for entry in own.iterdir():
            if not entry.is_symlink():
                entry.unlink()
        archive.unpack(sources.shared, own)
    return there


def pack_shared(job: Job) -> bytes:
    """Pack the copy of its folder in which a recipe ran, for those that run after it.

    Links are left out: they lead to the project, which travels by itself.
    """
    if not (own := _shared_folder(job)):
        return b""
    inside = sorted(own.rglob("*"))  # which follows no links to folders
    return archive.pack(own, [each for each in inside if not each.is_symlink()])


def _shared_folder(job: Job) -> Path | None:
    """Return the copy of its folder that a recipe shares, made if it is not there."""
    if not (job.shared and job.script):
        return None
    project = git.project(job.script.parent.resolve(), Path(job.conf_dir))
    return mirror(job.script, project, job.shared / "copy").parent


def _at(root: Path, name: str) -> str:
    return os.path.normpath(root / name)
