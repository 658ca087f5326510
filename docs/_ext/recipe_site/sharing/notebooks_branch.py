"""Commit the built site's notebooks to the branch that Colab opens them from.

    python -m recipe_site.sharing.notebooks_branch docs/_build/html [--push]

Neither the work tree nor the index changes: git is told to use another index. Where the
notebooks are as they were, there is no commit.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from recipe_site.page_top import NOTEBOOKS

PATTERN = "*/downloads/**/*.ipynb"
"""The notebooks of all editions, below the folder of the site."""
REMOTE = "origin"


class GitError(Exception):
    """Git could not do it; the message is what it said."""


def git(*command: str, environment: Mapping[str, str] | None = None) -> str:
    """Return what git says.

    Raises:
        GitError: It failed.
    """
    done = subprocess.run(
        ["git", *command],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise GitError(f"git {command[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def commit(site: Path) -> str | None:
    """Commit the site's notebooks to the local branch; return the commit, if it is new.

    Raises:
        GitError: Git could not do it.
    """
    notebooks = sorted(site.glob(PATTERN))
    if not notebooks:
        raise GitError(f"{site} holds no notebooks; type first: nox -s docs")
    with TemporaryDirectory() as folder:
        own = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        for notebook in notebooks:
            digest = git("hash-object", "-w", "--", str(notebook))
            place = notebook.relative_to(site).as_posix()
            entry = f"100644,{digest},{place}"
            git("update-index", "--add", "--cacheinfo", entry, environment=own)
        tree = git("write-tree", environment=own)
    before = _tip()
    if before and git("rev-parse", f"{before}^{{tree}}") == tree:
        return None
    parents = ("-p", before) if before else ()
    made = git("commit-tree", tree, *parents, "-m", "Notebooks of the published site")
    git("update-ref", f"refs/heads/{NOTEBOOKS}", made)
    return made


def push() -> None:
    """Send the branch to where the clone came from.

    Raises:
        GitError: Git could not do it; the branch is there, locally.
    """
    git("push", REMOTE, f"refs/heads/{NOTEBOOKS}:refs/heads/{NOTEBOOKS}")


def _tip() -> str:
    """Return the last commit of the branch: the remote's, else the local one's."""
    try:
        git("fetch", "--depth", "1", REMOTE, f"refs/heads/{NOTEBOOKS}")
        return git("rev-parse", "FETCH_HEAD")
    except GitError:
        try:
            return git("rev-parse", "--verify", f"refs/heads/{NOTEBOOKS}")
        except GitError:
            return ""


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        description="Commit the site's notebooks.", allow_abbrev=False
    )
    parser.add_argument("site", type=Path)
    parser.add_argument("--push", action="store_true")
    said = parser.parse_args()
    try:
        made = commit(said.site)
        if said.push and made:
            push()
    except GitError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    done = f"{'pushed' if said.push else 'committed'} to {NOTEBOOKS}: {made}"
    sys.stdout.write(f"{done if made else 'the notebooks are as they were'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
