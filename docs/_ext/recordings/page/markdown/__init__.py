"""Turn the prose of a recipe, read as a whole, into GitHub-flavored Markdown.

It is for notebooks, so what is written is what every notebook viewer renders alike:
CommonMark, pipe tables and `$…$`, but no `[^1]` footnotes and no `[!NOTE]` alerts.
"""

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate

from docutils.transforms import references
from sphinx.util import logging

from recordings import rest
from recordings.model import Block
from recordings.page.markdown.writer import Resolve, Show, Writer

logger = logging.getLogger(__name__)

_BOUNDARY = "\n\n\ue000\n\n"
"""A paragraph between two text blocks, as code is on the page."""

_TRANSFORMS = (
    references.Substitutions,
    references.AnonymousHyperlinks,
    references.Footnotes,
    references.ExternalTargets,
)


def to_markdown(  # noqa: PLR0913 - the last three by name
    texts: Sequence[Block],
    file: str,
    resolve: Resolve,
    *,
    definitions: str = "",
    default_role: str = "",
    show: Show = lambda _: None,
) -> list[str]:
    """Convert the text blocks of one recipe, with the heading levels of the whole.

    What a notebook cannot show as the page does is written as plain text. Since that is
    no fault of the page, it is only said to those who ask Sphinx for more (`-v`).

    Args:
        texts: The text blocks.
        file: What to call the recipe's file in a message.
        resolve: Says where a role leads that is not just a style, such as `:ref:`.
        definitions: reST that is read, too, for the links and substitutions in it.
        default_role: The role of what has none.
        show: Returns the address of a picture in a notebook, by that on the page; None
            if it has none.

    Returns:
        The Markdown of each text block.
    """
    parts = [*(block.content for block in texts), definitions]
    document = rest.parse(_BOUNDARY.join(parts))
    document.transformer.add_transforms(list(_TRANSFORMS))
    document.transformer.apply_transforms()
    writer = Writer(resolve, show, default_role)
    written = writer.write(document).split(_BOUNDARY.strip())
    heights = (f"{block.content}{_BOUNDARY}".count("\n") for block in texts)
    starts = list(accumulate(heights, initial=1))
    for line, cause in writer.problems:
        number = bisect(starts, line) - 1
        if number < len(texts):
            where = f"{file}:{texts[number].line + line - starts[number]}"
            logger.verbose(f"{where}: {cause}")
    return [text.strip("\n") for text in written[: len(texts)]]
