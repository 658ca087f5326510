"""What is known of each translated page: its English titles, and what is not yet said.

Written where an edition's source folder is made, read by what Sphinx adds to a page.
"""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

FILE = "pages.json"
"""Name of the file, in the folder of the edition."""


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


def to_text(pages: Mapping[str, PageFacts]) -> str:
    """Write the facts as JSON, by document name."""
    plain = {name: asdict(facts) for name, facts in sorted(pages.items())}
    return json.dumps(plain, ensure_ascii=False, indent=1)


@lru_cache(maxsize=1)
def from_file(file: Path, _changed: int) -> dict[str, PageFacts]:
    """Read an edition's facts, again only when the file has another time."""
    plain = json.loads(file.read_text("utf-8"))
    return {
        name: PageFacts(
            tuple((title, source) for title, source in facts["titles"]),
            facts["total"],
            tuple(facts["untranslated"]),
            facts.get("translated"),
        )
        for name, facts in plain.items()
    }


def of_all(env: BuildEnvironment) -> dict[str, PageFacts]:
    """Give the facts of the edition that is being built; English has none."""
    file = Path(env.srcdir).parent / FILE
    return from_file(file, file.stat().st_mtime_ns) if file.is_file() else {}


def of(env: BuildEnvironment) -> PageFacts | None:
    """Give the facts of the page that is being read, if it is a translated one."""
    return of_all(env).get(env.docname)


def with_other_facts(
    _app: Sphinx,
    env: BuildEnvironment,
    added: AbstractSet[str],
    changed: AbstractSet[str],
    _removed: AbstractSet[str],
) -> list[str]:
    """Name pages that Sphinx would leave alone though their facts are others."""
    old: dict[str, PageFacts] = getattr(env, "edition_facts", {})
    new = of_all(env)
    env.edition_facts = new  # type: ignore[attr-defined]
    return [
        page
        for page, facts in new.items()
        if page in env.found_docs
        and page not in added | changed
        and old.get(page) != facts
    ]
