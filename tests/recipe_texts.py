"""Texts of recipes, made up by hypothesis, for the tests of translations."""

# ruff: noqa: RUF001 - full-width punctuation is what Chinese is written with

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Lines = list[str]

WORDS = [
    "gradient",
    "zero",
    "loss",
    "the",
    "of",
    "梯度",
    "清零。",
    "中文，逗号",
    "10",
    "%",
    "2.0",
    "``x.grad``",
    "``a",
    "",
    "b``",
    "*often*",
    "**never**",
    ":ref:`label`",
    ":ref:`words\xa0<label>`",
    "`link\xa0<https://x.org>`__",
    "[1]_",
    "|name|",
    "é",
    ":math:`x_i`",
    "(see",
    "below)",
    "a\\b",
    "C:\\\\",
    "don't",
    "“quoted”",
    "—",
    "…",
]
WORDS = [word.replace("\xa0", " ") for word in WORDS]

words = st.sampled_from(WORDS)
sentence = st.lists(words, min_size=1, max_size=8).map(
    lambda found: " ".join(["Word", *found])
)


@st.composite
def paragraph(draw: st.DrawFn) -> Lines:
    """Make a paragraph of one to three lines."""
    return draw(st.lists(sentence, min_size=1, max_size=3))


def hung(first: str, lines: Lines, column: int | None = None) -> Lines:
    """Put lines behind a marker."""
    blanks = " " * (len(first) if column is None else column)
    below = [f"{blanks}{line}".rstrip() for line in lines[1:]]
    return [f"{first}{lines[0]}", *below]


def apart(blocks: list[Lines]) -> Lines:
    """Put blocks one below the other."""
    lines: Lines = []
    for block in blocks:
        lines += [*block, ""]
    return lines[:-1]


def inside(lines: Lines, by: int = 3) -> Lines:
    """Indent lines."""
    return indent("\n".join(lines), " " * by).split("\n")


def _bullets(body: SearchStrategy[Lines]) -> SearchStrategy[Lines]:
    return st.builds(
        lambda mark, items: [
            line for item in items for line in [*hung(mark, item), ""]
        ][:-1],
        st.sampled_from(["- ", "* ", "-   ", "+ "]),
        st.lists(body, min_size=1, max_size=3),
    )


def _enumerated(body: SearchStrategy[Lines]) -> SearchStrategy[Lines]:
    return st.builds(
        lambda marks, items: [
            line
            for mark, item in zip(marks, items, strict=False)
            for line in [*hung(f"{mark} ", item), ""]
        ][:-1],
        st.sampled_from(
            [["1.", "2.", "3."], ["(a)", "(b)"], ["#.", "#."], ["i)", "ii)"], ["4."]]
        ),
        st.lists(body, min_size=1, max_size=3),
    )


def _terms(body: SearchStrategy[Lines]) -> SearchStrategy[Lines]:
    return st.builds(lambda term, text: [term, *inside(text, 2)], sentence, body)


def _note(body: SearchStrategy[Lines]) -> SearchStrategy[Lines]:
    return st.builds(
        lambda head, text: [*head, "", *inside(text)],
        st.sampled_from(
            [
                [".. note::"],
                [".. tip::", "   :class: wide"],
                [".. admonition:: A title of words"],
                [".. admonition:: A title", "   of words", "   :class: wide"],
                [".. container:: kind"],
                [".. epigraph::"],
            ]
        ),
        body,
    )


def _note_beside(body: SearchStrategy[Lines]) -> SearchStrategy[Lines]:
    return st.builds(
        lambda text, more: [*hung(".. note:: ", text, 3), "", *inside(more)],
        paragraph(),
        body,
    )


def _footnote(body: SearchStrategy[Lines]) -> SearchStrategy[Lines]:
    return body.map(lambda text: hung(".. [1] ", ["Word.", "", *text], 4))


def _field(body: SearchStrategy[Lines]) -> SearchStrategy[Lines]:
    return body.map(lambda text: hung(":name: ", ["Word", "two.", "", *text], 2))


def _quote(body: SearchStrategy[Lines]) -> SearchStrategy[Lines]:
    return body.map(lambda text: ["Words:", "", *inside(text, 4)])


def _table(body: SearchStrategy[Lines]) -> SearchStrategy[Lines]:
    return st.builds(
        lambda rows: [
            ".. list-table:: Words on top",
            "   :widths: auto",
            "",
            *inside(
                [
                    line
                    for left, right in rows
                    for line in hung("* ", [*hung("- ", left), *hung("- ", right)])
                ]
            ),
        ],
        st.lists(st.tuples(body, body), min_size=2, max_size=3),
    )


_SOLID = st.sampled_from(
    [
        ["Words::", "", "    code = 1  # no message", "", "    more"],
        ["Words ::", "", "> quoted", "> more"],
        ["::", "", "  code"],
        [".. code-block:: python", "", "   x = 1"],
        [".. code-block:: diff", "", "   -a", "   +b"],
        [".. math::", "", "   x = y"],
        [".. image:: a.svg", "   :alt: Words that", "      say it", "   :width: 3"],
        [".. figure:: a.svg", "   :alt: Words", "", "   A caption.", "", "   More."],
        [".. _target:", "", ".. _other: https://x.org"],
        [".. a comment", "   of two lines"],
        ["..", "", "    Words after an empty comment"],
        [".. |name| replace:: words in place"],
        [".. |pic| image:: a.svg", "   :alt: Words of it"],
        [">>> x = 1", ">>> x", "1"],
        ["| A line", "|   and one below", "|", "| The last", "  goes on"],
        ["-a  Words of an option", "--all", "      More words"],
        ["== ==", "a  b", "== ==", "1  2", "== =="],
        ["+--+--+", "|a |b |", "+--+--+"],
        ["A. Word stands", "in a sentence"],
        ["Words", "--"],
        ["----"],
        [".. rubric:: Words in bold"],
        ["__ https://x.org", "", "An `anonymous link`__"],
    ]
)

block = st.recursive(
    paragraph() | _SOLID.filter(lambda lines: lines != ["----"]),
    lambda body: st.one_of(
        [
            make(st.lists(body, min_size=1, max_size=2).map(apart))
            for make in (
                _bullets,
                _enumerated,
                _terms,
                _note,
                _note_beside,
                _footnote,
                _field,
                _quote,
                _table,
            )
        ]
    ),
    max_leaves=6,
)


@st.composite
def title(draw: st.DrawFn, marks: str = "-~") -> Lines:
    """Make a title, maybe with a line above it."""
    text, mark = draw(sentence), draw(st.sampled_from(marks))
    rule = mark * (2 * len(text) + 2)
    return draw(
        st.sampled_from([[text, rule], [rule, text, rule], [rule, f" {text}", rule]])
    )


@st.composite
def rest(draw: st.DrawFn) -> Lines:
    """Make blocks of reST below a title."""
    blocks = draw(st.lists(block | title("-"), max_size=4))
    return apart([["Title", "====="], ["Words."], *blocks])


@st.composite
def recipe(draw: st.DrawFn) -> str:
    """Make a recipe: a docstring, then blocks of text and code."""
    quote, prefix = draw(st.sampled_from(['"""', "'''"])), draw(st.sampled_from("r "))
    docstring = "\n".join(draw(rest()))
    if prefix != "r":
        docstring = docstring.replace("\\", "\\\\")
    start = draw(st.sampled_from(["", "\n"]))
    lines = [f"{prefix.strip()}{quote}{start}{docstring}\n{quote}", ""]
    for text in draw(st.lists(rest(), max_size=3)):
        lines.append(draw(st.sampled_from(["# %%", "#" * 40, "# %% [markdown]"])))
        lines += [f"# {line}".rstrip() for line in text]
        lines += ["", *draw(code), ""]
    return "\n".join(lines) + draw(st.sampled_from(["", "\n"]))


code = st.lists(
    st.sampled_from(
        [
            "x = 1  # counts from 0",
            "# Words on a line",
            "# of two lines.",
            "#",
            "# - an item",
            "#   1. another item",
            'y = "# no comment"',
            "def f():  # noqa: E501",
            "# x = f(1)",
            "# type: ignore",
            '# sphinx_gallery_alt_block = "Words, \\"quoted\\"."',
            '# sphinx_gallery_tags = ["zero_grad", "梯度", \'loss\']',
            '# sphinx_gallery_pitfall = {"type": "generic", "symptom": "Words."}',
            '# sphinx_gallery_cost = "20 s"',
        ]
    ),
    max_size=5,
).map(
    lambda lines: [
        part
        for line in lines
        for part in (
            [line, "    # inside", "    return x"] if line[:3] == "def" else [line]
        )
    ]
)

# Lines that look like the beginning of something, one below the other at random.
tricky_rest = st.lists(
    st.builds(
        lambda blanks, begin, text: f"{' ' * blanks}{begin}{text}",
        st.sampled_from([0, 0, 0, 1, 2, 3, 4]),
        st.sampled_from(
            [
                *"-*+|>",
                *("- ", "1. ", "2. ", "a. ", "b. ", "i. ", "(1) ", "#. ", "A. "),
                *(".. ", "..", ".. note::", ".. note:: ", ".. [1] ", ".. _t:"),
                *(".. |s| ", ".. image:: ", ".. code-block:: ", ".. admonition:: "),
                *(".. list-table:: ", ":a: ", ":alt: ", ":class: ", "-a  ", "| "),
                *(">>> ", "__ ", "::", "-- ", "====", "----", "==", "-", "..."),
                *("", "", "", "", "\t", "\u3000", "\\"),
            ]
        ),
        st.sampled_from(
            ["", "", "word", "word two", "word::", "word ::", "梯度", "- word"]
        ),
    ),
    max_size=9,
)
