"""When a page was first recorded, as git knows it: never an invented date."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from recordings import settings
from recordings.machine.git import git

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_COMMIT = b"\x01"
_SUFFIX = ".ipynb"


def first_recorded(app: "Sphinx") -> dict[str, str]:
    """Return the dates at which pages got their recordings, ISO 8601; asked once.

    Where the clone is shallow or git is lacking, nothing is known. Nor is it of a
    recording that was renamed.
    """
    known: dict[str, str] | None = getattr(app, "_first_recorded", None)
    if known is None:
        folder = Path(app.confdir, settings.from_sphinx(app.config).path)
        known = dates(Path(os.path.normpath(folder)))
        app._first_recorded = known  # type: ignore[attr-defined]  # noqa: SLF001
    return known


def dates(folder: Path) -> dict[str, str]:
    """Return when each recording in a folder was added, by page."""
    if git(folder, "rev-parse", "--is-shallow-repository").strip() != b"false":
        return {}
    asked = ("log", "--diff-filter=A", "--name-only", "--relative", "-z")
    answer = git(folder, *asked, "--format=%x01%ct", "--", ".")
    found: dict[str, str] = {}
    for commit in answer.split(_COMMIT)[1:]:
        seconds, *names = os.fsdecode(commit).replace("\n", "\0").split("\0")
        day = f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%SZ}"
        # The oldest comes last: what was removed and added again was first there then.
        pages = (name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
        found |= dict.fromkeys(pages, day)
    return found
