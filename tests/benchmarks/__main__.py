"""Measure time and memory beside plain Sphinx-Gallery (`nox -s benchmark`).

Only ratios mean anything on another machine, and only where nothing else is busy.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks import many, own
from benchmarks.measure import place


def parser() -> argparse.ArgumentParser:
    """Return what knows the words behind the command."""
    made = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    made.add_argument(
        "--many",
        type=int,
        nargs="+",
        metavar="N",
        help="projects of so many generated recipes instead of this one's",
    )
    return made


def main() -> None:
    """Measure, and print tables for the page about speed."""
    options = parser().parse_args()
    print(place(), flush=True)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        made = Path(folder)
        if options.many:
            print(many.measure(made, options.many))
        else:
            print(own.measure(made))


if __name__ == "__main__":
    main()
