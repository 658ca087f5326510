"""Make the Markdown twin of each page fit for reading; sphinx-llm-friendly writes it.

It knows nothing of Sphinx-Gallery's nodes, nor of what only makes sense on a web page.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup
from docutils import nodes

from recipe_site.diff_blocks import DIFF
from recipe_site.fold import fold

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_LEFT_OUT = "llm-friendly-exclude"
_ONLY_ON_THE_PAGE = {"recording-block-time"}
_OWN_BUTTON = "scrapy-copy-as-markdown"
"""Names the script of sphinx-llm-friendly that puts a button into each title."""
_OUTPUTS = {"none", "myst-ansi"}
"""Languages of blocks that are outputs."""


def prepare(
    _app: "Sphinx",
    _page: str,
    _template: str,
    context: dict[str, Any],
    document: nodes.document | None,
) -> None:
    """Make a page's tree ready for the twin, once its HTML is written."""
    scripts = context.get("script_files", ())
    context["script_files"] = [it for it in scripts if not _is_own_button(it)]
    if document is not None:
        tidy(document)


def _is_own_button(script: Any) -> bool:
    return _OWN_BUTTON in (getattr(script, "attributes", {}).get("body") or "")


def tidy(document: nodes.document) -> None:
    """Leave out what only makes sense on a web page, and write the rest as docutils."""
    for node in list(document.findall(nodes.Element)):
        if _ONLY_ON_THE_PAGE.intersection(node.get("classes", ())):
            node["classes"].append(_LEFT_OUT)
        elif isinstance(node, nodes.literal_block) and node.get("language") in _OUTPUTS:
            node["language"] = "text"
        elif isinstance(node, nodes.raw):
            _replace(node, *_instead_of_html(node))
        elif isinstance(node, fold):
            _replace(node, nodes.rubric("", node["summary"]), *node.children)
        elif node.tagname == "code_links_block":  # Sphinx-Gallery's
            _replace(node, _code(node.astext(), node["lang"].lower()))
        elif isinstance(node, nodes.image) and not _is_in_a_line(node):
            _replace(node, nodes.paragraph("", "", node.copy()))


def _instead_of_html(node: nodes.raw) -> Iterator[nodes.Element]:
    """Yield what stands for a piece of HTML: diffs and the kinds of pitfalls."""
    if DIFF in node:
        yield _code(node[DIFF], "diff")
    elif _is_in_a_line(node):
        chips = BeautifulSoup(node.astext(), "html.parser").select(".chip")
        yield nodes.inline("", ", ".join(chip.get_text() for chip in chips))


def _is_in_a_line(node: nodes.Node) -> bool:
    return isinstance(node.parent, nodes.TextElement)


def _replace(node: nodes.Element, *others: nodes.Node) -> None:
    node.parent.replace(node, list(others))


def _code(text: str, language: str) -> nodes.literal_block:
    return nodes.literal_block(text, text, language=language)
