"""Check that recordings from a GPU are those that the record workflow vouched for.

The workflow attests what its runner handed over (`.github/workflows/record.yml`), and
the GitHub CLI compares a file's bytes with that. A recording from a CPU is made by who
proposes it, and reviewed as code is.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from recordings.library import Library, open_library

WORKFLOW = ".github/workflows/record.yml"
FROM_MAIN = ("--source-ref", "refs/heads/main")
"""Of another branch, anyone who may push could have changed the workflow."""


def from_gpus(library: Library) -> Iterator[str]:
    """Yield the files of the recordings that were made on a GPU."""
    for entry in library.entries():
        if entry.recording and entry.recording.run.gpu:
            yield entry.found_at or entry.recipe.file


def refused(files: Iterable[Path], repository: str) -> Iterator[str]:
    """Yield what is wrong with each file that the workflow has not vouched for.

    Args:
        files: Recordings.
        repository: Where the workflow ran, as `owner/name`.
    """
    workflow = ("--signer-workflow", f"{repository}/{WORKFLOW}", *FROM_MAIN)
    for file in files:
        command = ("gh", "attestation", "verify", str(file), "--repo", repository)
        done = subprocess.run(
            [*command, *workflow], capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            why = said[-1] if said else "gh says nothing"
            yield (
                f"{file.name}: not as the record workflow made it; "
                f"run that workflow, and merge what it proposes ({why})"
            )


def main() -> int:
    """Check all recordings of the project; return the exit status."""
    repository = os.environ.get("REPOSITORY", "")
    library = open_library(Path("docs").absolute())
    files = [Path(library.store.where(each)) for each in from_gpus(library)]
    if files and not repository:
        sys.stderr.write(
            "REPOSITORY must be owner/name: where recordings are attested\n"
        )
        return 1
    found = [*refused(files, repository)]
    sys.stderr.writelines(f"{each}\n" for each in found)
    sys.stdout.write(f"{len(files)} recordings from GPUs, {len(found)} refused\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
