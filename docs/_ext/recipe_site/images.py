"""Show pictures as Sphinx does, with their size, and load them when they are needed."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.images import get_image_size
from sphinx_gallery.directives import imgsgnode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sphinx.application import Sphinx

_IMAGE = re.compile(
    r'<img (?=[^>]*src="(?:[^"]*/)?_images/([^"/]+)")(?![^>]*\bloading=)'
)

Size = tuple[int, int]
"""Width and height, in pixels."""


def show_as_sphinx_does(_app: "Sphinx", document: nodes.document) -> None:
    """Replace Sphinx-Gallery's own pictures, whose alternatives may end their `<img>`.

    That writes them as they are, so one with a quotation mark could bring attributes.
    """
    for each in list(document.findall(imgsgnode)):
        about = {"uri": each["uri"], "alt": each["alt"], "classes": each["class"] or []}
        each.replace_self(nodes.image("", **about))


def add_sizes(
    app: "Sphinx",
    _page: str,
    _template: str,
    context: dict[str, Any],
    _tree: nodes.document | None,
) -> None:
    """Add to a page's pictures what `sized` adds."""
    if "<img " in context.get("body", ""):
        known: Mapping[str, str] = getattr(app.builder, "images", {})
        files = {name: Path(app.srcdir, file) for file, name in known.items()}

        def size_of(name: str) -> Size | None:
            return get_image_size(files[name]) if name in files else None

        context["body"] = sized(context["body"], size_of)


def sized(html: str, size_of: "Callable[[str], Size | None]") -> str:
    """Write the size of each picture, so that nothing jumps when it comes.

    Examples:
        >>> sized('<img src="../_images/a.svg">', {"a.svg": (480, 320)}.get)
        '<img width="480" height="320" loading="lazy" src="../_images/a.svg">'
    """

    def attributes(found: re.Match[str]) -> str:
        size = size_of(found[1])
        given = f'width="{size[0]}" height="{size[1]}" ' if size else ""
        return f'<img {given}loading="lazy" '

    return _IMAGE.sub(attributes, html)


def setup_images(app: "Sphinx") -> None:
    """Connect to a page's reading, before Sphinx collects pictures, and its writing."""
    app.connect("doctree-read", show_as_sphinx_does, priority=400)
    app.connect("html-page-context", add_sizes)
