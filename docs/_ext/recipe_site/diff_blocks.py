"""Show a diff as Python with its changed lines marked, and copy it as the new code.

The style sheet draws the signs, so that a reader doesn't copy them; the lines that are
removed are not copied either.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DIFF = "diff"
"""Where a block of HTML keeps the diff that it was made from."""
KINDS = {"+": "added", "-": "removed", " ": "same"}
"""What the sign at the beginning of a line says of it."""


class MarkChangedLines(SphinxPostTransform):
    """Write each diff as HTML, in the colors of Python."""

    default_priority = 400
    formats = ("html",)

    def run(self, **_options: Any) -> None:
        """Replace the blocks of code whose language is diff."""
        for block in list(self.document.findall(nodes.literal_block)):
            if block.get("language") == "diff":
                diff = block.astext()
                html = nodes.raw("", self.html(diff), format="html")
                html[DIFF] = diff
                html["code"] = "\n".join(line for _kind, line in lines(diff))
                block.replace_self(html)

    def html(self, diff: str) -> str:
        """Return a diff as HTML."""
        kinds, code = zip(*lines(diff), strict=True)
        highlighter = getattr(self.app.builder, "highlighter")  # noqa: B009 - HTML's own
        colored = highlighter.highlight_block("\n".join(code), "python", nowrap=True)
        written = "".join(
            f'<span class="diff-line diff-{kind}">{line}\n</span>'
            for kind, line in zip(kinds, colored.rstrip("\n").split("\n"), strict=False)
        )
        return (
            '<div class="highlight-diff notranslate"><div class="highlight">'
            f'<pre translate="no">{written}</pre></div></div>'
        )


def lines(diff: str) -> Iterator[tuple[str, str]]:
    r"""Yield for each line of a diff whether it changes, and the line without its sign.

    Examples:
        >>> list(lines("  a = 1\n- b = 2\n+ b = 3"))
        [('same', ' a = 1'), ('removed', ' b = 2'), ('added', ' b = 3')]
    """
    for line in diff.split("\n"):
        yield KINDS.get(line[:1], "same"), line[1:] if line[:1] in KINDS else line


def setup_diff_blocks(app: "Sphinx") -> None:
    """Add the transform."""
    app.add_post_transform(MarkChangedLines)
