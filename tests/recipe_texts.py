"""Texts of recipes, made up by hypothesis, for the tests of translations."""

# ruff: noqa: RUF001 - full-width punctuation is what Chinese is written with

from __future__ import annotations

from hypothesis import strategies as st

WORDS = [
    *("gradient", "zero", "loss", "the", "of", "10", "%"),
    *("梯度", "清零。", "中文，逗号"),
    *("2.0", "(see", "below)", "a\\b", "C:\\\\", "don't", "“quoted”", "—", "…", "é"),
    *("``x.grad``", "``a", "", "b``", "*often*", "**never**", ":ref:`label`", "[1]_"),
    *(":ref:`words <label>`", "`link <https://x.org>`__", "|name|", ":math:`x_i`"),
]

sentence = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(
    lambda found: " ".join(["Word", *found])
)
paragraph = st.lists(sentence, min_size=1, max_size=3).map("\n".join)

SOLID = [
    "Words::\n\n    code = 1  # no message\n\n    more",
    "Words ::\n\n> quoted\n> more",
    "::\n\n  code",
    ".. code-block:: python\n\n   x = 1",
    ".. code-block:: diff\n\n   -a\n   +b",
    ".. math::\n\n   x = y",
    ".. image:: a.svg\n   :alt: Words that\n      say it\n   :width: 3",
    ".. figure:: a.svg\n   :alt: Words\n\n   A caption.\n\n   More.",
    ".. _target:\n\n.. _other: https://x.org",
    ".. a comment\n   of two lines",
    "..\n\n    Words after an empty comment",
    ".. |name| replace:: words in place",
    ".. |pic| image:: a.svg\n   :alt: Words of it",
    ">>> x = 1\n>>> x\n1",
    "| A line\n|   and one below\n|\n| The last\n  goes on",
    "-a  Words of an option\n--all\n      More words",
    "== ==\na  b\n== ==\n1  2\n== ==",
    "+--+--+\n|a |b |\n+--+--+",
    "A. Word stands\nin a sentence",
    "Words\n--",
    ".. rubric:: Words in bold",
    "__ https://x.org\n\nAn `anonymous link`__",
]
"""Blocks that hold no other blocks."""
AROUND = [
    *("- {}\n\n- {}", "* {}", "-   {}\n\n-   {}", "+ {}"),
    *("1. {}\n\n2. {}\n\n3. {}", "(a) {}\n\n(b) {}", "#. {}\n\n#. {}"),
    *("i) {}\n\nii) {}", "4. {}"),
    "Words of a term\n  {}",
    ".. note::\n\n   {}",
    ".. note:: Words\n   beside\n\n   {}",
    ".. tip::\n   :class: wide\n\n   {}",
    ".. admonition:: A title of words\n\n   {}",
    ".. admonition:: A title\n   of words\n   :class: wide\n\n   {}",
    ".. container:: kind\n\n   {}",
    ".. epigraph::\n\n   {}",
    ".. [1] Word.\n\n    {}",
    ":name: Word\n  two.\n\n  {}",
    "Words:\n\n    {}",
    ".. list-table:: Words on top\n\n   * - {}\n     - {}\n   * - {}\n     - {}",
]
"""Blocks around others, which are at the column of the braces."""


def _filled(template: str, bodies: list[str]) -> str:
    """Put blocks into a template, each with all its lines at the braces' column."""
    first, *parts = template.split("{}")
    for part, body in zip(parts, bodies, strict=False):
        column = len(first) - first.rfind("\n") - 1
        first += body.replace("\n", "\n" + " " * column) + part
    return "\n".join(line.rstrip() for line in first.split("\n"))


def _around(body: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    bodies = st.lists(body, min_size=1, max_size=2).map("\n\n".join)
    four = st.lists(bodies, min_size=4, max_size=4)
    return st.builds(_filled, st.sampled_from(AROUND), four)


block = st.recursive(paragraph | st.sampled_from(SOLID), _around, max_leaves=6)


_TITLES = ("{0}\n{1}", "{1}\n{0}\n{1}", "{1}\n {0}\n{1}")
_title = st.builds(
    lambda text, form: form.format(text, "-" * (2 * len(text) + 2)),
    sentence,
    st.sampled_from(_TITLES),
)


def rest() -> st.SearchStrategy[list[str]]:
    """Make the lines of blocks of reST below a title."""
    blocks = st.lists(block | _title, max_size=4)
    return blocks.map(
        lambda found: "\n\n".join(["Title\n=====", "Words.", *found]).split("\n")
    )


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
            "def f():  # noqa: E501\n    # inside\n    return x",
            "# x = f(1)",
            "# type: ignore",
            '# sphinx_gallery_alt_block = "Words, \\"quoted\\"."',
            '# sphinx_gallery_tags = ["zero_grad", "梯度", \'loss\']',
            '# sphinx_gallery_pitfall = {"type": "generic", "symptom": "Words."}',
            '# sphinx_gallery_cost = "20 s"',
        ]
    ),
    max_size=5,
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
