"""A whole recipe becomes Markdown that reads as its page does."""

# ruff: noqa: RUF001 - Chinese punctuation is meant

import random
import re
from collections import Counter
from pathlib import Path

import pytest
import sphinx
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.parsers.rst import directives, roles
from markdown_it import MarkdownIt
from sphinx import locale
from sphinx_gallery.py_source_parser import split_code_and_text_blocks

from recordings.page.markdown import rest, to_markdown

RECIPES = Path(__file__).parent.parent / "recipes"
GITHUB = MarkdownIt("gfm-like", {"html": True, "linkify": False})
FORBIDDEN = re.compile(r"\{\.interpreted-text|:::|:\w+:`|^\s*\.\. |%%", re.MULTILINE)
CODE = re.compile(r"^ *(`{3,}).*?^ *\1|(`+)[^`].*?\2", re.MULTILINE | re.DOTALL)


def resolve(_role: str, target: str, label: str | None) -> tuple[str, str | None]:
    return label or target, f"https://a.b/{target}"


def render(texts: list[str]) -> BeautifulSoup:
    markdown = "\n\n".join(to_markdown(texts, resolve))
    return BeautifulSoup(GITHUB.render(markdown), "html.parser")


def test_heading_levels_are_those_of_the_whole() -> None:
    texts = [
        "=====\nTitle\n=====\n\na\n\nStep 1\n------",
        "b\n\nPart\n~~~~\n",
        "Step #\n------\n\nc",
    ]
    assert to_markdown(texts, resolve) == [
        "# Title\n\na\n\n## Step 1",
        "b\n\n### Part",
        "## Step \\#\n\nc",
    ]


@pytest.mark.parametrize(
    ("texts", "markdown"),
    [
        (["- a", "- b"], ["- a", "- b"]),
        (["1. a", "2. b"], ["1. a", "2. b"]),
        (["a", "", " ", "b"], ["a", "", "", "b"]),
        (["a::", "- b"], ["a:", "- b"]),
        (["====", "a"], ["---", "a"]),
        (["| a", "| b"], ["a", "b"]),
        (["a", "  b"], ["a", "> b"]),
        (["a [1]_ |b|", ".. [1] c\n.. |b| replace:: d"], ["a \\[1\\] d", "\\[1\\] c"]),
        (
            ["a__ `b <https://c.d>`__", "__ https://e.f"],
            ["[a](https://e.f) [b](https://c.d)", ""],
        ),
    ],
)
def test_a_block_ends_where_its_code_begins(
    texts: list[str], markdown: list[str]
) -> None:
    converted = to_markdown(texts, resolve)
    assert len(converted) == len(texts)
    assert converted == markdown


CHINESE = """
清零梯度
========

**（必须）**\\ 在 ``zero_grad()``\\ 之前，见 :ref:`第一篇 <a>`。

第一步
------

.. list-table::
   :header-rows: 1

   * - 方法
     - 结果
   * - ``a|b``
     - *好*

.. code-block:: python

   optimizer.zero_grad()

#. 一

   - 二
"""


def test_markdown_has_the_structure_of_the_page() -> None:
    html = render([CHINESE])
    assert [title.text for title in html.select("h1")] == ["清零梯度"]
    assert [title.text for title in html.select("h2")] == ["第一步"]
    assert str(html.p) == (
        "<p><strong>（必须）</strong>在 <code>zero_grad()</code>之前，见 "
        '<a href="https://a.b/a">第一篇</a>。</p>'
    )
    cells = [cell.decode_contents() for cell in html.select("th, td")]
    assert cells == ["方法", "结果", "<code>a|b</code>", "<em>好</em>"]
    code = html.select("pre > code.language-python")
    assert [each.text for each in code] == ["optimizer.zero_grad()\n"]
    assert html.select_one("ol > li > ul > li")


MARKS: dict[str, tuple[type[nodes.Node], ...]] = {
    "a": (nodes.reference, rest.cross_reference),
    "code": (nodes.literal, nodes.literal_block),
    "em": (nodes.emphasis,),
    "h1, h2, h3": (nodes.title,),
    "li": (nodes.list_item,),
    "strong": (nodes.strong,),
    "td, th": (nodes.entry,),
}


def squeezed(text: str) -> str:
    return "".join(text.split())


def assert_same(texts: list[str]) -> None:
    """Compare words and marks of the reST with those of the rendered Markdown."""
    page = rest.parse("\n\n".join(texts))
    html = render(texts)
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


@pytest.mark.parametrize(
    "path", sorted(RECIPES.rglob("*.py")), ids=lambda path: path.stem
)
def test_recipes_keep_their_words_and_marks(path: Path) -> None:
    blocks = split_code_and_text_blocks(path)[1]
    texts = [block.content for block in blocks if block.type == "text"]
    assert_same(texts)
    converted = "\n\n".join(to_markdown(texts, resolve))
    assert converted.startswith("# ")
    assert not FORBIDDEN.search(CODE.sub("", converted))


# Emphasis ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("**清零**", "**清零**"),
        (r"先\ **清零**\ 再", "先**清零**再"),
        ("先，**清零**。", "先，**清零**。"),
        (r"**（必须）**\ 清零", "<strong>（必须）</strong>清零"),
        (r"a **b|**\ ×c", "a <strong>b|</strong>×c"),
        ("先 **（必须）** 后", "先 **（必须）** 后"),
        (r"😀\ *a*\ b", "😀<em>a</em>b"),
        (r"先\ *“清零”*\ 再", "先<em>“清零”</em>再"),
        (r"先\ **→ 清零**", "先<strong>→ 清零</strong>"),
        (r"**``a``**\ b", "<strong>\\`\\`a\\`\\`</strong>b"),
        (r"*a*\ **b**", "<em>a</em><strong>b</strong>"),
        (r"*a \* b*", r"<em>a \* b</em>"),
    ],
)
def test_emphasis_is_written_so_that_it_is_read(text: str, markdown: str) -> None:
    assert to_markdown([text], resolve) == [markdown]
    assert_same([text])


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

    def line() -> str:
        pieces = [
            chance.choice(
                [
                    escaped(),
                    f"*{escaped()}*",
                    f"**{escaped()}**",
                    f"``{words()}``",
                    f"`{escaped()} <https://a.b>`__",
                ]
            )
            for _ in range(chance.randint(1, 6))
        ]
        return chance.choice([" ", "\n   ", r"\ "]).join(pieces)

    lines = [f"a\n   {line()}" for _ in range(300)]
    cells = [f".. list-table::\n\n   * - b {line()}\n     - c" for _ in range(300)]
    assert_same(lines + cells)


# Apart from Sphinx -------------------------------------------------------------------


def test_what_sphinx_registers_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = directives.directive, roles.role
    rst = "docutils.parsers.rst"
    monkeypatch.setattr(f"{rst}.directives._directives", {"note": object()})
    monkeypatch.setattr(f"{rst}.roles._roles", {"ref": object()})
    [markdown] = to_markdown([".. note:: :ref:`a <b>`"], resolve)
    assert markdown == "> **Note**\n>\n> [a](https://a.b/b)"
    assert (directives.directive, roles.role) == before


def test_labels_are_in_the_language_of_the_site(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(locale, "translators", {})
    locale.init([str(Path(sphinx.__file__).parent / "locale")], "zh_CN")
    assert to_markdown([".. note:: 梯度"], resolve) == ["> **备注**\n>\n> 梯度"]
