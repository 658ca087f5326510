"""Hand a page's script the words that it shows, in the language of the edition."""

import json
from collections.abc import Mapping

from docutils import nodes


def script_words(name: str, words: Mapping[str, object]) -> nodes.raw:
    """Make the element that a script reads by its id; it is not shown."""
    text = json.dumps(words, ensure_ascii=False).replace("<", r"\u003c")
    html = f'<script type="application/json" id="{name}">{text}</script>'
    return nodes.raw("", html, format="html")
