"""What is known of each translated page: its English titles, and what is not yet said.

Written where an edition's source folder is made, read by what Sphinx adds to a page.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.environment import BuildEnvironment

FOLDER = "page_facts"
"""Name of the folder of these files, in the folder of the edition."""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What is known of one page that is made from a translated file."""

    titles: Sequence[tuple[str, str]] = ()
    """The titles in reST, in order: as they are on the page, and in English."""
    total: int = 0
    """How many messages there are."""
    untranslated: Sequence[str] = ()
    """Those that are still in English."""
    translated: Sequence[str] | None = None
    """Where Sphinx itself translates the page: what its catalog has, in both languages.

    What is still in English is then found on the page: the catalog may be older.
    """

    def __add__(self, other: "PageFacts") -> "PageFacts":
        """Join what is known of two files that one page is made of."""
        return PageFacts(
            [*self.titles, *other.titles],
            self.total + other.total,
            [*self.untranslated, *other.untranslated],
        )

    def to_text(self) -> str:
        """Return the facts as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)


def read_facts(env: "BuildEnvironment") -> PageFacts | None:
    """Read the facts of the page that is being read, if it is a translated one.

    Where they change, Sphinx reads the page again.
    """
    file = Path(env.srcdir).parent / FOLDER / f"{env.docname}.json"
    if not file.is_file():
        return None
    env.note_dependency(file)
    return PageFacts(**json.loads(file.read_text("utf-8")))
