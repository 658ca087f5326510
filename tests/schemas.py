"""Check what GitHub reads against the schemas that check-jsonschema brings along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FILES = {
    "citation-file-format": "CITATION.cff",
    "dependabot": ".github/dependabot.yml",
    "github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
    "github-issue-forms": ".github/ISSUE_TEMPLATE/*_*.yml",
    "github-workflows": ".github/workflows/*.yml",
}
"""Where the files of each schema are."""


def main() -> int:
    """Check all; return the exit status."""
    status = 0
    for schema, place in FILES.items():
        files = [*map(str, Path().glob(place))]
        command = ["check-jsonschema", "-q", "--builtin-schema", f"vendor.{schema}"]
        status |= subprocess.run([*command, *files], check=False).returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
