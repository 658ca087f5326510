"""Write small catalogs for tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'


def catalog(translations: Mapping[str, str], above: str = "") -> str:
    """Write a catalog, with lines above each message."""
    entries = (
        f"{above}msgid {json.dumps(message, ensure_ascii=False)}\n"
        f"msgstr {json.dumps(text, ensure_ascii=False)}\n"
        for message, text in translations.items()
    )
    return "\n".join([HEADER, *entries])
