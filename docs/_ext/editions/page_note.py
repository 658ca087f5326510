"""Put a note on top of a translated page."""

from docutils import nodes


def put_on_top(document: nodes.document, text: str) -> None:
    """Put a sentence below the title of a page, if that has one."""
    section = next(iter(document.findall(nodes.section)), None)
    if section is not None:
        paragraph = nodes.paragraph("", text, translatable=False)
        note = nodes.container("", paragraph, classes=["translation-progress"])
        section.insert(1, note)
