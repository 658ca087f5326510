"""The strings of extensions and templates, read only where they are asked for."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from editions import kept
from translation.sources.sources import SourceError
from translation.sources.strings import METHODS, string_pages


class Strings:
    """Those of one project."""

    def __init__(self, project: Path) -> None:
        """Read nothing yet."""
        self._project = project

    @cached_property
    def digest(self) -> str:
        """Changes whenever a string may have changed."""
        docs = self._project / "docs"
        return kept.digest([docs / "_ext", docs / "_templates"], [*METHODS])

    @cached_property
    def _by_catalog(self) -> dict[str, list[str]]:
        try:
            pages = [*string_pages(self._project)]
        except SourceError:  # a build tells why
            return {}
        return {page.name: [each.msgid for each in page.sources] for page in pages}

    def in_catalog(self, name: str) -> Sequence[str]:
        """Return the strings of one catalog, in English; none if they can't be read."""
        return self._by_catalog.get(name, ())
