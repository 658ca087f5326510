"""Recipes and gallery headers are taken apart into messages, byte for byte."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Parser, roles
from docutils.utils import new_document
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from recipe_texts import recipe, rest, tricky_rest
from sphinx_gallery.py_source_parser import split_code_and_text_blocks

from translation.messages import rest as rest_messages
from translation.messages.prose import of_file
from translation.messages.segments import (
    Segment,
    UnreadableScript,
    message_of,
    segments,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from translation.messages.segments import Kind

_FOLDER = Path(__file__).parents[1] / "recipes"
RECIPES = sorted([*_FOLDER.glob("*/*.py"), *_FOLDER.glob("**/GALLERY_HEADER.rst")])
TITLE = '"""\nTitle\n=====\n"""\n'


def kind_of(path: Path) -> Kind:
    return "script" if path.suffix == ".py" else "rest"


def found(pieces: Sequence[Segment]) -> list[tuple[int, str, str]]:
    return [(p.line, p.message.form.name, p.message.text) for p in pieces if p.message]


def texts(text: str) -> list[str]:
    """Give the messages of reST."""
    return [p.message.text for p in segments(text, "rest") if p.message]


# What is a message -------------------------------------------------------------------

REST = {
    "a paragraph": ("One line\nand two.\n", ["One line and two."]),
    "a title": ("Title\n=====\n", ["Title"]),
    "a title between lines": ("=======\n Title\n=======\n", ["Title"]),
    "list items": ("- One\n  more\n- Two\n\n  - Three\n", ["One more", "Two", "Three"]),
    "numbered items": ("1. One\n2. Two\n#. Three\n", ["One", "Two", "Three"]),
    "a sentence, not an item": ("A. Turing was\nhere.\n", ["A. Turing was here."]),
    "a term": ("Term : kind\n   Meaning.\n", ["Term : kind", "Meaning."]),
    "a field": ("Top\n\n:Name: Value\n    more\n", ["Top", "Value more"]),
    "fields at the top": (":orphan:\n:author: Me\n\nText.\n", ["Text."]),
    "lines of verse": (
        "| One\n|   Two\n| Three\n  more\n",
        ["One", "Two", "Three more"],
    ),
    "a quotation": ("Said:\n\n  Words.\n\n  -- Me\n", ["Said:", "Words.", "Me"]),
    "a footnote": (".. [1] One\n   more\n\n   Two\n", ["One more", "Two"]),
    "a note": (".. note:: One\n   more\n\n   Two\n", ["One more", "Two"]),
    "options of a note": (".. note::\n   :class: x\n\n   Text\n", ["Text"]),
    "an admonition": (".. admonition:: Title\n\n   Text\n", ["Title", "Text"]),
    "a table": (
        (
            ".. list-table:: Top\n   :widths: 1 2\n\n"
            "   * - A\n     - B\n   * - ``x``\n     - D\n"
        ),
        ["Top", "A", "B", "D"],
    ),
    "an image": (
        ".. image:: a.svg\n   :alt: One\n     two\n   :width: 3\n",
        ["One two"],
    ),
    "a figure": (
        ".. figure:: a.svg\n\n   Caption\n\n   Legend\n",
        ["Caption", "Legend"],
    ),
    "a substitution": (".. |a| replace:: Some *words*\n", ["Some *words*"]),
    "an image to put in": (".. |a| image:: a.svg\n   :alt: Words\n", ["Words"]),
    "a caption of code": (
        ".. code-block:: py\n   :caption: Top\n\n   x = 1\n",
        ["Top"],
    ),
    "an option list": ("-a  One\n--all\n    Two\n", ["One", "Two"]),
    "before code": ("Like this::\n\n  code\n\nText\n", ["Like this::", "Text"]),
    "before quoted code": (
        "Like this::\n\n> code\n> more\n\nText\n",
        ["Like this::", "Text"],
    ),
    "code": ("::\n\n  code\n", []),
    "a directive of code": (".. code-block:: py\n\n   x = 1\n\n   y = 2\n", []),
    "a formula": (".. math::\n\n   x = y\n", []),
    "an unknown directive": (".. plot:: x\n   :alt: words\n\n   Text\n", ["words"]),
    "a doctest": (">>> x = 1\n>>> x\n1\n", []),
    "a target": (".. _a: https://x.org\n.. _b:\n\n__ https://y.org\n", []),
    "a comment": (".. words\n   more\n\n..\n\n  Text\n", ["Text"]),
    "a table that is drawn": ("==  ==\na   b\n==  ==\n\n+--+\n|a |\n+--+\n", []),
    "a line across": ("One\n\n----\n\nTwo\n", ["One", "Two"]),
    "names only": (
        "``x``\n\n- :ref:`label`\n- `a.b <https://x>`__\n- |s|\n- 0.5\n",
        [],
    ),
    "punctuation between names": ("``x``, ``y``\n", ["``x``, ``y``"]),
    "a link with words": ("`The docs <https://x>`__\n", ["`The docs <https://x>`__"]),
    "text in Chinese": ("梯度\n====\n", ["梯度"]),
}


@pytest.mark.parametrize(("text", "expected"), REST.values(), ids=REST)
def test_messages_of_rest(text: str, expected: list[str]) -> None:
    assert texts(text) == expected
    assert "".join(piece.text for piece in segments(text, "rest")) == text


CODE = {
    "behind code": (
        "x = 1  # counts from 0\n",
        [(5, "comment in code", "counts from 0")],
    ),
    "on lines": ("# One\n# two.\nx = 1\n", [(5, "comment in code", "One two.")]),
    "with items": (
        "# One:\n# - two\n#   more\n",
        [(5, "comment in code", "One:\n- two\n  more")],
    ),
    "with a gap": ("#\n# One\n#\n# two\n#\n", [(6, "comment in code", "One\n\ntwo")]),
    "at two depths": (
        "if x:\n    # One\n# two\n    pass\n",
        [(6, "comment in code", "One"), (7, "comment in code", "two")],
    ),
    "for tools": (
        "# noqa: E501\nx = 1  # type: ignore\n# fmt: off\n# ruff: noqa\n",
        [],
    ),
    "before one for tools": (
        "x = 1  # Why  # noqa: X1\n",
        [(5, "comment in code", "Why")],
    ),
    "between others for tools": (
        "# One\n# two  # noqa: X1\n# three\n",
        [
            (5, "comment in code", "One"),
            (6, "comment in code", "two"),
            (7, "comment in code", "three"),
        ],
    ),
    "that is code": ("# optimizer.zero_grad()\n# x = 1\n", []),
    "a line across": ("# -------\n", []),
    "in a string": ('x = "# no"\ny = """\n# no\n# %%\n# no\n"""\n', []),
    "an alternative": (
        '# sphinx_gallery_alt_block = "A \\"line\\" 梯度."\n',
        [(5, "image alternative", 'A "line" 梯度.')],
    ),
    "tags": (
        "# sphinx_gallery_tags = ['梯度', \"b\"]\n",
        [(5, "tag", "梯度"), (5, "tag", "b")],
    ),
    "a symptom": (
        '# sphinx_gallery_pitfall = {"type": "x", "symptom": "Words."}\n',
        [(5, "symptom of a pitfall", "Words.")],
    ),
    "other settings": (
        '# sphinx_gallery_cost = "20 s"\n# sphinx_gallery_start_ignore\n',
        [],
    ),
    "a setting that is no Python": ("# sphinx_gallery_tags = [a\n", []),
    "text blocks": (
        "# %%\n# Step\n# ----\n#\n# Text\n# more\n\n# Comment\nx = 1\n",
        [
            (6, "title", "Step"),
            (9, "paragraph", "Text more"),
            (12, "comment in code", "Comment"),
        ],
    ),
    "after a line of hashes": (
        "####################\n# Text\n",
        [(6, "paragraph", "Text")],
    ),
    "not in code": ("# %%\n\n# Comment\n", [(7, "comment in code", "Comment")]),
    "an indented marker": (
        "if x:\n    # %%\n    # Words\n    pass\n",
        [(6, "comment in code", "%% Words")],
    ),
    "no blank after #": ("# %%\n#Text\n#more\n", [(6, "paragraph", "Text more")]),
}


@pytest.mark.parametrize(("code", "expected"), CODE.values(), ids=CODE)
def test_messages_of_code(code: str, expected: list[tuple[int, str, str]]) -> None:
    script = f"{TITLE}{code}"
    assert found(segments(script))[1:] == expected
    assert "".join(piece.text for piece in segments(script)) == script


DOCSTRINGS = {
    "plain": ('"""\nTitle\n=====\n\nText.\n"""', ["Title", "Text."]),
    "title first": ('"""Title\n=====\n"""', ["Title"]),
    "indented": (
        '"""\n    Title\n    =====\n\n    - One\n      two\n"""',
        ["Title", "One two"],
    ),
    "escaped": (
        '"""\nTitle\n=====\n\nA \\\\ b, \\"c\\" \\u68af.\n"""',
        ["Title", 'A \\ b, "c" 梯.'],
    ),
    "raw": ('r"""\nTitle\n=====\n\nA \\ b.\n"""', ["Title", "A \\ b."]),
    "short quotes": ("'Title\\n=====\\n\\nText.'", ["Title", "Text."]),
    "a joined line": (
        '"""\\\nTitle\n=====\n\nOne \\\ntwo.\n"""',
        ["Title", "One two."],
    ),
}


@pytest.mark.parametrize(("docstring", "expected"), DOCSTRINGS.values(), ids=DOCSTRINGS)
def test_messages_of_a_docstring(docstring: str, expected: list[str]) -> None:
    script = f"#!/usr/bin/env python\n# Licence of words\n{docstring}\nx = 1\n"
    assert [text for _, _, text in found(segments(script))] == expected
    assert "".join(piece.text for piece in segments(script)) == script


def test_line_ends_of_windows() -> None:
    script = f"{TITLE}# %%\n# Text\n# more\n\n# Comment\n# more\n".replace("\n", "\r\n")
    assert found(segments(script))[1:] == [
        (6, "paragraph", "Text more"),
        (9, "comment in code", "Comment more"),
    ]
    assert "".join(piece.text for piece in segments(script)) == script


UNREADABLE = {
    "no Python": (f"{TITLE}x = (\n", 5),
    "no docstring": ("x = 1\n", 1),
    "nothing": ("", 1),
    "two strings": ('"Title\\n"\\\n"====="\n', 1),
    "old line ends": ('"""Title\r====="""\r', 1),
}


@pytest.mark.parametrize(("script", "line"), UNREADABLE.values(), ids=UNREADABLE)
def test_scripts_that_cannot_be_read(script: str, line: int) -> None:
    with pytest.raises(UnreadableScript) as error:
        segments(script)
    assert error.value.line == line


# As docutils and Sphinx-Gallery read it ----------------------------------------------

_PROSE = (
    nodes.paragraph,
    nodes.title,
    nodes.term,
    nodes.line,
    nodes.caption,
    nodes.rubric,
    nodes.attribution,
)


def _role(*args: object) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    return [nodes.inline(str(args[1]), str(args[2]))], []


@cache
def _docutils_settings() -> Any:
    roles.register_local_role("ref", _role)  # type: ignore[arg-type]
    found = get_default_settings(Parser)
    found.report_level = found.halt_level = 5
    return found


def by_docutils(text: str) -> tuple[list[str], list[str]]:
    """Give the messages that docutils sees in reST, and what it finds wrong."""
    document = new_document("text", _docutils_settings().copy())
    Parser().parse(text, document)
    messages = [*document.findall(nodes.system_message), *document.parse_messages]
    faults = [m.astext() for m in messages if m["level"] > 1]
    return [message_of(text) for text in _sources(document)], faults


def _sources(node: nodes.Node) -> Iterator[str]:
    """Yield the sources of the texts in a tree."""
    for child in node.children:
        if isinstance(child, nodes.table) and "colwidths-auto" not in child["classes"]:
            continue  # it is drawn, and no list-table of these tests
        if isinstance(child, nodes.Element) and child.get("alt"):
            yield child["alt"]
        if isinstance(child, _PROSE) and child.rawsource.strip():
            yield child.rawsource
        elif isinstance(child, nodes.substitution_definition):
            yield from _of_substitution(child)
        elif not isinstance(child, (nodes.system_message, nodes.literal_block)):
            yield from _sources(child)


def _of_substitution(node: nodes.substitution_definition) -> Iterator[str]:
    if "replace::" in node.rawsource:
        yield node.rawsource.partition("replace::")[2]
    for image in node.findall(nodes.image):
        if image.get("alt") not in {None, *node["names"]}:
            yield image["alt"]


def by_scanner(text: str) -> list[str]:
    """Give all texts that the scanner finds, those without words too."""
    places = rest_messages.messages(of_file(text), text)
    return [place.message for place in places]


@settings(deadline=None)
@given(rest())
def test_rest_is_read_as_docutils_does(lines: list[str]) -> None:
    text = "\n".join(lines)
    expected, faults = by_docutils(text)
    assert by_scanner(text) == expected, faults


@settings(deadline=None)
@given(tricky_rest)
def test_tricky_rest_is_read_as_docutils_does(lines: list[str]) -> None:
    text = "\n".join(lines)
    expected, faults = by_docutils(text)
    assume(not faults)
    assert by_scanner(text) == expected


@settings(deadline=None)
@given(recipe())
def test_scripts_are_read_as_sphinx_gallery_does(script: str) -> None:
    pieces = segments(script)
    assert "".join(piece.text for piece in pieces) == script
    found_texts = [
        piece.message.text
        for piece in pieces
        if piece.message and piece.message.form.syntax == "rest"
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "recipe.py")
        path.write_text(script, "utf-8")
        _, blocks = split_code_and_text_blocks(path)
    expected: list[str] = []
    for block in blocks:
        if block.type == "text":
            expected += texts(block.content)
    assert found_texts == expected


@settings(deadline=None)
@given(
    st.text(st.characters(codec="utf-8"), max_size=200),
    st.sampled_from(["rest", "script"]),
)
def test_any_text_is_kept(text: str, kind: str) -> None:
    try:
        pieces = segments(text, "rest" if kind == "rest" else "script")
    except UnreadableScript:
        return
    assert "".join(piece.text for piece in pieces) == text


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_real_recipes(path: Path) -> None:
    text = path.read_bytes().decode()
    pieces = segments(text, kind_of(path))
    assert "".join(piece.text for piece in pieces) == text
    lines = text.split("\n")
    for piece in pieces:
        if piece.message:
            assert piece.message.text.split()[0] in lines[piece.line - 1]
