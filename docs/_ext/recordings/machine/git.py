"""Ask git about the repository that a folder is in."""

import os
import subprocess
from pathlib import Path


def git(folder: Path, *command: str, given: bytes = b"") -> bytes:
    """Ask git; without git, or outside a repository, the answer is empty."""
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *command],
            input=given,
            capture_output=True,
            check=False,
        ).stdout
    except OSError:
        return b""


def top(folder: Path) -> Path | None:
    """Return the repository's own folder; None outside of any."""
    answer = git(folder, "rev-parse", "--show-toplevel").rstrip(b"\n")
    return Path(os.fsdecode(answer)).resolve() if answer else None


def project(folder: Path, conf_dir: Path) -> Path:
    """Return the folder that holds all of the project: the repository's, if any.

    Args:
        folder: A recipe's, without links in its path.
        conf_dir: Folder of `conf.py`.
    """
    if found := top(folder):
        return found
    both = Path(os.path.commonpath([folder, conf_dir.resolve()]))
    return folder.parent if both == folder else both


def kept(folder: Path) -> list[Path]:
    """List the files in a folder that a commit of all would hold."""
    found = git(folder, "ls-files", "-z", "-c", "-o", "--exclude-standard", ".")
    return [folder / name for name in sorted(_paths(found))]


def branch_point(folder: Path, base: str | None) -> str | None:
    """Return the commit at which the work here left a revision; None without one.

    Args:
        folder: A folder of the repository.
        base: The revision; by default the main branch, else the last commit.
    """
    for revision in (base,) if base else ("origin/main", "main", "HEAD"):
        if found := git(folder, "merge-base", "--end-of-options", revision, "HEAD"):
            return found.decode().strip()
    return None


def changed_files(folder: Path, commit: str) -> dict[str, bytes | None]:
    """Return the files that are not as a commit has them, with their content there.

    Files that are new since have None. What git ignores is left out.

    Args:
        folder: The folder that is asked about, whose paths are relative to it.
        commit: The commit.
    """
    only = ("-z", "--relative", "--no-renames", commit, "--", ".")
    changed = _paths(git(folder, "diff", "--name-only", *only))
    there = _paths(git(folder, "ls-tree", "-r", "-z", "--name-only", commit))
    new = _paths(git(folder, "ls-files", "-z", "--others", "--exclude-standard"))
    return {
        name: git(folder, "show", f"{commit}:./{name}") if name in there else None
        for name in sorted({*changed, *new})
    }


def _paths(answer: bytes) -> set[str]:
    return {os.fsdecode(name) for name in answer.split(b"\0") if name}
