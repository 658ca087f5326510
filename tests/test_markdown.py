"""The prose of a recipe becomes Markdown for its notebook."""

# ruff: noqa: RUF001 - Chinese punctuation is meant

import logging
import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
import sphinx
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.parsers.rst import directives, roles
from markdown_it import MarkdownIt
from sphinx import locale

from recordings import rest
from recordings.gallery import scripts
from recordings.model import Block
from recordings.page.markdown import syntax, to_markdown

RECIPES = sorted((Path(__file__).parents[1] / "recipes").rglob("*.py"))
GITHUB = MarkdownIt("gfm-like", {"html": True, "linkify": False})
FORBIDDEN = re.compile(
    r"\{\.interpreted-text|:::|:\w+:`|^\s*\.\. |%%|[\ue000-\uf8ff]", re.MULTILINE
)
CODE = re.compile(r"^ *(`{3,}).*?^ *\1|(`+)[^`].*?\2", re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def _all_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1, "sphinx")


def resolve(role: str, target: str, label: str | None) -> tuple[str, str | None]:
    """Stand in for a site that has pages and API pages."""
    addresses = {
        "ref": f"https://site.example/{target}.html",
        "doc": f"https://site.example{target}.html",
        "py:func": f"https://api.example/{target}",
    }
    return label or f"title of {target}", addresses.get(role)


def convert(*texts: str) -> list[str]:
    """Convert text blocks, the first of which begins at line 10, the next at 20."""
    blocks = [Block("text", text, 10 * n) for n, text in enumerate(texts, 1)]
    return to_markdown(blocks, "recipes/a.py", resolve)


MARKUP = [
    # In a line
    ("a *b* **c d** e", "a *b* **c d** e"),
    ("``a_b`` and ``c``", "`a_b` and `c`"),
    ("``a`b``, ```a```", "``a`b``, `` `a` ``"),
    ("``a\nb``", "`a b`"),
    ("``梯度\n清零``", "`梯度 清零`"),
    (r"``a``\ ``b``", "`a`<!-- -->`b`"),
    ("one\ntwo", "one two"),
    ("梯度\n清零 **累积**\n梯度。\nNumPy", "梯度清零 **累积**梯度。 NumPy"),
    (
        r"\*a\* _b_ c_d [e](f) <g> &amp; \`h\` ~i~ $j$ \\k 1 < 2 & 3",
        r"\*a\* \_b\_ c_d \[e\](f) \<g> \&amp; \`h\` \~i\~ \$j\$ \\k 1 < 2 & 3",
    ),
    ("# a", r"\# a"),
    (r"\- a", r"\- a"),
    (r"1986\. A year", r"1986\. A year"),
    ("> a", r"\> a"),
    ("Look!\\ `a <https://b.c>`__", r"Look\![a](https://b.c)"),
    (r"Look!\ ``a``", "Look!`a`"),
    ("`a b <https://c.d/e_(f)>`__", "[a b](https://c.d/e_%28f%29)"),
    ("`a\n<https://b.c>`__", "[a](https://b.c)"),
    ("a__\n\n__ https://b.c", "[a](https://b.c)"),
    ("`A b`_\n\n.. _a b: https://c.d", "[A b](https://c.d)"),
    ("a_\n\na\n-\n", "a\n\n# a"),
    ("See https://a.b.", "See <https://a.b>."),
    ("me@a.b", "<me@a.b>"),
    ("file:///a", "file:///a"),
    (":ref:`a`", "[title of a](https://site.example/a.html)"),
    (":ref:`b *c* <a>`", r"[b \*c\*](https://site.example/a.html)"),
    (":doc:`/a`", "[title of /a](https://site.example/a.html)"),
    (":py:class:`~torch.nn.Linear`", "`Linear`"),
    (":py:func:`torch.add`", "[`torch.add()`](https://api.example/torch.add)"),
    (":download:`a <b.py>`", "`a`"),
    (":what:`a_b`", "title of a_b"),
    (":guilabel:`a` :kbd:`b` H\\ :sub:`2` `h`", "**a** `b` H<sub>2</sub> *h*"),
    (r":math:`x_i^2 \cdot *`", r"$x_i^2 \cdot *$"),
    ("a [#]_\n\n.. [#] d", "a \\[1\\]\n\n\\[1\\] d"),
    (".. |a| replace:: *b*\n\n|a|", "*b*"),
    ("_`a` b", "a b"),
    # Emphasis, written so that it is read
    ("**清零**", "**清零**"),
    (r"先\ **清零**\ 再", "先**清零**再"),
    ("先，**清零**。", "先，**清零**。"),
    (r"**（必须）**\ 清零", "<strong>（必须）</strong>清零"),
    ("先 **（必须）** 后", "先 **（必须）** 后"),
    (r"先\ **→ 清零**", "先<strong>→ 清零</strong>"),
    (r"*a*\ **b**", "<em>a</em><strong>b</strong>"),
    (r"*a \* b*", r"<em>a \* b</em>"),
    # Blocks
    ("", ""),
    (".. a comment\n\n.. _a:\n\nb", "b"),
    ("- a\n- b\n\n  - c\n  - d", "- a\n- b\n  - c\n  - d"),
    ("- a\n\n  b\n- c", "- a\n\n  b\n\n- c"),
    ("3. a\n4. b", "3. a\n4. b"),
    ("a) b\n#) c", "1. b\n2. c"),
    ("- a\n\n  2. b", "- a\n\n  2. b"),
    ("- a::\n\n    b\n", "- a:\n\n  ```\n  b\n  ```"),
    (".. code-block:: python\n\n   a\n\n     b", "```python\na\n\n  b\n```"),
    (
        ".. code-block:: diff\n   :emphasize-lines: 1\n\n   -a\n   +b",
        "```diff\n-a\n+b\n```",
    ),
    (".. code-block:: text\n   :caption: a\n\n   b", "**a**\n\n```\nb\n```"),
    ("::\n\n  ```\n", "````\n```\n````"),
    (">>> 1\n1", "```pycon\n>>> 1\n1\n```"),
    (".. note:: a\n   b\n\n   - c", "> **Note**\n>\n> a b\n>\n> - c"),
    (".. seealso:: a", "> **See also**\n>\n> a"),
    (".. admonition:: *a*\n   :x: y\n\n   b", "> **<em>a</em>**\n>\n> b"),
    (".. container:: a\n\n   b", "b"),
    (".. raw:: html\n\n   <i>\n\n   a</i>\n\n.. raw:: latex\n\n   b", "<i>\na</i>"),
    (".. rubric:: a", "**a**"),
    (".. contents::\n\n.. toctree::\n\n   a\n\n.. meta::\n   :b: c", ""),
    ("a\n\n  b\n\n  c", "a\n\n> b\n>\n> c"),
    ("a\n\n----\n\nb", "a\n\n---\n\nb"),
    (".. math:: a\n   :label: b\n\n.. math::\n\n   c", "$$\na\n$$\n\n$$\nc\n$$"),
    (
        ".. list-table:: *a*\n   :header-rows: 1\n\n   * - ``e|f``\n   * - c",
        "**<em>a</em>**\n\n| `e\\|f` |\n| --- |\n| c |",
    ),
    (
        ".. list-table::\n\n   * -\n     - k\n\n       `h <https://i.j>`__",
        "|  |  |\n| --- | --- |\n|  | k<br>[h](https://i.j) |",
    ),
    ("= =\na b\n= =\n", "|  |  |\n| --- | --- |\n| a | b |"),
]


@pytest.mark.parametrize(("text", "markdown"), MARKUP)
def test_each_kind_of_markup(
    text: str, markdown: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert convert(text) == [markdown]
    assert not FORBIDDEN.search(CODE.sub("", markdown))
    assert not caplog.records


OTHERS = [
    ("a\n\n:b: c", "a field list", 12, "b\n\nc"),
    ("-a  b", "an option list", 10, "-a  b"),
    ("a\n\n\n.. mermaid:: b\n   :c: d\n\n   e", 'the directive "mermaid"', 13, "e"),
    ("a\n  b", "a definition list", 10, "a\n\nb"),
    ("a\n\n| b\n| c", "a line block", 12, "b\n\nc"),
    (".. figure:: b.svg\n   :alt: c", "an image", 10, ""),
    ("a\n\n.. image:: b.svg\n   :alt: c", "an image", 12, "c"),
    (".. list-table::\n\n   * - a\n\n       - b", "a cell that spans", 12, "- b"),
    ("+-+-+\n|a  |\n+-+-+\n|b|c|\n+-+-+", "a cell that spans", 11, "a"),
]


@pytest.mark.parametrize(("text", "what", "line", "kept"), OTHERS)
def test_what_recipes_do_not_use_is_told(
    text: str, what: str, line: int, kept: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The text is kept, and the message names the file and the line."""
    for before in ([], ["Title\n=====\n\none\n", "two\n\nthree"]):
        caplog.clear()
        *_, markdown = convert(*before, text)
        assert kept in markdown
        [told] = caplog.records
        place = f"recipes/a.py:{line + 10 * len(before)}"
        assert told.getMessage().startswith(f"{place}: {what}")
        assert "can't be written to the notebook" in told.getMessage()
        assert told.levelno < logging.INFO, "no fault of the page, which has it all"


IN_ANOTHER_PROJECT = [
    ("`a.b`", "`title of a.b`"),
    ("|lib|, see one_.", "The *Lib*, see [one](https://c.d)."),
    (".. image:: b.svg\n   :alt: c", '<img src="at/b.svg" alt="c">'),
    (
        ".. figure:: b.svg\n   :width: 9\n\n   d *e*\n\n   f",
        '<img src="at/b.svg" alt="" width="9">\n\nd *e*\n\nf',
    ),
    (".. testcode::\n\n   a", "```python\na\n```"),
    (".. doctest::\n\n   >>> a", "```pycon\n>>> a\n```"),
    (".. tags:: a, b\n\n.. todo:: c\n\nd", "d"),
]


@pytest.mark.parametrize(("text", "markdown"), IN_ANOTHER_PROJECT)
def test_settings_of_sphinx_count(
    text: str, markdown: str, caplog: pytest.LogCaptureFixture
) -> None:
    definitions = (
        ".. |lib| replace:: The *Lib*\n.. _one: https://c.d\n\n.. note:: A note."
    )
    made = to_markdown(
        [Block("text", text, 1)],
        "a.py",
        resolve,
        definitions=definitions,
        default_role="py:obj",
        show=lambda address: f"at/{address}",
    )
    assert made == [markdown]
    assert not caplog.records


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        (syntax.link("a", "b c<d>\\"), "[a](b%20c%3Cd%3E%5C)"),
        (syntax.code("`a"), "`` `a ``"),
        (syntax.code("a`"), "`` a` ``"),
        (syntax.code(" a "), "`  a  `"),
        (syntax.finish("\u00a0b".join(syntax.EMPHASIS) + "c"), "<em>\u00a0b</em>c"),
    ],
)
def test_odd_characters(markdown: str, expected: str) -> None:
    assert markdown == expected


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (":ref:`a`", ("ref", "a", None)),
        (":ref:`a <b\nc>`", ("ref", "b\nc", "a")),
        (":doc:`b\nc </d>`", ("doc", "/d", "b c")),
        (":py:meth:`~a.B.c`", ("py:meth", "a.B.c", "c()")),
        (":py:func:`a()`", ("py:func", "a()", None)),
        (":py:mod:`!a`", ("py:mod", "a", None)),
    ],
)
def test_where_a_role_leads_is_asked(text: str, asked: tuple[str, str, str]) -> None:
    calls = []

    def resolve(*call: str | None) -> tuple[str, None]:
        calls.append(call)
        return "", None

    to_markdown([Block("text", text, 1)], "a.py", resolve)
    assert calls == [asked]


FAULTS = [
    *("*a", ":py:`a", "a_", ".. image::", "== =\na  b c\n== =\n", "- a\n  - b\n c"),
    "a\n=\n\nb\n-\n\nc\n~\n\nd\n=\n\ne\n~\n",
]


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_left_to_sphinx(
    text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    converted = convert(text, "next")
    assert converted[1] == "next"
    assert not FORBIDDEN.search(CODE.sub("", converted[0]))
    assert capfd.readouterr() == ("", "")


# A whole recipe ----------------------------------------------------------------------


def test_heading_levels_are_those_of_the_whole() -> None:
    title = "=====\nTitle\n=====\n\na\n\nStep 1\n------"
    assert convert(title, "b\n\nPart\n~~~~\n", "Step #\n------\n\nc") == [
        "# Title\n\na\n\n## Step 1",
        "b\n\n### Part",
        "## Step \\#\n\nc",
    ]


WHOLE = [
    (["- a", "- b"], ["- a", "- b"]),
    (["1. a", "2. b"], ["1. a", "2. b"]),
    (["a", "", " ", "b"], ["a", "", "", "b"]),
    (["a::", "- b"], ["a:", "- b"]),
    (["====", "a"], ["---", "a"]),
    (["a", "  b"], ["a", "> b"]),
    (["a [1]_ |b|", ".. [1] c\n.. |b| replace:: d"], ["a \\[1\\] d", "\\[1\\] c"]),
    (["a__", "__ https://e.f"], ["[a](https://e.f)", ""]),
    ([], []),
]


@pytest.mark.parametrize(("texts", "markdown"), WHOLE)
def test_a_block_ends_where_its_code_begins(
    texts: list[str], markdown: list[str]
) -> None:
    assert convert(*texts) == markdown


MARKS: dict[str, tuple[type[nodes.Node], ...]] = {
    "a": (nodes.reference,),
    "code": (nodes.literal, nodes.literal_block),
    "em": (nodes.emphasis,),
    "h1, h2, h3": (nodes.title,),
    "li": (nodes.list_item,),
    "strong": (nodes.strong,),
    "td, th": (nodes.entry,),
}


def squeezed(text: str) -> str:
    return "".join(text.split())


def assert_same(blocks: Sequence[Block]) -> None:
    """Compare words and marks of the reST with those of the rendered Markdown."""
    page = rest.parse("\n\n".join(block.content for block in blocks))
    markdown = to_markdown(blocks, "a.py", lambda _, name, own: (own or name, "/"))
    html = BeautifulSoup(GITHUB.render("\n\n".join(markdown)), "html.parser")
    hidden = (nodes.comment, nodes.target)
    for node in list(page.findall(lambda node: isinstance(node, hidden))):
        node.parent.remove(node)
    assert squeezed(html.text) == squeezed(page.astext())
    for tag, kinds in MARKS.items():
        marked = Counter(
            squeezed(node.astext())
            for kind in kinds
            for node in page.findall(kind)
            if isinstance(node.parent, nodes.section) or kind is not nodes.title
        )
        rendered = Counter(squeezed(each.text) for each in html.select(tag))
        assert not marked - rendered, tag


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipes_keep_their_words_and_marks(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocks = [block for block in scripts.split(path)[1] if block.kind == "text"]
    assert_same(blocks)
    converted = "\n\n".join(to_markdown(blocks, path.name, resolve))
    assert converted.startswith("# ")
    assert not FORBIDDEN.search(CODE.sub("", converted))
    assert not caplog.records


WORDS = [
    *("梯度", "清零", "（必须）", "「重要」", "，", "。", "→", "×", "é", "…", "“引”"),
    *("a", "b_c", "__init__", "*", "_", "!", "[x]", "(y)", "$5", "~20", "~~", "<b>"),
    *("&amp;", "`", "1.", "#", "-", "+", "http", "|", "||", "'", '"', ":"),
]


def test_random_lines_keep_their_words_and_marks() -> None:
    chance = random.Random(0)  # noqa: S311 - no secret

    def words() -> str:
        return "".join(chance.choices(WORDS, k=chance.randint(1, 3)))

    def escaped() -> str:
        return re.sub(r"([^\w\s])", r"\\\1", words()).replace("_", r"\_")

    def line(indent: int) -> str:
        forms = ["{0}", "*{0}*", "**{0}**", "``{1}``", "`{0} <https://a.b>`__"]
        pieces = [
            chance.choice(forms).format(escaped(), words())
            for _ in range(chance.randint(1, 6))
        ]
        return chance.choice([" ", f"\n{' ' * indent}b ", r"\ "]).join(pieces)

    items = [f"- b {line(2)}" for _ in range(100)]
    cells = [f".. list-table::\n\n   * - b {line(7)}\n     - c" for _ in range(100)]
    lines = [f"b {line(0)}" for _ in range(100)]
    assert_same([Block("text", text, 1) for text in (*items, *cells, *lines)])


# Apart from Sphinx -------------------------------------------------------------------


def test_what_sphinx_registers_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = directives.directive, roles.role
    rst = "docutils.parsers.rst"
    monkeypatch.setattr(f"{rst}.directives._directives", {"note": object()})
    monkeypatch.setattr(f"{rst}.roles._roles", {"ref": object()})
    [markdown] = convert(".. note:: :ref:`a <b>`")
    assert markdown == "> **Note**\n>\n> [a](https://site.example/b.html)"
    assert (directives.directive, roles.role) == before


def test_labels_are_in_the_language_of_the_site(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(locale, "translators", {})
    locale.init([str(Path(sphinx.__file__).parent / "locale")], "zh_CN")
    assert convert(".. note:: 梯度") == ["> **备注**\n>\n> 梯度"]
