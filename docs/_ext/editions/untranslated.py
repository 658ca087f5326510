"""Mark on a translated page what is still in English, and say how much that is."""

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util.nodes import extract_messages

from editions import page_facts
from editions.edition import SOURCE_LANGUAGE
from strings import _
from translation.messages import message_of

CLASS = "untranslated"


class MarkUntranslated(SphinxTransform):
    """Mark each text that no catalog translates."""

    default_priority = 30  # Sphinx's own (20) has put translations in

    def apply(self, **_options: object) -> None:
        """Mark, count, and put a note on top when a part is missing."""
        if self.config.language in {None, SOURCE_LANGUAGE}:
            return
        found = [
            (node, message)
            for node, message in extract_messages(self.document)
            if not node.get("translated")
        ]
        facts = page_facts.of(self.env)
        if facts is None:  # the page has no catalog
            english = [node for node, _message in found]
            total = missing = len(english)
        else:
            messages = {*facts.untranslated}
            english = [
                node
                for node, message in found
                if message in messages or message_of(node.rawsource) in messages
            ]
            total, missing = facts.total, len(messages)
        for node in english:
            # docutils writes this class as the attribute `lang`.
            node["classes"] += [f"language-{SOURCE_LANGUAGE}", CLASS]
        section = next(iter(self.document.findall(nodes.section)), None)
        if missing and section is not None:
            section.insert(1, note(total - missing, total))


def note(translated: int, total: int) -> nodes.container:
    """Say how much of a page is translated."""
    percent = 100 * translated // total
    text = _("%d %% of this page is translated; the rest is in English.") % percent
    paragraph = nodes.paragraph("", text, translatable=False)
    return nodes.container("", paragraph, classes=["translation-progress"])
