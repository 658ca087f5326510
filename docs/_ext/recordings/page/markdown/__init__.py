"""Turn the reST of a recipe, converted whole, into GitHub-flavoured Markdown.

It is for notebooks, so what is written is what every notebook viewer renders alike:
CommonMark, pipe tables and `$…$`, but no `[^1]` footnotes and no `[!NOTE]` alerts.
"""

from collections.abc import Iterator, Sequence

from docutils import nodes

from recordings.page.markdown.blocks import Blocks
from recordings.page.markdown.lines import Resolve
from recordings.page.markdown.rest import parse

BOUNDARY = "\ue000"
"""A paragraph of this stands between two text blocks, as code does on the page."""


def to_markdown(texts: Sequence[str], resolve: Resolve) -> list[str]:
    """Convert the text blocks of one recipe, with the heading levels of the whole.

    Args:
        texts: The reST of each text block.
        resolve: Says where a role leads: `:ref:`, `:doc:`, and any other that is not
            just a style. A picture that is no web address is the role `image`, with
            its text alternative as label; that is shown where there is no address.

    Returns:
        The Markdown of each text block.
    """
    document = parse(f"\n\n{BOUNDARY}\n\n".join(texts))
    blocks: list[list[nodes.Node]] = [[]]
    for node in _without_sections(document):
        if isinstance(node, nodes.paragraph) and node.astext() == BOUNDARY:
            blocks.append([])
        else:
            blocks[-1].append(node)
    writer = Blocks(resolve)
    return [writer.blocks(block) for block in blocks]


def _without_sections(node: nodes.Element) -> Iterator[nodes.Node]:
    for child in node.children:
        if isinstance(child, nodes.section):
            yield from _without_sections(child)
        else:
            yield child
