"""Put this site's downloads and tags in the place of Sphinx-Gallery's own, in English.

A recipe's script, notebook and archive of both get addresses that stay, below
`downloads/` of each edition: `downloads/gradients/zeroing_out_gradients.py`.
"""

import shutil
from html import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from docutils import nodes
from sphinx.locale import get_translation
from sphinx.util.osutil import relative_uri

from recordings.gallery import scripts

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_ = get_translation("site")

FOLDER = "downloads"
SUFFIXES = (".py", ".ipynb", ".zip")
_TAG_LIST = "sg-tag-list"
"""What Sphinx-Gallery's script looks for, to fill it with the tags of a section."""


def replace_texts(app: "Sphinx", document: nodes.document) -> None:
    """Replace Sphinx-Gallery's texts on a recipe's page by this site's."""
    page = app.env.docname
    for node in list(document.findall(nodes.Element)):
        classes: list[str] = node.get("classes", [])
        if "sphx-glr-download-link-note" in classes:
            outer = _with_only(node)
            outer.parent.remove(outer)
        elif "sphx-glr-footer-example" in classes:
            _with_only(node).replace_self(downloads(page))
        elif isinstance(node, nodes.raw) and _TAG_LIST in node.astext():
            node.replace_self(nodes.raw("", tag_list(), format="html"))
        elif "sphx-glr-example-tags" in classes and isinstance(node, nodes.paragraph):
            node.replace_self(tags(node.astext()))


def _with_only(node: nodes.Element) -> nodes.Element:
    """Return the node, or the `only` around it if it is alone in that."""
    parent = node.parent
    return parent if parent.tagname == "only" and len(parent.children) == 1 else node


def downloads(page: str) -> nodes.container:
    """Make the row of a page's downloads."""
    labels = (_("Download the script"), _("Download the notebook"), _("Both, zipped"))
    row = nodes.container(classes=["recipe-downloads"])
    for label, suffix in zip(labels, SUFFIXES, strict=True):
        link = _link(label, relative_uri(page, address(page) + suffix))
        row += nodes.paragraph("", "", link, translatable=False)
        link["classes"] = ["recipe-download"]
        link["title"] = PurePosixPath(page).name + suffix
    return row


def tags(text: str) -> nodes.container:
    """Make a row of links to the section's recipes, of `🏷 Tags: first, second`."""
    line = nodes.paragraph("", translatable=False)
    line += nodes.inline("", _("Tags"), classes=["recipe-tags-label"])
    for tag in map(str.strip, text.partition(":")[2].split(",")):
        line += [nodes.Text(" "), _link(tag, f"index.html?sg-tags={quote(tag)}")]
    return nodes.container("", line, classes=["recipe-tags"])


def _link(label: str, address: str) -> nodes.reference:
    return nodes.reference("", label, internal=True, refuri=address)


def tag_list() -> str:
    """Write the place for a section's tags, with the words that `tags.js` needs."""
    label, clear = escape(_("Tags")), escape(_("Clear"))
    words = f'data-label="{label}" data-clear="{clear}"'
    return f'<div id="{_TAG_LIST}" class="sphx-glr-tag-list" {words}></div>'


def address(page: str) -> str:
    """Return the address of a page's downloads, without suffix.

    Examples:
        >>> address("recipes/gradients/zeroing_out_gradients")
        'downloads/gradients/zeroing_out_gradients'
    """
    return f"{FOLDER}/{page.partition('/')[2]}"


def publish(app: "Sphinx", failure: Exception | None) -> None:
    """Copy the downloads to their addresses, and no others."""
    if failure is not None or app.builder.format != "html":
        return
    source, output = Path(app.srcdir), Path(app.outdir)
    shutil.rmtree(output / FOLDER, ignore_errors=True)
    for _script, page in scripts.pages(app.config.sphinx_gallery_conf, source):
        for suffix in SUFFIXES:
            made, place = source / f"{page}{suffix}", output / (address(page) + suffix)
            if made.is_file():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(made, place)


def setup_downloads(app: "Sphinx") -> None:
    """Connect to a page's reading, and to the build's end."""
    # After run cards are put above the footer (400), before downloads are collected.
    app.connect("doctree-read", replace_texts, priority=450)
    app.connect("build-finished", publish)
