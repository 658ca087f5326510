"""Publish downloads at addresses that stay, and take away Sphinx-Gallery's own texts.

A recipe's or a guide's script and notebook are below `downloads/` of each edition:
`downloads/gradients/zeroing_out_gradients.py`. `page_top` links to them.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.locale import get_translation

from recipe_site.guide_downloads import guide_files
from recordings.gallery import scripts

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_ = get_translation("site")

FOLDER = "downloads"
SUFFIXES = (".py", ".ipynb")
CC_BY = "https://creativecommons.org/licenses/by/4.0/"


def replace_texts(_app: "Sphinx", document: nodes.document) -> None:
    """Replace or remove Sphinx-Gallery's own texts, which are English on every page."""
    for node in list(document.findall(nodes.Element)):
        classes: list[str] = node.get("classes", [])
        if "sphx-glr-download-link-note" in classes:
            outer = _with_only(node)
            outer.parent.remove(outer)
        elif "sphx-glr-footer-example" in classes:
            _with_only(node).replace_self(license_line())
        elif "sphx-glr-example-tags" in classes and isinstance(node, nodes.paragraph):
            node.parent.remove(node)  # they are at the top


def _with_only(node: nodes.Element) -> nodes.Element:
    """Return the node, or the `only` around it if it is alone in that."""
    parent = node.parent
    return parent if parent.tagname == "only" and len(parent.children) == 1 else node


def license_line() -> nodes.container:
    """Name the licenses of a page and of its downloads."""
    prose = nodes.reference("", "CC BY 4.0", internal=False, refuri=CC_BY)
    line = nodes.paragraph("", _("Text and figures: "), prose, translatable=False)
    line += nodes.Text(_(" · Code: BSD 3-Clause"))
    return nodes.container("", line, classes=["page-license"])


def address(page: str) -> str:
    """Return the address of a page's downloads, without suffix.

    Examples:
        >>> address("recipes/gradients/zeroing_out_gradients")
        'downloads/gradients/zeroing_out_gradients'
        >>> address("guides/how_autograd_works")
        'downloads/guides/how_autograd_works'
    """
    return f"{FOLDER}/{page.removeprefix('recipes/')}"


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
    for page, files in guide_files(app):
        for suffix, text in files.items():
            place = output / (address(page) + suffix)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")


def setup_downloads(app: "Sphinx") -> None:
    """Connect to a page's reading, and to the build's end."""
    # After run cards are put above the footer (400), before downloads are collected.
    app.connect("doctree-read", replace_texts, priority=450)
    app.connect("build-finished", publish)
