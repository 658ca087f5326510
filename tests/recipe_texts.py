"""Texts of recipes, real and made up by hypothesis, for the tests of translations."""

# ruff: noqa: RUF001 - full-width punctuation is what Chinese is written with

import re
from pathlib import Path
from textwrap import indent

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from translation.messages.segments import Kind, segments

PROJECT = Path(__file__).parents[1]
SOURCES = sorted(
    [*PROJECT.glob("recipes/*/*.py"), *PROJECT.glob("recipes/**/GALLERY_HEADER.rst")]
)


def kind_of(path: Path) -> Kind:
    return "script" if path.suffix == ".py" else "rest"


def texts(text: str, kind: Kind = "rest") -> list[str]:
    """Return the messages of a file."""
    return [piece.message.text for piece in segments(text, kind) if piece.message]


Lines = list[str]

_WORDS = """gradient zero loss the of 梯度 清零。 中文，逗号 10 % 2.0 ``x.grad`` ``a
*often* **never** :ref:`label` :ref:`words\xa0<label>` `link\xa0<https://x.org>`__ [1]_
|name| é :math:`x_i` (see below) a\\b C:\\\\ don't “quoted” — …"""
words = st.sampled_from(
    [word.replace("\xa0", " ") for word in re.split("[ \n]", _WORDS)]
)
sentence = st.lists(words, min_size=1, max_size=8).map(
    lambda found: " ".join(["Word", *found])
)
paragraph = st.lists(sentence, min_size=1, max_size=3)


def hung(first: str, lines: Lines, column: int | None = None) -> Lines:
    """Put lines behind a marker."""
    blanks = " " * (len(first) if column is None else column)
    below = [f"{blanks}{line}".rstrip() for line in lines[1:]]
    return [f"{first}{lines[0]}", *below]


def apart(blocks: list[Lines]) -> Lines:
    """Put blocks one below the other."""
    return "\n\n".join("\n".join(block) for block in blocks).split("\n")


def inside(lines: Lines, by: int = 3) -> Lines:
    """Indent lines."""
    return indent("\n".join(lines), " " * by).split("\n")


def _items(marks: list[str], bodies: list[Lines]) -> Lines:
    pairs = zip(marks, bodies, strict=False)
    return apart([hung(f"{mark} ", body) for mark, body in pairs])


def _table(rows: list[tuple[Lines, Lines]]) -> Lines:
    cells = [hung("* ", [*hung("- ", a), *hung("- ", b)]) for a, b in rows]
    head = [".. list-table:: Words on top", "   :widths: auto", ""]
    return [*head, *inside([line for row in cells for line in row])]


MARKS = [["-", "-"], ["*  ", "*  "], ["1.", "2."], ["(a)", "(b)"], ["#.", "#."], ["4."]]
HEADS = re.split(
    "\n\n",
    """\
.. note::

.. tip::
   :class: wide

.. admonition:: A title
   of words
   :class: wide

.. container:: kind""",
)
SOLID = re.split(
    "~\n",
    """\
Words::

    code = 1  # no message

    Word loss
~
.. code-block:: diff

   -a
   +b
~
.. image:: a.svg
   :alt: Words that
      say it
   :width: 3
~
.. figure:: a.svg
   :alt: Words

   A caption.

   More.
~
.. _target:

.. _other: https://x.org
~
.. a comment
   of two lines
~
.. |name| replace:: words in place
~
.. |pic| image:: a.svg
   :alt: Words of it
~
| A line
|   and one below
|
| The last
  goes on
~
-a  Words of an option
--all
      More words
~
== ==
a  b
== ==
1  2
== ==
~
A. Word stands
in a sentence
~
.. rubric:: Words in bold
""",
)


def _nested(body: SearchStrategy[Lines]) -> SearchStrategy[Lines]:
    body = st.lists(body, min_size=1, max_size=2).map(apart)
    return st.one_of(
        st.builds(_items, st.sampled_from(MARKS), st.lists(body, min_size=1)),
        st.builds(lambda term, text: [term, *inside(text, 2)], sentence, body),
        st.builds(
            lambda head, text: [*head.split("\n"), "", *inside(text)],
            st.sampled_from(HEADS),
            body,
        ),
        st.builds(
            lambda text, more: [*hung(".. note:: ", text, 3), "", *inside(more)],
            paragraph,
            body,
        ),
        body.map(lambda text: hung(".. [1] ", ["Word.", "", *text], 4)),
        body.map(lambda text: ["Words:", "", *inside(text, 4)]),
        st.lists(st.tuples(body, body), min_size=2, max_size=3).map(_table),
    )


block = st.recursive(
    paragraph | st.sampled_from(SOLID).map(lambda text: text.rstrip().split("\n")),
    _nested,
    max_leaves=6,
)
title = st.builds(
    lambda text, shape: [line.format(text, "-" * 2 * len(text)) for line in shape],
    sentence,
    st.sampled_from([["{0}", "{1}"], ["{1}", "{0}", "{1}"], ["{1}", " {0}", "{1}"]]),
)
rest = st.lists(block | title, max_size=4).map(
    lambda blocks: apart([["Title", "====="], ["Words."], *blocks])
)
_COMMENTS = """\
x = 1  # counts from 0
# Words on a line
# of two lines.
#
# - an item
y = "# no comment"
def f(): return 1  # noqa: E501
# x = f(1)
# sphinx_gallery_alt_block = "Words, \\"quoted\\"."
# sphinx_gallery_tags = ["zero_grad", "梯度", 'loss']
# sphinx_gallery_pitfall = {"type": "generic", "symptom": "Words."}"""
code = st.lists(st.sampled_from(_COMMENTS.split("\n")), max_size=5)


@st.composite
def recipe(draw: st.DrawFn) -> str:
    """Make a recipe: a docstring, then blocks of text and code."""
    quote, prefix = draw(st.sampled_from(['"""', "'''"])), draw(st.sampled_from("r "))
    docstring = "\n".join(draw(rest))
    if prefix != "r":
        docstring = docstring.replace("\\", "\\\\")
    lines = [f"{prefix.strip()}{quote}\n{docstring}\n{quote}", ""]
    for text in draw(st.lists(rest, max_size=2)):
        lines.append(draw(st.sampled_from(["# %%", "#" * 40])))
        lines += [f"# {line}".rstrip() for line in text]
        lines += ["", *draw(code), ""]
    return "\n".join(lines) + draw(st.sampled_from(["", "\n"]))
