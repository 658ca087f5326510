"""The run card: on what a page's output was made. What is unknown is left out."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TypeVar

from docutils import nodes
from sphinx.locale import get_translation
from sphinx.util.i18n import format_date

from recordings.model import CodeBlock, Confirmation, Entry, Recording
from recordings.settings import Settings
from recordings.units import duration, size

CONFIRMATIONS = 3
"""How many are shown."""
SHORTEST = 0.1
"""Seconds from which on a block's time is shown."""
Node = TypeVar("Node", bound=nodes.Element)


def _(text: str) -> str:
    """Translate a string of this extension into the language of the build."""
    return str(get_translation("recordings")(text))


def lines(recording: Recording, language: str = "en") -> Iterator[tuple[str, str]]:
    """Yield what is known of a recording's run, as pairs of a label and a value."""
    run = recording.run
    if run.gpu:
        yield _("GPU"), run.gpu
    if run.processor:
        threads = _("1 thread") if run.threads == 1 else _("%d threads") % run.threads
        yield _("Processor"), _(", ").join([machine(run.processor), threads])
    if run.versions:
        yield _("Versions"), _(", ").join(map(" ".join, run.versions.items()))
    yield _("Date"), day(run.date, language)
    yield _("Run time"), duration(run.seconds)
    if run.peak_memory:
        yield _("Peak memory"), size(run.peak_memory)
    if run.commit:
        yield _("Commit"), run.commit[:10]
    for each in recording.confirmations[:CONFIRMATIONS]:
        yield _("Confirmed"), _(", ").join(_confirmation(each, recording, language))


def _confirmation(
    confirmation: Confirmation, recording: Recording, language: str
) -> Iterator[str]:
    """Yield when outputs were confirmed, and on what that the card doesn't say yet."""
    yield day(confirmation.date, language)
    for name, version in confirmation.versions.items():
        if version != recording.run.versions.get(name):
            yield f"{name} {version}"
    yield from map(machine, filter(None, (confirmation.gpu, confirmation.processor)))


def machine(name: str) -> str:
    """Write the name of a processor, with the number of its cores in words.

    Examples:
        >>> machine("AMD EPYC, 2 cores")
        'AMD EPYC, 2 cores'
    """
    found = re.fullmatch(r"(?P<name>.+), (?P<count>\d+) cores", name)
    return _("%(name)s, %(count)s cores") % found.groupdict() if found else name


def day(date: str, language: str) -> str:
    """Write a date as people do in a language, such as November 25, 2026."""
    moment = datetime.fromisoformat(date)
    return format_date(_("%B %-d, %Y"), date=moment, language=language)


def block_time(settings: Settings, block: CodeBlock) -> str:
    """Say how long a block of code took; nothing where that is not worth knowing."""
    seconds = block.seconds or 0
    is_shown = settings.block_times and seconds >= SHORTEST
    return _("took %s") % duration(seconds) if is_shown else ""


def as_markdown(recording: Recording, language: str = "en") -> str:
    """Write the run card for a notebook."""
    rows = "\n".join(
        _("- %(label)s: %(value)s") % {"label": label, "value": value}
        for label, value in lines(recording, language)
    )
    return f"**{_('How this output was made')}**\n\n{rows}"


def as_nodes(
    recording: Recording, language: str, link: nodes.Node | None, commits: str = ""
) -> nodes.container:
    """Write the run card for a page.

    Args:
        recording: The page's.
        language: For the dates.
        link: To the recording.
        commits: The address of a commit, with `{}` for its digits.
    """
    card = nodes.container(classes=["run-card"], ids=["run-card"])
    title = nodes.paragraph(
        "", _("How this output was made"), classes=["run-card-title"]
    )
    rows = nodes.field_list()
    for label, value in lines(recording, language):
        shown: nodes.Node = nodes.Text(value)
        if commits and label == _("Commit"):
            address = commits.replace("{}", str(recording.run.commit))
            shown = nodes.reference("", value, refuri=address)
        rows += _row(label, shown)
    if link is not None:
        rows += _row(_("Recording"), link)
    card += [title, rows]
    return _untranslatable(card)


def _row(label: str, value: nodes.Node) -> nodes.field:
    body = nodes.field_body("", nodes.paragraph("", "", value))
    return nodes.field("", nodes.field_name("", label), body)


def as_note(entry: Entry, command: str) -> nodes.warning:
    """Say on a page why it has no output, and what to type."""
    why = "; ".join(entry.reasons)
    text = _("This page has no output: its recording is %s (%s).") % (entry.state, why)
    typed = nodes.literal("", f"{command} {entry.recipe.typed}")
    note = nodes.warning("", nodes.paragraph("", text), classes=["recording-note"])
    note += nodes.paragraph("", "", nodes.Text(_("To record it, type ")), typed)
    return _untranslatable(note)


def _untranslatable(node: Node) -> Node:
    """Keep the texts out of catalogs: they are translated already."""
    for paragraph in node.findall(nodes.paragraph):
        paragraph["translatable"] = False
    return node
