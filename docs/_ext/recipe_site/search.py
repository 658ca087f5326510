"""Write what readers search: one index an edition, made of the pages' sections.

The page's own script searches it, see `docs/_static/search`. Sphinx's search is switched
off: it knows no typos, no parts of identifiers, no Chinese, and not what is code.
"""

import csv
import json
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from docutils import nodes
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.errors import ExtensionError

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

INDEX: Final = "search-index.json"
"""Name of the index, in the folder of the edition."""
SYNONYMS: Final = "synonyms.csv"
"""Name of the table of synonyms, in `locales/<language>/`."""
COLUMNS: Final = ("searched", "finds")
FORMAT: Final = 1
"""Of the index: where it changes, an index of an earlier build is not taken over."""

_ELSEWHERE: Final = frozenset(
    {
        "recipe-downloads",
        "recipe-tags",
        "recording-block-time",
        "recording-note",
        "related-recipes",
        "run-card",
        "toctree-wrapper",
        "translation-progress",
    }
)
"""Classes of what is on a page and not about its subject."""
_NAVIGATION: Final = "learn-more"
"""The section of links to other pages, which would be found instead of these."""
_OUTPUT: Final = frozenset({"sphx-glr-script-out", "cell_output", "output"})
# The last is what Sphinx-Gallery makes of a block whose names are links.
_CODE: Final = frozenset({"literal_block", "doctest_block", "code_links_block"})
_PROSE: Final = (nodes.paragraph, nodes.term, nodes.caption, nodes.rubric)

_NAME: Final = re.compile(r"[^\W\d]\w+")

Section = dict[str, str]
"""A section's anchor, title, and its texts by kind: prose, code, output."""


def sections(document: nodes.document) -> list[Section]:
    """Return a page's sections in order; the first is the page up to its first heading.

    Its title is the page's, and its anchor empty.
    """
    found: list[Section] = []
    names: set[str] = set()
    for node in document.findall(nodes.section):
        texts: dict[str, list[str]] = {"prose": [], "code": [], "output": []}
        for kind, text in _texts(node):
            texts[kind].append("\n".join(_new(text, names)) if kind == "code" else text)
        anchor = node["ids"][0] if found and node["ids"] else ""
        if anchor == _NAVIGATION:
            continue
        said = {kind: "\n".join(filter(None, parts)) for kind, parts in texts.items()}
        filled = {kind: text for kind, text in said.items() if text}
        found.append({"anchor": anchor, "title": _title(node), **filled})
    return found


def _new(code: str, names: set[str]) -> Iterator[str]:
    """Yield the lines with a name that the page's code did not have yet.

    They are what a search for a name needs, and a quarter less for readers to load.
    """
    for line in code.splitlines():
        said = {*_NAME.findall(line)}
        if said - names and not line.startswith("assert "):
            names |= said
            yield line


def _title(section: nodes.section) -> str:
    title = section.next_node(nodes.title)
    return _one_line(title.astext()) if title else ""


def _texts(node: nodes.Element) -> Iterator[tuple[str, str]]:
    """Yield the texts below a node with their kinds, but those of sections in it."""
    for child in node.children:
        if not isinstance(child, nodes.Element) or _ELSEWHERE & {*child.get("classes", ())}:
            continue
        if child.tagname in _CODE:
            kind = "output" if _is_output(child) else "code"
            yield kind, _lines(child.astext())
        elif isinstance(child, nodes.raw) and "code" in child:
            yield "code", _lines(child["code"])
        elif isinstance(child, _PROSE):
            if not _is_navigation(child):
                yield "prose", _one_line(child.astext())
        elif not isinstance(child, nodes.section | nodes.title | nodes.raw):
            yield from _texts(child)


def _is_output(block: nodes.Element) -> bool:
    around: nodes.Element | None = block
    while around is not None and not isinstance(around, nodes.section):
        if _OUTPUT & {*around.get("classes", ())}:
            return True
        around = around.parent
    return False


def _is_navigation(paragraph: nodes.Element) -> bool:
    """Whether all that it says is the names of other pages."""
    children = [each for each in paragraph.children if each.astext().strip()]
    return all(isinstance(each, nodes.reference) for each in children)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _lines(text: str) -> str:
    """Return the lines that say something, without indentation and columns."""
    lines = map(_one_line, text.splitlines())
    return "\n".join(line for line in lines if any(map(str.isalpha, line)))


def read_synonyms(file: Path, pages: Container[str]) -> list[list[str]]:
    """Read what else a search for some words finds: other words, nothing, or a page.

    Args:
        file: The table; there need not be one.
        pages: The names of all pages.

    Raises:
        ExtensionError: A row does not say what it should.
    """
    if not file.is_file():
        return []
    with file.open(encoding="utf-8", newline="") as table:
        rows = list(csv.reader(table))
    for number, row in enumerate(rows, start=1):
        place = f"{file}:{number}"
        if number == 1 and tuple(row) != COLUMNS:
            raise ExtensionError(f"{place}: the first line must be {','.join(COLUMNS)}")
        if len(row) != len(COLUMNS) or not row[0].strip():
            raise ExtensionError(
                f"{place}: write the words that are searched, a comma, and what they find"
            )
        if row[1].startswith("/") and row[1][1:] not in pages:
            raise ExtensionError(f"{place}: there is no page {row[1]}")
    return rows[1:]


class Index:
    """What is searched: collected while pages are written, then made a file."""

    def __init__(self) -> None:
        """Begin with no pages."""
        self.pages: dict[str, list[Section]] = {}

    def collect(self, app: "Sphinx", document: nodes.document, page: str) -> None:
        """Keep the sections of a page that is being written."""
        if _makes_pages(app) and not _is_left_out(app, page):
            self.pages[page] = sections(document)

    def write(self, app: "Sphinx", failure: Exception | None) -> None:
        """Write the index of all pages; those that Sphinx did not write are as before."""
        if failure or not _makes_pages(app):
            return
        file = Path(app.outdir) / INDEX
        before = _read(file)
        for page in sorted({*app.env.all_docs} - {*self.pages}):
            if page in before:
                self.pages[page] = before[page]
            elif not _is_left_out(app, page):
                # Its parts are collected as those of any page that is being written.
                app.env.get_and_resolve_doctree(page, app.builder)
        languages = dict.fromkeys(("en", app.config.language))
        tables = (Path(app.confdir).parent / "locales" / each for each in languages)
        index = {
            "format": FORMAT,
            "synonyms": [
                row
                for folder in tables
                for row in read_synonyms(folder / SYNONYMS, app.env.all_docs)
            ],
            "pages": [
                {
                    "name": page,
                    "address": app.builder.get_target_uri(page),
                    "group": _group(app.env, page),
                    "sections": self.pages[page],
                }
                for page in sorted(self.pages)
                if self.pages[page] and page in app.env.all_docs
            ],
        }
        text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
        file.write_text(text, "utf-8")


def _makes_pages(app: "Sphinx") -> bool:
    return isinstance(app.builder, StandaloneHTMLBuilder)


def _is_left_out(app: "Sphinx", page: str) -> bool:
    return any(fnmatch(page, pattern) for pattern in app.config.search_leaves_out)


def _group(env: "BuildEnvironment", page: str) -> str:
    """Return the title of the page's section, if it has one."""
    index = f"{page.rpartition('/')[0]}/index"
    return env.titles[index].astext() if index in env.titles and index != page else ""


def _read(file: Path) -> Mapping[str, list[Section]]:
    """Return the pages of an earlier build's index, if it can be used."""
    try:
        index: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    if index["format"] != FORMAT:
        return {}
    return {page["name"]: page["sections"] for page in index["pages"]}


def switch_sphinx_search_off(app: "Sphinx") -> None:
    """Have Sphinx make neither its index nor its page."""
    if isinstance(app.builder, StandaloneHTMLBuilder):
        app.builder.search = False


def search_page(app: "Sphinx") -> Sequence[tuple[str, dict[str, Any], str]]:
    """Make the page that shows results where no dialog does."""
    return [("search", {}, "search.html")] if _makes_pages(app) else []


def setup_search(app: "Sphinx") -> None:
    """Switch Sphinx's search off, and write an index in its place."""
    index = Index()
    app.add_config_value("search_leaves_out", [], "env", types=frozenset({list}))
    app.connect("builder-inited", switch_sphinx_search_off)
    # Last, when the page is what readers see.
    app.connect("doctree-resolved", index.collect, priority=900)
    app.connect("html-collect-pages", search_page)
    app.connect("build-finished", index.write)
