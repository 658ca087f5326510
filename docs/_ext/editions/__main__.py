"""`python -m editions`: make what each edition but the English one is built from."""

import argparse
import sys
from pathlib import Path

from editions import folder
from editions.edition import editions


def main(arguments: list[str] | None = None) -> int:
    """Make or refresh the folder of each edition; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m editions", description=__doc__)
    parser.add_argument(
        "project", type=Path, nargs="?", default=Path(), help="by default this folder"
    )
    project = parser.parse_args(arguments).project.resolve()
    if not (project / "docs" / "conf.py").is_file():
        parser.error(f"there is no docs/conf.py in {project}: name its folder")
    for edition in editions(project):
        if edition.is_source:
            continue
        try:
            folder.make(project, edition)
        except folder.EditionError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
