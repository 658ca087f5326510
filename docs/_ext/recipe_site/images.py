"""Give the pictures on a page their size, and have browsers load them when needed."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.util.images import get_image_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docutils import nodes
    from sphinx.application import Sphinx

_IMAGE = re.compile(r'<img (?=[^>]*src="[^"]*/_images/([^"/]+)")(?![^>]*\bloading=)')

Size = tuple[int, int]
"""Width and height, in pixels."""


def add_sizes(
    app: "Sphinx",
    _page: str,
    _template: str,
    context: dict[str, Any],
    _tree: "nodes.document | None",
) -> None:
    """Add to a page's pictures what `sized` adds."""
    if "<img " in context.get("body", ""):
        images: Mapping[str, str] = getattr(app.builder, "images", {})
        sizes = {
            name: size
            for file, name in images.items()
            if (size := get_image_size(Path(app.srcdir, file)))
        }
        context["body"] = sized(context["body"], sizes)


def sized(html: str, sizes: "Mapping[str, Size]") -> str:
    """Write the size of each picture, so that nothing jumps when it comes.

    Examples:
        >>> sized('<img src="../_images/a.svg">', {"a.svg": (480, 320)})
        '<img width="480" height="320" loading="lazy" src="../_images/a.svg">'
    """

    def attributes(found: re.Match[str]) -> str:
        if found[1] not in sizes:
            return '<img loading="lazy" '
        width, height = sizes[found[1]]
        return f'<img width="{width}" height="{height}" loading="lazy" '

    return _IMAGE.sub(attributes, html)


def setup_images(app: "Sphinx") -> None:
    """Connect to a page's writing."""
    app.connect("html-page-context", add_sizes)
