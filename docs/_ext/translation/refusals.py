"""Say what is in a catalog that no translation may hold; each time with the line."""

from collections.abc import Iterator

from translation.catalogs.catalog import Catalog
from translation.checks.additions import additions
from translation.fault import FileError
from translation.messages.forms import Syntax


def refusals(catalog: Catalog, syntax: Syntax) -> Iterator[FileError]:
    """Yield what a build must not use, of messages of any kind, on the page or not.

    Args:
        catalog: Of one page, or of the strings of templates and code.
        syntax: How the page is written.
    """
    for entry in catalog.entries():
        if not entry.is_fuzzy:
            for added in additions(entry.msgid, entry.msgstr, syntax):
                cause = f"not in the English: {added}; only authors may add it"
                yield FileError(catalog.path, entry.line, cause)
