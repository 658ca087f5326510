"""Have a page that has a fault read again by each build, until the fault is mended.

Sphinx says what is wrong with a page as it reads or writes it, and leaves a page alone
that has not changed: the next build would find nothing wrong.
"""

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.util.logging import SphinxLogRecord, WarningStreamHandler

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

_PLACE = re.compile(r"(?P<file>.+?)(?::\d*)?(?::<translated>:\d*)?$")


class NoteFaulty(logging.Filter):
    """Notes the pages that warnings are of, and lets every warning through."""

    def __init__(self, app: "Sphinx") -> None:
        """Begin with none."""
        super().__init__()
        self.app = app
        self.pages: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Note the page of *record*, if it names a file that is one's source."""
        place = record.location if isinstance(record, SphinxLogRecord) else None
        env = getattr(self.app, "env", None)  # it is there once all is set up
        if env and (match := _PLACE.match(place or "")):
            page = env.path2doc(match["file"])
            if page in env.found_docs and page not in self.pages:
                self.pages.add(page)
                with _noted(self.app).open("a", encoding="utf-8") as file:
                    file.write(f"{page}\n")  # the build may be interrupted
        return True

    def renew(self, _app: "Sphinx", env: "BuildEnvironment", *_: set[str]) -> list[str]:
        """Return the pages that had a fault in the last build."""
        file = _noted(self.app)
        pages = {*file.read_text("utf-8").split("\n")} if file.is_file() else ()
        return [each for each in pages if each in env.found_docs]

    def keep(self, _app: "Sphinx", _failure: Exception | None) -> None:
        """Keep which pages had one in this build."""
        pages = (f"{each}\n" for each in sorted(self.pages))
        _noted(self.app).write_text("".join(pages), "utf-8")


def _noted(app: "Sphinx") -> Path:
    return Path(app.doctreedir, "faulty_pages")


def setup_faulty_pages(app: "Sphinx") -> None:
    """Listen to all warnings."""
    note = NoteFaulty(app)
    for handler in logging.getLogger("sphinx").handlers:
        if isinstance(handler, WarningStreamHandler):
            handler.addFilter(note)
    app.connect("env-get-outdated", note.renew)
    app.connect("build-finished", note.keep)
