"""Make the Markdown twin of each page fit for reading; sphinx-llm-friendly writes it.

It knows nothing of Sphinx-Gallery's nodes, nor of what only makes sense on a web page.
"""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.osutil import relative_uri

from recipe_site.diff_blocks import DIFF
from recipe_site.sharing.descriptions import description

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

_LEFT_OUT = "llm-friendly-exclude"
_ONLY_ON_THE_PAGE = {"pitfalls-none", "recipe-tags", "recording-block-time"}
_OWN_BUTTON = "scrapy-copy-as-markdown"
"""Names the script of sphinx-llm-friendly that puts a button into each title."""
_OUTPUTS = {"none", "myst-ansi"}
"""Languages of blocks that are outputs."""


def prepare(
    app: "Sphinx",
    page: str,
    _template: str,
    context: dict[str, Any],
    document: nodes.document | None,
) -> None:
    """Make a page's tree ready for the twin, once its HTML is written."""
    scripts = context.get("script_files", ())
    context["script_files"] = [it for it in scripts if not _is_own_button(it)]
    if document is not None:
        tidy(document, page)
        if page.endswith("/index"):
            document += list_of_pages(app.env, page)


def _is_own_button(script: Any) -> bool:
    return _OWN_BUTTON in (getattr(script, "attributes", {}).get("body") or "")


def tidy(document: nodes.document, page: str) -> None:
    """Leave out what only makes sense on a web page, and write the rest as docutils."""
    for node in list(document.findall(nodes.Element)):
        if _ONLY_ON_THE_PAGE.intersection(node.get("classes", ())):
            node["classes"].append(_LEFT_OUT)
        elif isinstance(node, nodes.literal_block) and node.get("language") in _OUTPUTS:
            node["language"] = "text"
        elif isinstance(node, nodes.raw):
            _replace(node, _code(node[DIFF], "diff") if DIFF in node else None)
        elif node.tagname == "code_links_block":  # Sphinx-Gallery's
            _replace(node, _code(node.astext(), node["lang"].lower()))
        elif node.tagname == "imgsgnode":  # the same
            address = f"_images/{PurePosixPath(node['uri']).name}"
            about = {"uri": relative_uri(page, address), "alt": node["alt"]}
            _replace(node, nodes.paragraph("", "", nodes.image("", **about)))


def _replace(node: nodes.Element, other: nodes.Element | None) -> None:
    node.parent.replace(node, [] if other is None else [other])


def _code(text: str, language: str) -> nodes.literal_block:
    return nodes.literal_block(text, text, language=language)


def list_of_pages(env: "BuildEnvironment", page: str) -> nodes.bullet_list:
    """List the pages of a section; on the web page they are thumbnails."""
    listed = nodes.bullet_list()
    for below in env.toctree_includes.get(page, ()):
        title = env.titles[below].astext()
        address = relative_uri(f"{page}.html", f"{below}.html")
        link = nodes.reference("", title, refuri=address, internal=True)
        about = description(env.metadata.get(below, {}), env.titles)
        line = nodes.paragraph("", "", link, nodes.Text(f": {about}"))
        listed += nodes.list_item("", line)
    return listed
