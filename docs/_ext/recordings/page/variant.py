"""What differs where a recipe ran on another kind of device, folded on its page.

It is HTML's `details`, so it opens without scripts and by keyboard; other formats, and
printers, show what is inside.
"""

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from textwrap import dedent

from docutils import nodes
from sphinx.application import Sphinx

from recordings.comparison.verify import Rules, SettingError, compare
from recordings.model import Recording
from recordings.page import build, run_card
from recordings.page.run_card import _
from recordings.units import duration, size

STYLE = Path(__file__).with_name("variant.css")
CLASS = "recording-variant"


def as_nodes(
    main: Recording, other: Recording, rules: Rules, language: str
) -> nodes.container:
    """Say what differs between a page's recording and another device's.

    Args:
        main: The page's.
        other: That of the other kind of device.
        rules: How outputs of the recipe are compared.
        language: For the dates.
    """
    folded = nodes.container(classes=[CLASS])
    opening = f"<details><summary>{escape(_summary(other))}</summary>"
    folded += nodes.raw("", opening, format="html")
    folded += nodes.container("", _table(main, other, language), classes=["figures"])
    try:
        differences = compare(main, other, rules)
    except SettingError as error:
        differences = [str(error)]
    if differences:
        told = _("What it prints differs: - is on this page, + on the other device.")
    else:
        told = _("What it prints is the same, within the tolerance of this recipe.")
    folded += nodes.paragraph("", told, translatable=False)
    for each in differences:
        folded += _difference(each)
    folded += nodes.raw("", "</details>", format="html")
    return folded


def _difference(told: str) -> list[nodes.Element]:
    """Show what `compare` tells of a block: where that is, and a diff."""
    place, _rest, text = told.partition("\n")
    if found := re.search(r", block (\d+)", place):
        place = _("Code block %s") % found[1]
    diff = dedent(text) or place
    return [
        nodes.paragraph("", place, translatable=False),
        nodes.literal_block(diff, diff, language="diff", linenos=False),
    ]


def _summary(other: Recording) -> str:
    run = other.run
    if run.gpu:
        told = _("On a GPU (%(gpu)s): %(time)s")
        return told % {"gpu": run.gpu, "time": duration(run.seconds)}
    return _("Without a GPU: %s") % duration(run.seconds)


def _rows(
    main: Recording, other: Recording, language: str
) -> Iterator[tuple[str, ...]]:
    """Yield what is known of both: a label, and the two values."""
    runs = (main.run, other.run)
    yield _("Device"), *(_device(each) for each in (main, other))
    yield _("Run time"), *(duration(each.seconds) for each in runs)
    if main.run.peak_memory and other.run.peak_memory:
        yield _("Peak memory"), size(main.run.peak_memory), size(other.run.peak_memory)
    yield _("Date"), *(run_card.day(each.date, language) for each in runs)
    for name in sorted({*main.run.versions, *other.run.versions}):
        versions = [each.versions.get(name, "–") for each in runs]
        if versions[0] != versions[1]:
            yield name, *versions


def _device(recording: Recording) -> str:
    run = recording.run
    return run.gpu or run_card.machine(run.processor or "–")


def _table(main: Recording, other: Recording, language: str) -> nodes.table:
    head = ("", _("This page"), _("The other device"))
    rows = map(_row, _rows(main, other, language))
    group = nodes.tgroup("", cols=len(head))
    group += [nodes.colspec(colwidth=30) for _column in head]
    group += nodes.thead("", _row(head))
    group += nodes.tbody("", *rows)
    return nodes.table("", group, classes=["recording-variant-figures"])


def _row(cells: tuple[str, ...]) -> nodes.row:
    paragraphs = (nodes.paragraph("", each, translatable=False) for each in cells)
    return nodes.row("", *(nodes.entry("", each) for each in paragraphs))


def add_style(
    app: Sphinx, _page: str, _template: str, _context: object, document: object
) -> None:
    """Give pages that show such a thing its style, and no others."""
    if isinstance(document, nodes.document):
        containers = document.findall(nodes.container)
        if any(CLASS in each["classes"] for each in containers):
            app.add_css_file(STYLE.name)


def copy_style(app: Sphinx) -> None:
    """Have the style copied, if a page needs it."""
    if any(each.variant for each in build.build_of(app).entries.values()):
        app.config.html_static_path = [*app.config.html_static_path, str(STYLE)]
