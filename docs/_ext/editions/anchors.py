"""Give the sections of a translated page the anchors of the English page.

So links from elsewhere and the language switch keep their place. docutils makes an
anchor of a title's letters, and of Chinese ones makes nothing but a number.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from docutils import nodes
from sphinx.transforms import SphinxTransform

from editions import page_facts


class EnglishAnchors(SphinxTransform):
    """Replace the anchors before anything refers to them."""

    default_priority = 1

    def apply(self, **_options: object) -> None:
        """Find each section's English title, and make the anchor of that."""
        facts = page_facts.of(self.env)
        if facts is None:
            return
        english: dict[str, list[str]] = defaultdict(list)
        for title, of_source in facts.titles:
            english[_plain(title)].append(of_source)
        sections = [
            (section, english[title].pop(0))
            for section in self.document.findall(nodes.section)
            if english[title := _plain(section[0].astext())]
        ]
        for section, _title in sections:
            for old in section["ids"]:
                self.document.ids.pop(old, None)
        made = anchors((title for _section, title in sections), self.document.ids)
        for (section, _title), anchor in zip(sections, made, strict=True):
            section["ids"] = [anchor]
            self.document.ids[anchor] = section
            for name in section["names"]:
                self.document.nameids[name] = anchor


def _plain(title: str) -> str:
    """Take the marks of reST off a title."""
    return re.sub(r"[`*\\]", "", title).strip()


def anchors(titles: Iterable[str], used: Iterable[str] = ()) -> Iterator[str]:
    """Make anchors as docutils does: of a title's words, or numbered.

    Args:
        titles: Titles in reST.
        used: Anchors of the page that are no section's.
    """
    taken = set(used)
    for title in titles:
        anchor = nodes.make_id(_plain(title))
        number = 0
        while not anchor or anchor in taken:
            number += 1
            anchor = "" if f"id{number}" in taken else f"id{number}"
        taken.add(anchor)
        yield anchor
