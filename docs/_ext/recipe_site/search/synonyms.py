"""Read `locales/<language>/synonyms.csv`: what else a search for some words finds.

    searched,finds
    memory leak,memory grows
    exploding gradients,/recipes/gradients/clipping_gradients
    怎么,

The first row finds other words, too. The second puts a page first. The last has words
around what a query is about: they are left out of it.
"""

import csv
from collections.abc import Container
from pathlib import Path
from typing import Final

from sphinx.errors import ExtensionError

NAME: Final = "synonyms.csv"
COLUMNS: Final = ["searched", "finds"]


def read_synonyms(file: Path, pages: Container[str]) -> list[list[str]]:
    """Return the rows of a table; where there is none, no rows.

    Args:
        file: The table.
        pages: The names of all pages.

    Raises:
        ExtensionError: A row does not say what it should.
    """
    if not file.is_file():
        return []
    with file.open(encoding="utf-8", newline="") as table:
        head, *rows = list(csv.reader(table)) or [[]]
    if head != COLUMNS:
        raise ExtensionError(f"{file}:1: the first line must be {','.join(COLUMNS)}")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(COLUMNS) or not row[0].strip():
            raise ExtensionError(
                f"{file}:{number}: write what readers type, a comma, and what it "
                "finds; put quotation marks around a text with a comma"
            )
        if row[1].startswith("/") and row[1][1:] not in pages:
            raise ExtensionError(f"{file}:{number}: there is no page {row[1]}")
    return rows
