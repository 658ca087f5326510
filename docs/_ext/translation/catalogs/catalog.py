"""Keep the translations of a page's messages in a gettext `.po` file.

polib reads and writes the file: of the stock libraries, it alone gives back what it
read. Babel loses previous messages, wraps the comments of translators, takes the later
of two translations in silence, and "10 % of" for a placeholder. Each string is written
on one line, so a file that was cut in half is either broken or has fewer messages; it
never has half a translation. `po_lines` looks at a file before polib does.
"""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polib

from translation.catalogs import po_lines
from translation.catalogs.po_lines import CatalogError
from translation.catalogs.similar import most_similar
from translation.messages.forms import Syntax

__all__ = ["Catalog", "CatalogError", "Changes", "Source", "Translation"]


class Source(NamedTuple):
    """A message in a source, and where it is."""

    msgid: str
    path: str
    line: int
    note: str = ""
    """What the translator should know of it, such as "title"."""
    syntax: Syntax = "rest"


class Translation(NamedTuple):
    """What a catalog says of one message."""

    msgid: str
    msgstr: str
    is_fuzzy: bool
    comment: str
    """The translator's own comment."""
    line: int
    """Where it is in the catalog."""
    previous: str = ""
    """The English that a fuzzy translation was made for, if that is known."""


class Changes(NamedTuple):
    """The messages that an update has changed, by their present text."""

    new: Sequence[str]
    fuzzy: Sequence[str]
    """New, with the translation of a message that is much like it."""
    obsolete: Sequence[str]
    """No longer in the sources, and removed."""


class Catalog:
    """The translations of a page's messages into one language."""

    def __init__(self, path: Path, file: polib.POFile, text: str = "") -> None:
        """Hold what was read; use `load` or `new`."""
        self.path = path
        file.wrapwidth = 0
        self._file = file
        self._read, self._as_read = text, str(file)

    @classmethod
    def new(cls, path: Path, language: str) -> "Catalog":
        """Make a catalog without messages, in a language such as `zh_CN`."""
        file = polib.POFile()
        file.metadata = {
            "Language": language,
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Transfer-Encoding": "8bit",
        }
        return cls(path, file)

    @classmethod
    def load(cls, path: Path) -> "Catalog":
        """Read a catalog.

        Raises:
            CatalogError: The file is not a catalog in UTF-8, has two translations of
                one message, or one with a context or a plural, which no page has.
        """
        text = po_lines.read(path)
        try:
            file = polib.pofile(text)
        except (OSError, ValueError) as error:
            line = re.search(r"line (\d+)", str(error))
            cause = f"not a catalog: {error}"
            raise CatalogError(path, int(line[1]) if line else 1, cause) from error
        seen = {"": 1}
        for entry in file:
            if entry.obsolete:
                continue
            line_number = entry.linenum or 1
            if entry.msgctxt is not None or entry.msgid_plural:
                word = "msgid_plural" if entry.msgid_plural else "msgctxt"
                cause = f"{entry.msgid!r} has a {word}, which no page has; remove it"
                raise CatalogError(path, line_number, cause)
            if entry.msgid in seen:
                cause = f"duplicate of line {seen[entry.msgid]}: {entry.msgid!r}"
                raise CatalogError(path, line_number, cause)
            seen[entry.msgid] = line_number
        if "Content-Type" not in file.metadata:
            raise CatalogError(path, 1, "the header does not name the charset")
        return cls(path, file, text)

    @property
    def text(self) -> str:
        """The file: byte for byte what was read, if nothing in it has changed."""
        text = str(self._file)
        return self._read if self._read and text == self._as_read else text

    def save(self) -> bool:
        """Write the file, whole or not at all, if it has changed.

        Returns:
            Whether it was written.
        """
        content = self.text.encode()
        if self.path.is_file() and self.path.read_bytes() == content:
            return False
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f".{self.path.name}-{secrets.token_hex(4)}.tmp")
        try:
            beside.write_bytes(content)
            beside.replace(self.path)
        finally:
            beside.unlink(missing_ok=True)
        return True

    def entries(self) -> list[Translation]:
        """Return all messages; those without a translation have an empty one."""
        return [
            Translation(
                *(e.msgid, e.msgstr, e.fuzzy, e.tcomment, e.linenum or 0),
                previous=e.previous_msgid or "",
            )
            for e in self._present().values()
        ]

    def translations(self) -> dict[str, str]:
        """Return the translation of each message that has one which is not fuzzy."""
        return {
            entry.msgid: entry.msgstr
            for entry in self.entries()
            if entry.msgstr.strip() and not entry.is_fuzzy
        }

    def update(
        self, sources: Iterable[Source], memory: Mapping[str, str] | None = None
    ) -> Changes:
        """Bring the messages up to date with their sources, in that order.

        A message that is gone is removed. If a new one is much like it, that gets its
        translation, marked fuzzy, and remembers the message it was for.

        Args:
            sources: The messages that there are. One may be there several times.
            memory: Translations that are known from elsewhere, such as those of
                another page; they are taken as they are, where there is none yet.

        Returns:
            What has changed.
        """
        places: dict[str, list[Source]] = {}
        for source in sources:
            places.setdefault(source.msgid, []).append(source)
        memory = memory or {}
        old = self._present()
        removed = {i: e for i, e in old.items() if i not in places and e.msgstr}
        new: list[str] = []
        fuzzy: list[str] = []
        entries: list[polib.POEntry] = []
        for msgid, found in places.items():
            entry = old.get(msgid)
            if entry is None:
                entry = _new_entry(msgid, removed, memory)
                (fuzzy if entry.fuzzy else new).append(msgid)
            elif msgid in memory and not entry.msgstr.strip():
                entry.msgstr, entry.flags = memory[msgid], []
            # Without lines: one more in a source would change half of its catalog.
            entry.occurrences = [
                (it, "") for it in dict.fromkeys(s.path for s in found)
            ]
            if not entry.fuzzy:  # who removes that mark may leave the rest
                entry.previous_msgid = None
            notes = dict.fromkeys(each.note for each in found if each.note)
            entry.comment = "\n".join(notes)
            entries.append(entry)
        self._file[:] = entries
        self._file.metadata.pop("POT-Creation-Date", None)
        return Changes(new, fuzzy, [m for m in old if m not in places])

    def _present(self) -> dict[str, polib.POEntry]:
        """Return the messages that are not obsolete."""
        return {entry.msgid: entry for entry in self._file if not entry.obsolete}


def _new_entry(
    msgid: str, removed: Mapping[str, polib.POEntry], memory: Mapping[str, str]
) -> polib.POEntry:
    """Make an entry with the best translation that is known."""
    if msgid in memory:
        return polib.POEntry(msgid=msgid, msgstr=memory[msgid])
    near = most_similar(msgid, removed)
    if near is None:
        return polib.POEntry(msgid=msgid)
    other = removed[near]
    return polib.POEntry(
        msgid=msgid,
        msgstr=other.msgstr,
        tcomment=other.tcomment,
        flags=["fuzzy"],
        previous_msgid=(other.fuzzy and other.previous_msgid) or near,
    )
