"""The run card: on what a page's output was made. What is unknown is left out."""

from collections.abc import Iterator
from datetime import datetime

from docutils import nodes
from sphinx.locale import get_translation
from sphinx.util.i18n import format_date

from recordings.model import Entry, Run
from recordings.units import duration, size


def _(text: str) -> str:
    """Translate a string of this extension into the language of the build."""
    return str(get_translation("recordings")(text))


def lines(run: Run, language: str = "en") -> Iterator[tuple[str, str]]:
    """Give what is known of a run, as pairs of a label and a value."""
    if run.gpu:
        yield _("GPU"), run.gpu
    if run.processor:
        threads = _("1 thread") if run.threads == 1 else _("%d threads") % run.threads
        yield _("Processor"), f"{run.processor}, {threads}"
    if run.versions:
        versions = ", ".join(f"{name} {each}" for name, each in run.versions.items())
        yield _("Versions"), versions
    day = datetime.fromisoformat(run.date)
    written = format_date(_("%B %d, %Y"), date=day, language=language)
    yield _("Date"), written
    yield _("Run time"), duration(run.seconds)
    if run.peak_memory:
        yield _("Peak memory"), size(run.peak_memory)
    if run.commit:
        yield _("Commit"), run.commit[:10]


def as_markdown(run: Run, language: str = "en") -> str:
    """Write the run card for a notebook."""
    rows = "\n".join(f"- {label}: {value}" for label, value in lines(run, language))
    return f"**{_('How this output was made')}**\n\n{rows}"


def as_nodes(run: Run, language: str, link: nodes.Node | None) -> nodes.container:
    """Write the run card for a page.

    Args:
        run: What is known.
        language: For the date.
        link: To the recording.
    """
    card = nodes.container(classes=["run-card"])
    title = nodes.paragraph(
        "", _("How this output was made"), classes=["run-card-title"]
    )
    rows = nodes.field_list()
    for label, value in lines(run, language):
        rows += _row(label, nodes.Text(value))
    if link is not None:
        rows += _row(_("Recording"), link)
    card += [title, rows]
    for text in card.findall(nodes.paragraph):
        text["translatable"] = False
    return card


def _row(label: str, value: nodes.Node) -> nodes.field:
    body = nodes.field_body("", nodes.paragraph("", "", value))
    return nodes.field("", nodes.field_name("", label), body)


def as_note(entry: Entry, command: str) -> nodes.warning:
    """Say on a page why it has no output, and what to type."""
    why = "; ".join(entry.reasons)
    text = _("This page has no output: its recording is %s (%s).") % (entry.state, why)
    typed = nodes.literal("", f"{command} {entry.recipe.name}")
    note = nodes.warning("", nodes.paragraph("", text), classes=["recording-note"])
    note += nodes.paragraph("", "", nodes.Text(_("To record it, type ")), typed)
    for paragraph in note.findall(nodes.paragraph):
        paragraph["translatable"] = False
    return note
