"""Run downloads alone, each in an empty folder, with only what a recipe needs.

`nox -s downloads` runs all scripts and notebooks of all editions, `nox -s colab` ten
notebooks on the versions that Colab has. It prints the downloads that fail, and now and
then how far it is.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory

TIMEOUT = 600
"""Seconds for each."""
LAST_LINES = 15
SHOWN = 10
"""After so many downloads it says how far it is."""
DATA = Path("recipes/data").absolute()
NOTEBOOK = f"""\
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, timeout={TIMEOUT}, kernel_name="python3").execute()
"""


def failure(download: Path) -> str:
    """Run a download in a folder of its own; return how it failed, or nothing."""
    with TemporaryDirectory() as folder:
        copy(download, folder)
        if DATA.is_dir():  # so that each does not fetch it
            Path(folder, "data").symlink_to(DATA)
        how = ["-c", NOTEBOOK] if download.suffix == ".ipynb" else []
        try:
            done = subprocess.run(
                [sys.executable, *how, download.name],
                cwd=folder,
                env=os.environ | {"MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"},
                capture_output=True,
                text=True,
                timeout=2 * TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"{download}: not done after {2 * TIMEOUT} seconds"
    if not done.returncode:
        return ""
    last = "\n".join(done.stderr.splitlines()[-LAST_LINES:])
    return f"{download}: status {done.returncode}\n{last}"


def main() -> int:
    """Run the downloads of a built site; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("site", type=Path)
    parser.add_argument("--some", type=int, help="only so many English notebooks")
    said = parser.parse_args()
    places = [
        said.site.glob(f"{'en' if said.some else '*'}/downloads/**/*{kind}")
        for kind in ([".ipynb"] if said.some else [".py", ".ipynb"])
    ]
    found = sorted(path for place in places for path in place)
    if not found:
        print(f"{said.site} has no downloads; type first: nox -s docs")  # noqa: T201
        return 1
    step = -(-len(found) // said.some) if said.some else 1
    wanted = found[::step]
    failed = 0
    print(f"{len(wanted)} downloads, each alone", flush=True)  # noqa: T201
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, told in enumerate(pool.map(failure, wanted), 1):
            failed += bool(told)
            if told or number % SHOWN == 0:
                print(told or f"{number} of {len(wanted)} ran", flush=True)  # noqa: T201
    print(f"{len(wanted)} downloads ran alone, {failed} failed")  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
