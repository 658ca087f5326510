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
