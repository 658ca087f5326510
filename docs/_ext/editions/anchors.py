"""Give the sections of a translated page the anchors of the English page.

So links from elsewhere and the language switch keep their place. docutils makes an
anchor of a title's letters, and of Chinese ones makes nothing but a number.
"""

import re
from collections import defaultdict

from docutils import nodes
from sphinx.transforms import SphinxTransform

from editions.page_facts import read_facts


class EnglishAnchors(SphinxTransform):
    """Replace the anchors before anything refers to them."""

    default_priority = 1

    def apply(self, **_options: object) -> None:
        """Find each section's English title, and have docutils make an anchor of it."""
        facts = read_facts(self.env)
        if facts is None:
            return
        english: dict[str, list[str]] = defaultdict(list)
        for title, source in facts.titles:
            english[_plain(title)].append(source)
        sections = [
            (section, english[title].pop(0))
            for section in self.document.findall(nodes.section)
            if english[title := _plain(section[0].astext())]
        ]
        for section, _title in sections:
            while section["ids"]:
                self.document.ids.pop(section["ids"].pop(), None)
        # Equal titles are numbered, from the first of them again.
        self.document.id_counter.clear()
        for section, title in sections:
            names = section["names"]
            section["names"] = [nodes.fully_normalize_name(_plain(title))]
            anchor = self.document.set_id(section)
            section["names"] = names
            self.document.nameids.update(dict.fromkeys(names, anchor))


def _plain(title: str) -> str:
    """Return a title without the marks of reST."""
    return re.sub(r"[`*\\]", "", title).strip()
