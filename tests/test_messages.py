"""Recipes and gallery headers are taken apart into messages, byte for byte."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from docutils import nodes
from hypothesis import given, settings
from hypothesis import strategies as st
from recipe_texts import SOURCES, kind_of, recipe, rest, texts
from sphinx_gallery.py_source_parser import split_code_and_text_blocks

from recordings.rest import directive, parse
from translation.messages.segments import UnreadableScript, message_of, segments

TITLE = '"""\nTitle\n=====\n"""\n'

# What is a message: a text in reST, and its messages between bars.
REST = [
    ("One line\nand two.\n", "One line and two."),
    ("Title\n=====\n", "Title"),
    ("=======\n Title\n=======\n", "Title"),
    ("- One\n  more\n- Two\n\n  - Three\n", "One more | Two | Three"),
    ("1. One\n2. Two\n#. Three\n", "One | Two | Three"),
    ("A. Turing was\nhere.\n", "A. Turing was here."),
    ("Term : kind\n   Meaning.\n", "Term : kind | Meaning."),
    ("Top\n\n:Name: Value\n    more\n", "Top | Value more"),
    (":orphan:\n:author: Me\n\nText.\n", "Text."),
    ("| One\n|   Two\n| Three\n  more\n", "One | Two | Three more"),
    ("Said:\n\n  Words.\n\n  -- Me\n", "Said: | Words. | Me"),
    (".. [1] One\n   more\n\n   Two\n", "One more | Two"),
    (".. note:: One\n   more\n\n   Two\n", "One more | Two"),
    (".. note::\n   :class: x\n\n   Text\n", "Text"),
    (".. admonition:: Title\n   of two\n\n   Text\n", "Title of two | Text"),
    (
        ".. list-table:: Top\n\n   * - A\n     - B\n   * - ``x``\n     - D\n",
        "Top | A | B | D",
    ),
    (".. image:: a.svg\n   :alt: One\n     two\n   :width: 3\n", "One two"),
    (".. figure:: a.svg\n\n   Caption\n\n   Legend\n", "Caption | Legend"),
    (".. |a| replace:: Some *words*\n", "Some *words*"),
    (".. |a| image:: a.svg\n   :alt: Words\n", "Words"),
    (".. |a| image:: a\n", ""),
    (".. code-block:: py\n   :caption: Top\n\n   x = 1\n", "Top"),
    ("-a  One\n--all\n    Two\n", "One | Two"),
    (".. rubric:: One\n", "One"),
    ("Like this::\n\n  code\n\nText\n", "Like this:: | Text"),
    ("Like this::\n\n> code\n> more\n\nText\n", "Like this:: | Text"),
    ("::\n\n  code\n", ""),
    (".. code-block:: py\n\n   x = 1\n\n   y = 2\n", ""),
    (".. math::\n\n   x = y\n", ""),
    (".. plot:: x\n   :alt: words\n\n   Text\n", "words"),
    (">>> x = 1\n>>> x\n1\n", ""),
    (".. _a: https://x.org\n.. _b:\n\n__ https://y.org\n", ""),
    (".. words\n   more\n\n..\n\n  Text\n", "Text"),
    ("==  ==\na   b\n==  ==\n\n+--+\n|a |\n+--+\n", ""),
    ("One\n\n----\n\nTwo\n", "One | Two"),
    ("``x``\n\n- :ref:`label`\n- `a.b <https://x>`__\n- |s|\n- 0.5\n", ""),
    ("``x``, ``y``\n", "``x``, ``y``"),
    ("`The docs <https://x>`__\n", "`The docs <https://x>`__"),
    ("梯度\n====\n", "梯度"),
    ("One\r\ntwo\r\n\r\n- Three\r\n", "One two | Three"),
    ("One\ttwo\n", "One     two"),
]


@pytest.mark.parametrize(("text", "expected"), REST)
def test_messages_of_rest(text: str, expected: str) -> None:
    assert " | ".join(texts(text)) == expected
    assert "".join(piece.text for piece in segments(text, "rest")) == text


COMMENT = "comment in code"
CODE = [
    ("x = 1  # counts from 0\n", [(5, COMMENT, "counts from 0")]),
    ("# One\n# two.\nx = 1\n", [(5, COMMENT, "One two.")]),
    ("# One:\n# - two\n#   more\n", [(5, COMMENT, "One:\n- two\n  more")]),
    ("#\n# One\n#\n# two\n#\n", [(6, COMMENT, "One\n\ntwo")]),
    (
        "if x:\n    # One\n# two\n    pass\n",
        [(6, COMMENT, "One"), (7, COMMENT, "two")],
    ),
    ("# noqa: E501\nx = 1  # type: ignore\n# fmt: off\n# ruff: noqa\n", []),
    ("x = 1  # Why  # noqa: X1\n", [(5, COMMENT, "Why")]),
    (
        "# One\n# two  # noqa: X1\n# three\n",
        [(5, COMMENT, "One"), (6, COMMENT, "two"), (7, COMMENT, "three")],
    ),
    ("# optimizer.zero_grad()\n# x = 1\n", []),
    ("# -------\n", []),
    ('x = "# no"\ny = """\n# no\n# %%\n# no\n"""\n', []),
    (
        '# sphinx_gallery_alt_block = "A \\"line\\" 梯度."\n',
        [(5, "image alternative", 'A "line" 梯度.')],
    ),
    (
        "# sphinx_gallery_tags = ['梯度', \"b\"]\n",
        [(5, "tag", "梯度"), (5, "tag", "b")],
    ),
    (
        '# sphinx_gallery_pitfall = {"type": "x", "symptom": "Words."}\n',
        [(5, "symptom of a pitfall", "Words.")],
    ),
    ('# sphinx_gallery_cost = "20 s"\n# sphinx_gallery_start_ignore\n', []),
    ("# sphinx_gallery_tags = [a\n", []),
    (
        "# %%\n# Step\n# ----\n#\n# Text\n# more\n\n# Comment\nx = 1\n",
        [(6, "title", "Step"), (9, "paragraph", "Text more"), (12, COMMENT, "Comment")],
    ),
    ("####################\n# Text\n", [(6, "paragraph", "Text")]),
    ("# %%\n\n# Comment\n", [(7, COMMENT, "Comment")]),
    ("if x:\n    # %%\n    # Words\n    pass\n", [(6, COMMENT, "%% Words")]),
    ("# %%\n#Text\n#more\n", [(6, "paragraph", "Text more")]),
    (
        "# %%\r\n# Text\r\n# more\r\n\r\n# Comment\r\n# more\r\n",
        [(6, "paragraph", "Text more"), (9, COMMENT, "Comment more")],
    ),
]


@pytest.mark.parametrize(("code", "expected"), CODE)
def test_messages_of_code(code: str, expected: list[tuple[int, str, str]]) -> None:
    script = f"{TITLE}{code}"
    pieces = segments(script)
    found = [(p.line, p.message.form.name, p.message.text) for p in pieces if p.message]
    assert found[1:] == expected
    assert "".join(piece.text for piece in pieces) == script


DOCSTRINGS = [
    ('"""\nTitle\n=====\n\nText.\n"""', ["Title", "Text."]),
    ('"""Title\n=====\n"""', ["Title"]),
    ('"""\n    Title\n    =====\n\n    - One\n      two\n"""', ["Title", "One two"]),
    (
        '"""\nTitle\n=====\n\nA \\\\ b, \\"c\\" \\u68af.\n"""',
        ["Title", 'A \\ b, "c" 梯.'],
    ),
    ('r"""\nTitle\n=====\n\nA \\ b.\n"""', ["Title", "A \\ b."]),
    ("'Title\\n=====\\n\\nText.'", ["Title", "Text."]),
    ('"""\\\nTitle\n=====\n\nOne \\\ntwo.\n"""', ["Title", "One two."]),
    ('"""\r\nTitle\r\n=====\r\n"""', ["Title"]),
]


@pytest.mark.parametrize(("docstring", "expected"), DOCSTRINGS)
def test_messages_of_a_docstring(docstring: str, expected: list[str]) -> None:
    script = f"#!/usr/bin/env python\n# Licence of words\n{docstring}\nx = 1\n"
    assert texts(script, "script") == expected
    assert "".join(piece.text for piece in segments(script)) == script


UNREADABLE = [
    (f"{TITLE}x = (\n", 5),
    ("x = 1\n", 1),
    ("", 1),
    ('"Title\\n"\\\n"====="\n', 1),
    ('"""Title\r====="""\r', 1),
]


@pytest.mark.parametrize(("script", "line"), UNREADABLE)
def test_scripts_that_cannot_be_read(script: str, line: int) -> None:
    with pytest.raises(UnreadableScript) as error:
        segments(script)
    assert error.value.line == line


# In its place ------------------------------------------------------------------------


def replaced(text: str, changes: dict[str, str]) -> str:
    """Put other texts in the places of messages."""
    return "".join(
        piece.message.form.put(changes.get(piece.message.text, piece.message.text))
        if piece.message and piece.message.text in changes
        else piece.text
        for piece in segments(text, "rest")
    )


# The word is there twice, and only the one between brackets is the message.
TWICE = [
    "::\n\n  words\n\n[words]\n",
    ".. code-block:: text\n\n   words\n\n.. rubric:: [words]\n",
    ".. image:: words\n   :alt: [words]\n   :class: words\n",
    ".. image:: words\n   :class: words\n   :alt: [words]\n",
    ".. admonition:: [words]\n   :class: words\n\n   [words]\n",
    ".. note::\n   :class: words\n\n   [words]\n",
    ":words: [words]\n\n:words:\n  [words]\n",
    "==  =====\na   words\n==  =====\nb   words\n==  =====\n\n[words]\n",
    ".. words\n\n- [words]\n\n  - [words]\n\n[words]\n",
    ".. _words: words\n\nother words\n\n[words]\n\n|words|\n",
    "Other words\nwords\n\n[words]\n\nwords\nand more words\n",
    ".. only:: words\n\n   [words]\n\n.. plot:: words\n\n   words\n",
    ">>> words\nwords\n\n[words]\n",
]


@pytest.mark.parametrize("marked", TWICE)
def test_a_message_is_replaced_where_it_is(marked: str) -> None:
    text = f"Top\n\n{re.sub(r'[][]', '', marked)}"
    assert replaced(text, {"words": "译文"}) == f"Top\n\n{marked}".replace(
        "[words]", "译文"
    )


_TEXTS = (
    *(nodes.paragraph, nodes.title, nodes.term, nodes.line, nodes.caption),
    *(nodes.rubric, nodes.attribution),
)


def outline(node: nodes.Node) -> Iterator[str]:
    """Yield what a tree is made of, with the message of each text that is prose."""
    for child in node.children:
        if isinstance(child, nodes.Text):
            yield child.astext()
        elif isinstance(child, nodes.Element) and child.tagname != "system_message":
            yield child.tagname
            if isinstance(child, directive):
                yield str(child["options"])
            yield message_of(child.get("alt", ""))
            is_table = isinstance(child, nodes.table) and "is_list" not in child
            if isinstance(child, _TEXTS):
                yield message_of(child.rawsource)
            elif not is_table:
                yield from outline(child)


@settings(deadline=None, max_examples=80)
@given(rest)
def test_all_messages_are_replaced_and_nothing_else(lines: list[str]) -> None:
    text = "\n".join(lines)
    changes = {
        message: f"译文{number}{'::' if message.endswith('::') else ''}"
        for number, message in enumerate(texts(text))
    }
    expected = [changes.get(each, each) for each in outline(parse(text))]
    assert list(outline(parse(replaced(text, changes)))) == expected


@settings(deadline=None, max_examples=30)
@given(recipe())
def test_scripts_are_read_as_sphinx_gallery_does(script: str) -> None:
    pieces = segments(script)
    assert "".join(piece.text for piece in pieces) == script
    messages = [piece.message for piece in pieces if piece.message]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "recipe.py")
        path.write_text(script, "utf-8")
        _, blocks = split_code_and_text_blocks(path)
    expected = [each for b in blocks if b.type == "text" for each in texts(b.content)]
    assert [m.text for m in messages if m.form.syntax == "rest"] == expected


@settings(deadline=None, max_examples=30)
@given(st.text(max_size=200), st.sampled_from(["rest", "script"]))
def test_any_text_is_kept(text: str, kind: str) -> None:
    try:
        pieces = segments(text, "rest" if kind == "rest" else "script")
    except UnreadableScript:
        return
    assert "".join(piece.text for piece in pieces) == text


def test_real_recipes() -> None:
    for path in SOURCES:
        text = path.read_bytes().decode()
        pieces = segments(text, kind_of(path))
        assert "".join(piece.text for piece in pieces) == text
        lines = text.split("\n")
        for piece in pieces:
            if piece.message:
                assert piece.message.text.split()[0] in lines[piece.line - 1]
