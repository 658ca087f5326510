"""Mark on a translated page what is still in English, and say how much that is."""

from docutils import nodes
from sphinx.locale import get_translation
from sphinx.transforms import SphinxTransform
from sphinx.util.nodes import extract_messages

from editions.page_facts import PageFacts, read_facts
from editions.page_note import put_on_top
from translation.catalogs.languages import SOURCE_LANGUAGE
from translation.messages.segments import message_of
from translation.sources.markdown_pages import has_words

_ = get_translation("site")

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
            if has_words(message) and not _is_setting(node)
        ]
        facts = read_facts(self.env) or PageFacts(catalog=())
        if facts.catalog is None:
            missing, total = {*facts.untranslated}, facts.total
        else:
            # Sphinx marks neither pictures, lists of pages, nor what is the same in
            # both languages.
            known = [
                it for it in facts.catalog if it.msgstr.strip() and not it.is_fuzzy
            ]
            said = {*(it.msgid for it in known), *(it.msgstr for it in facts.catalog)}
            missing = {
                message
                for node, message in found
                if not node.get("translated") and message not in said
            }
            total = len({message for _node, message in found})
        for node, message in found:
            if not node.get("translated") and (
                message in missing or message_of(node.rawsource) in missing
            ):
                # docutils writes this class as the attribute `lang`.
                node["classes"] += [f"language-{SOURCE_LANGUAGE}", CLASS]
        if missing:
            percent = 100 * (total - len(missing)) // total
            text = _("%d %% of this page is translated; the rest is in English.")
            put_on_top(self.document, text % percent)


def _is_setting(node: nodes.Node) -> bool:
    """Return whether a text is in the settings on top of a page: none is shown."""
    while node.parent is not None and not isinstance(node.parent, nodes.document):
        node = node.parent
    return isinstance(node, (nodes.docinfo, nodes.field_list))
