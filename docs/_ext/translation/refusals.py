"""Say what is in a catalog that no translation may hold; each time with the line."""

from collections.abc import Iterator

from translation.catalogs.catalog import Catalog
from translation.checks.additions import additions
from translation.fault import FileError
from translation.messages.forms import Syntax

_HINT = "only authors may add it; if it is text, write \\ before it"


def refusals(catalog: Catalog, syntax: Syntax) -> Iterator[FileError]:
    """Yield what a build must not use, of messages of any kind, on the page or not.

    Args:
        catalog: Of one page, or of the strings of templates and code.
        syntax: How the page is written.
    """
    for entry in catalog.entries():
        added = [] if entry.is_fuzzy else additions(entry.msgid, entry.msgstr, syntax)
        if added:
            cause = f"not in the English: {' and '.join(added)}; {_HINT}"
            yield FileError(catalog.path, entry.line, cause)
