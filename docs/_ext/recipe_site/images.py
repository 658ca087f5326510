"""Give the pictures on a page their size, and have browsers load them when needed."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.util.images import get_image_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docutils import nodes
    from sphinx.application import Sphinx

_IMAGE = re.compile(
    r'<img (?=[^>]*src="(?:[^"]*/)?_images/([^"/]+)")(?![^>]*\bloading=)'
)

Size = tuple[int, int]
"""Width and height, in pixels."""


def add_sizes(
    app: "Sphinx",
    page: str,
    _template: str,
    context: dict[str, Any],
    _tree: "nodes.document | None",
) -> None:
    """Add to a page's pictures what `sized` adds."""
    if "<img " in context.get("body", ""):
        known: Mapping[str, str] = getattr(app.builder, "images", {})
        files = {name: Path(app.srcdir, file) for file, name in known.items()}
        # Where Sphinx-Gallery keeps a page's pictures, of which Sphinx knows nothing.
        drawn = Path(app.srcdir, page).parent / "images"

        def size_of(name: str) -> Size | None:
            return get_image_size(files.get(name, drawn / name))

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
    """Connect to a page's writing."""
    app.connect("html-page-context", add_sizes)
