"""What is known of each translated page: its English titles, and what is not yet said.

Written where an edition's source folder is made, read by what Sphinx adds to a page.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from translation.catalogs.catalog import Translation

if TYPE_CHECKING:
    from sphinx.environment import BuildEnvironment

FOLDER = "page_facts"
"""Name of the folder of these files, in the folder of the edition."""
FAULTS = "faults"
"""Name of the file beside it that lists what is wrong with catalogs."""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What is known of one page that is made from a translated file."""

    titles: Sequence[tuple[str, str]] = ()
    """The titles in reST, in order: as they are on the page, and in English."""
    total: int = 0
    """How many messages there are."""
    untranslated: Sequence[str] = ()
    """Those that are still in English."""
    outdated: Sequence[tuple[str, str, str]] = ()
    """Older translations: as on the page, the English of then, and that of now."""
    catalog: Sequence[Translation] | None = None
    """Where Sphinx itself translates the page: what its catalog has.

    What is still in English is then found on the page: the catalog may be older.
    """

    def __add__(self, other: "PageFacts") -> "PageFacts":
        """Join what is known of two files that one page is made of."""
        return PageFacts(
            [*self.titles, *other.titles],
            self.total + other.total,
            [*self.untranslated, *other.untranslated],
            [*self.outdated, *other.outdated],
        )

    def to_text(self) -> str:
        """Return the facts as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)

    @classmethod
    def from_text(cls, text: str) -> "PageFacts":
        """Return the facts that JSON holds."""
        facts = json.loads(text)
        if facts["catalog"] is not None:
            facts["catalog"] = [Translation(*each) for each in facts["catalog"]]
        return cls(**facts)


def read_facts(env: "BuildEnvironment") -> PageFacts | None:
    """Read the facts of the page that is being read, if it is a translated one.

    Where they change, Sphinx reads the page again.
    """
    file = Path(env.srcdir).parent / FOLDER / f"{env.docname}.json"
    if not file.is_file():
        return None
    env.note_dependency(file)
    return PageFacts.from_text(file.read_text("utf-8"))
