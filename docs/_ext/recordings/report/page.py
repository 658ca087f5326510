"""A report as one HTML file that needs no other."""

from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from recordings.report.changes import Change, Figure
from recordings.report.summary import counted, facts

ROWS = {"-": "before", "+": "after", "?": "about"}
"""The class of a row, by the mark that it begins with."""


def to_html(changes: Sequence[Change], untouched: int, base: str) -> str:
    """Write what changed, recipe by recipe, with the figures before and after.

    Args:
        changes: Of each recording that is not as it was, byte for byte.
        untouched: How many others there are.
        base: What the recordings are compared with, in words.
    """
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template("page.html").render(
        told=[each for each in changes if each.state != "as before"],
        base=base,
        counted=counted(changes, untouched),
        facts=facts,
        address=_address,
        row_class=lambda row: ROWS.get(row[:1], ""),
    )


def _address(figure: Figure) -> str:
    """Return an address that holds a picture; a script in it is not run as an image."""
    content = figure.content
    if figure.kind == "image/svg+xml":
        content = b64encode(content.encode()).decode()
    return f"data:{figure.kind};base64,{''.join(content.split())}"
