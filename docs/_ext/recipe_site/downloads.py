"""Put this site's downloads and tags where Sphinx-Gallery puts its own, in English.

A recipe's script, notebook and archive of both get addresses that stay, below
`downloads/` of each edition: `downloads/gradients/zeroing_out_gradients.py`.
"""

import shutil
from collections.abc import Iterator
from html import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.osutil import relative_uri

from recipe_site.strings import _

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = "downloads"
SUFFIXES = (".py", ".ipynb", ".zip")
_TAGS = "sphx-glr-example-tags"
_TAG_LIST = "sg-tag-list"
"""What Sphinx-Gallery's script looks for, to fill it with the tags of a section."""


class site_address(nodes.inline):  # noqa: N801 - docutils' way to name nodes
    """A link to a file or page of the edition, by its address below the edition's."""


class ResolveAddresses(SphinxPostTransform):
    """Make links of what only a builder can address."""

    default_priority = 5
    formats = ("html",)

    def run(self, **_options: Any) -> None:
        """Replace each address by a link that is relative to the page."""
        here = self.app.builder.get_target_uri(self.env.docname)
        for node in list(self.document.findall(site_address)):
            page, query = node.get("page"), node.get("query", "")
            there = self.app.builder.get_target_uri(page) if page else node["file"]
            link = nodes.reference("", "", *node.children, internal=True)
            link["refuri"] = relative_uri(here, there) + query
            link["classes"] = node["classes"]
            node.replace_self(link)


def replace_texts(app: "Sphinx", document: nodes.document) -> None:
    """Take Sphinx-Gallery's texts off a recipe's page, and put this site's there."""
    page = app.env.docname
    for node in list(document.findall(nodes.Element)):
        classes: list[str] = node.get("classes", [])
        if "sphx-glr-download-link-note" in classes:
            _remove(node)
        elif "sphx-glr-footer-example" in classes:
            _inside_only(node).replace_self(downloads(page))
        elif isinstance(node, nodes.raw) and _TAG_LIST in node.astext():
            node.replace_self(nodes.raw("", tag_list(), format="html"))
        elif _TAGS in classes and isinstance(node, nodes.paragraph):
            node.replace_self(tags(page, node.astext()))


def downloads(page: str) -> nodes.container:
    """Make the row of a page's downloads."""
    name = PurePosixPath(page).name
    labels = (_("Download the script"), _("Download the notebook"), _("Both, zipped"))
    row = nodes.container(classes=["recipe-downloads"])
    for label, suffix in zip(labels, SUFFIXES, strict=True):
        link = site_address("", label, file=address(page) + suffix)
        row += nodes.paragraph("", "", link, translatable=False)
        link["classes"] = ["recipe-download"]
        link["title"] = name + suffix
    return row


def tags(page: str, text: str) -> nodes.container:
    """Make the row of a page's tags; each leads to the section's recipes with it.

    Args:
        page: The recipe's page.
        text: What Sphinx-Gallery wrote: `🏷 Tags: first, second`.
    """
    section = PurePosixPath(page).with_name("index").as_posix()
    row = nodes.container(classes=["recipe-tags"])
    line = nodes.paragraph("", translatable=False)
    line += nodes.inline("", _("Tags"), classes=["recipe-tags-label"])
    for tag in text.partition(":")[2].split(","):
        query = f"?sg-tags={quote(tag.strip())}"
        line += nodes.Text(" ")
        line += site_address("", tag.strip(), page=section, query=query)
    row += line
    return row


def tag_list() -> str:
    """Write the place for a section's tags, with the words that `tags.js` needs."""
    label, clear = escape(_("Tags")), escape(_("Clear"))
    words = f'data-label="{label}" data-clear="{clear}"'
    return f'<div id="{_TAG_LIST}" class="sphx-glr-tag-list" {words}></div>'


def address(page: str) -> str:
    """Give the address of a page's downloads, without suffix.

    Examples:
        >>> address("recipes/gradients/zeroing_out_gradients")
        'downloads/gradients/zeroing_out_gradients'
    """
    return (FOLDER / PurePosixPath(*PurePosixPath(page).parts[1:])).as_posix()


def copy_downloads(app: "Sphinx", failure: Exception | None) -> None:
    """Copy the downloads to their addresses, and remove those of recipes that went."""
    if failure is not None or app.builder.format != "html":
        return
    wanted = dict(_files(app))
    root = Path(app.outdir) / FOLDER
    for place in [*root.rglob("*.*")] if root.is_dir() else []:
        if place.is_file() and place not in wanted:
            place.unlink()
    for place, source in wanted.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.is_file() or place.read_bytes() != source.read_bytes():
            shutil.copyfile(source, place)


def _files(app: "Sphinx") -> Iterator[tuple[Path, Path]]:
    """Yield where each download goes and where it stands."""
    gallery = app.config.sphinx_gallery_conf["gallery_dirs"]
    for page in app.env.found_docs:
        if not page.startswith(f"{gallery}/"):
            continue
        for suffix in SUFFIXES:
            source = Path(app.srcdir) / f"{page}{suffix}"
            if source.is_file():
                yield Path(app.outdir) / f"{address(page)}{suffix}", source


def _remove(node: nodes.Element) -> None:
    outer = _inside_only(node)
    outer.parent.remove(outer)


def _inside_only(node: nodes.Element) -> nodes.Element:
    """Give the `only` node around a node that stands alone in it, or the node."""
    parent = node.parent
    return parent if parent.tagname == "only" and len(parent.children) == 1 else node


def setup_downloads(app: "Sphinx") -> None:
    """Connect to a page's reading, to its writing, and to the build's end."""
    app.add_node(site_address)
    app.add_post_transform(ResolveAddresses)
    # After run cards are put above the footer (400), before downloads are collected.
    app.connect("doctree-read", replace_texts, priority=450)
    app.connect("build-finished", copy_downloads)
