"""Have the Markdown twin show words as words, and code as code, whatever is in them.

sphinx-llm-friendly leaves `<`, `[` and backticks as they are: a text about HTML would
be HTML, and an output with three backticks would end its block.
"""

from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx_llm_friendly import _llms_txt

from recordings.page.markdown import syntax

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment


def _text(writer: Any, node: nodes.Text) -> None:
    text = node.astext().replace("\r", "")
    writer.add(syntax.escape(text) if writer.status.escape_text else text)


def _image(writer: Any, node: nodes.image) -> None:
    writer.add(f"![{syntax.escape(node.get('alt', ''))}]({node['uri']})")


def _literal(writer: Any, node: nodes.literal) -> None:
    lines = map(str.strip, node.astext().splitlines())
    writer.add(syntax.code(" ".join(lines)))
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.Element) -> None:
    is_doctest = isinstance(node, nodes.doctest_block)
    language = "pycon" if is_doctest else node.get("language", "")
    ticks, _, rest = syntax.fence(node.astext().rstrip("\n")).partition("\n")
    opened = ticks if language == "default" else f"{ticks}{language}"
    writer.add(f"{opened}\n{rest}", prefix_eol=1, suffix_eol=2)
    raise nodes.SkipNode


def _escaped(
    words: "Callable[[BuildEnvironment, str], str]",
) -> "Callable[[BuildEnvironment, str], str]":
    return lambda env, page: syntax.escape(words(env, page))


def setup_twin_words(app: "Sphinx") -> None:
    """Tell sphinx-llm-friendly how to write nodes, and titles in its list of pages."""
    handlers = app.registry.translation_handlers.setdefault("llm_markdown", {})
    handlers |= {
        "Text": (_text, None),
        "image": (_image, None),
        "literal": (_literal, None),
        "literal_block": (_block, None),
        "doctest_block": (_block, None),
    }
    for name in ("_title", "_root_first_paragraph"):
        words = getattr(_llms_txt, name)
        setattr(_llms_txt, name, _escaped(words))
