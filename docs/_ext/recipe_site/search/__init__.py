"""Write what readers search: one index an edition, made of the pages' sections.

The scripts in `docs/_static/search` search it. Sphinx's own search is switched off: it
knows no typos, no parts of identifiers, no Chinese, and not what is code.
"""

import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from docutils import nodes
from sphinx.builders.html import StandaloneHTMLBuilder

from recipe_site.search import synonyms
from recipe_site.search.sections import Section, sections

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

INDEX: Final = "search-index.json"
"""Name of the index, in the folder of the edition."""
FORMAT: Final = hashlib.sha256(
    Path(inspect.getfile(sections)).read_bytes()
).hexdigest()[:8]
"""Of the index. Where the code that makes sections changed, those of before are old."""


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
        """Write the index of all pages; those that are not written again stay in it."""
        if failure or not _makes_pages(app):
            return
        file = Path(app.outdir) / INDEX
        before = _read(file)
        for page in {*app.env.all_docs} - {*self.pages}:
            if _is_left_out(app, page):
                continue
            if page in before:
                self.pages[page] = before[page]
            else:
                # Sphinx then tells `collect` of it, as where it writes a page.
                app.env.get_and_resolve_doctree(page, app.builder)
        index = {
            "format": FORMAT,
            "synonyms": _synonyms(app),
            "pages": [
                {
                    "name": page,
                    "address": app.builder.get_target_uri(page),
                    "group": _group(app.env, page),
                    "sections": self.pages[page],
                }
                for page in sorted(self.pages)
                if self.pages[page]
            ],
        }
        text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
        file.write_text(text, "utf-8")


def _makes_pages(app: "Sphinx") -> bool:
    return isinstance(app.builder, StandaloneHTMLBuilder)


def _is_left_out(app: "Sphinx", page: str) -> bool:
    return any(fnmatch(page, pattern) for pattern in app.config.search_leaves_out)


def _read(file: Path) -> Mapping[str, list[Section]]:
    """Return the pages of an earlier build's index, if it can be used."""
    try:
        index: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    if index.get("format") != FORMAT:
        return {}
    return {page["name"]: page["sections"] for page in index["pages"]}


def _synonyms(app: "Sphinx") -> list[list[str]]:
    """Return the edition's synonyms; English ones are in all: code is English."""
    folders = Path(app.confdir).parent / "locales"
    languages = dict.fromkeys(("en", app.config.language))
    tables = [folders / language / synonyms.NAME for language in languages]
    pages = app.env.all_docs
    return [row for table in tables for row in synonyms.read_synonyms(table, pages)]


def _group(env: "BuildEnvironment", page: str) -> str:
    """Return the title of the page's section of the site, if it has one."""
    index = f"{page.rpartition('/')[0]}/index"
    return env.titles[index].astext() if index in env.titles and index != page else ""


def switch_sphinx_search_off(app: "Sphinx") -> None:
    """Have Sphinx make neither its index nor its page."""
    if isinstance(app.builder, StandaloneHTMLBuilder):
        app.builder.search = False


def search_page(app: "Sphinx") -> Sequence[tuple[str, dict[str, Any], str]]:
    """Make the page that links to a search lead to."""
    return [("search", {}, "search.html")] if _makes_pages(app) else []


def setup_search(app: "Sphinx") -> None:
    """Write an index, and switch Sphinx's search off."""
    index = Index()
    app.add_config_value("search_leaves_out", [], "env", types=frozenset({list}))
    app.connect("builder-inited", switch_sphinx_search_off)
    # Last, when the page is what readers see.
    app.connect("doctree-resolved", index.collect, priority=900)
    app.connect("html-collect-pages", search_page)
    app.connect("build-finished", index.write)
