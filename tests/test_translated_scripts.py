"""Translations are put into a recipe, and its code stays the same."""

# ruff: noqa: RUF001 - full-width punctuation is what Chinese is written with

import ast
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from docutils import nodes
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from recipe_texts import SOURCES, kind_of, recipe, rest, texts
from sphinx_gallery.py_source_parser import Block, split_code_and_text_blocks

from recordings.rest import parse
from translation.checks.checks import Rules, problems
from translation.messages.segments import message_of
from translation.scripts import CodeChanged, translate

TITLE = '"""\nTitle\n=====\n"""\n'
LONG = "word" * 19


# A text, the message in it, a translation, and the text with that.
REST = [
    ("Title\n=====\n", "Title", "清零梯度", "清零梯度\n========\n"),
    ("Title\n=====\n", "Title", "一个 title，长", "一个 title，长\n==============\n"),
    ("Title\n=====\n", "Title", "题", "题\n====\n"),
    ("=======\n Title\n=======\n", "Title", "清 x", "======\n 清 x\n======\n"),
    ("A\n====\nB\n====\n", "B", "乙二丙", "A\n====\n乙二丙\n======\n"),
    ("One\ntwo\n", "One two", "一 二", "一 二\n"),
    ("One\n", "One", f"{LONG} x {LONG}", f"{LONG} x\n{LONG}\n"),
    ("One\n", "One", f"{LONG}{LONG}", f"{LONG}{LONG}\n"),
    ("One\n", "One", "中" * 60, f"{'中' * 44}\n{'中' * 16}\n"),
    ("One\n", "One", f"{'中' * 44}。中", f"{'中' * 43}\n中。中\n"),
    ("- One\n", "One", "中" * 60, f"- {'中' * 43}\n  {'中' * 17}\n"),
    ("One\n", "One", f"x ``{'中' * 60}``", f"x\n``{'中' * 60}``\n"),
    ("- One\n- Two\n", "One", f"{LONG} x {LONG}", f"- {LONG} x\n  {LONG}\n- Two\n"),
    ("1. One\n", "One", f"{LONG} x {LONG}", f"1. {LONG} x\n   {LONG}\n"),
    (
        "- Top\n\n  - One\n    more\n",
        "One more",
        f"{LONG} x {LONG}",
        f"- Top\n\n  - {LONG} x\n    {LONG}\n",
    ),
    ("- One\n", "One", f"``{LONG} {LONG}``", f"- ``{LONG} {LONG}``\n"),
    ("One\n", "One", f"{LONG}\\ ``{LONG}``", f"{LONG}\\ ``{LONG}``\n"),
    ("One\n  Two\n", "One", f"{LONG} {LONG}", f"{LONG} {LONG}\n  Two\n"),
    ("One\n", "One", f"{LONG}{LONG} -", f"{LONG}{LONG} -\n"),
    (".. [1] One\n", "One", f"{LONG} x {LONG}", f".. [1] {LONG} x {LONG}\n"),
    (
        ".. note:: One\n   more\n",
        "One more",
        f"{LONG} x {LONG}",
        f".. note:: {LONG} x\n   {LONG}\n",
    ),
    (
        ".. image:: a\n   :alt: A\n     b\n",
        "A b",
        "甲\n乙",
        ".. image:: a\n   :alt: 甲 乙\n",
    ),
    ("One\n", "One", "一\r\n二\u2028三\x85四", "一 二 三 四\n"),
    ("One\n", "One", " \n", "One\n"),
]
CODE = [
    (
        "if x:\n    # One\n    pass\n",
        "One",
        "中" * 60,
        f"if x:\n    # {'中' * 41}\n    # {'中' * 19}\n    pass\n",
    ),
    ("# One\n# - two\n", "One\n- two", "一\n- 二", "# 一\n# - 二\n"),
    ("# One\n", "One", f"{'中' * 43}。中", f"# {'中' * 42}\n# 中。中\n"),
    ("x = 1  # One\n", "One", "一\n二", "x = 1  # 一 二\n"),
    ("x = 1  # One  # noqa\n", "One", "一", "x = 1  # 一  # noqa\n"),
    (
        '# sphinx_gallery_alt_block = "One"\n',
        "One",
        '"一" \\ \n二',
        '# sphinx_gallery_alt_block = "\\"一\\" \\\\ 二"\n',
    ),
    (
        "# sphinx_gallery_tags = ['One', 'b']\n",
        "One",
        "一'",
        "# sphinx_gallery_tags = [\"一'\", 'b']\n",
    ),
    (
        "# %%\r\n# One\r\n\r\n# Two\r\n",
        "One",
        f"{LONG} x {LONG}",
        f"# %%\r\n# {LONG} x\r\n# {LONG}\r\n\r\n# Two\r\n",
    ),
    ("# Two\r\n# - b\r\n", "Two\n- b", "一\n二", "# 一\r\n# 二\r\n"),
]


@pytest.mark.parametrize(("text", "message", "translation", "expected"), REST)
def test_a_translation_in_prose(
    text: str, message: str, translation: str, expected: str
) -> None:
    assert translate(text, {message: translation}, "rest").text == expected


@pytest.mark.parametrize(("code", "message", "translation", "expected"), CODE)
def test_a_translation_in_code(
    code: str, message: str, translation: str, expected: str
) -> None:
    top = TITLE if "\r" not in code else TITLE.replace("\n", "\r\n")
    assert translate(f"{top}{code}", {message: translation}).text == f"{top}{expected}"


DOCSTRINGS = [
    ('"""', '一"""二', '一\\"\\"\\"二'),
    ('"""', '一"', '一"'),
    ('"""', "一\\ 二\\n", "一\\\\ 二\\\\n"),
    ("'''", "一'''二", "一\\'\\'\\'二"),
    ('r"""', "一\\ 二", "一\\ 二"),
]


@pytest.mark.parametrize(("quote", "translation", "written"), DOCSTRINGS)
def test_a_translation_in_a_docstring(
    quote: str, translation: str, written: str
) -> None:
    end = quote.strip("r")
    script = f"{quote}\nTitle\n=====\n\nText.\n{end}\nx = 1\n"
    result = translate(script, {"Text.": translation}).text
    assert result == script.replace("Text.", written)
    assert ast.get_docstring(ast.parse(result)) == f"Title\n=====\n\n{translation}"


def test_quotes_beside_those_of_a_docstring() -> None:
    script = '"""Title\n=====\n\nText"""\n'
    result = translate(script, {"Text": '"一"', "Title": '"题"'}).text
    assert result == '"""\\"题"\n====\n\n"一\\""""\n'
    script = "'Title\\n=====\\n\\nText'\n"
    result = translate(script, {"Title": "题'", "Text": "一\n二"}).text
    assert result == "'题\\'\\n====\\n\\n一 二'\n"


# The code ----------------------------------------------------------------------------

CHANGES = [
    ("# Words\nx = 1\n", "%% 一", "division"),
    ("#Words\nx = 1\n", "#" * 30, "division"),
    ("# Words\n", "sphinx_gallery_tags = []", "settings"),
    ("# %%\n# Words\n", "sphinx_gallery_line_numbers = True", "settings"),
    ("# Words\n", "sphinx_gallery_start_ignore", "settings"),
    ("x = 1  # Words\n", "一 # type: ignore", "for tools"),
    ("# Words\n", "一\nfmt: off", "for tools"),
]


@pytest.mark.parametrize(("code", "translation", "cause"), CHANGES)
def test_changed_code_is_an_error(code: str, translation: str, cause: str) -> None:
    script = f"{TITLE}\n{code}"
    with pytest.raises(CodeChanged, match=cause) as error:
        translate(script, {"Title": "题", "Words": translation}, path="recipes/a/b.py")
    line = next(n for n, t in enumerate(script.split("\n"), 1) if "Words" in t)
    start = f"recipes/a/b.py:{line}: with the translation of 'Words'"
    assert str(error.value).startswith(start)


@pytest.mark.parametrize(
    "translation", ['一""" + "二', '一"""\nimport os\n"""', "一\\"]
)
def test_a_raw_docstring_must_stay_one(translation: str) -> None:
    script = 'r"""Title\n=====\n\nText"""\nx = 1\n'
    with pytest.raises(CodeChanged, match=r"^recipe:4: .*'Text'"):
        translate(script, {"Text": translation})


HARMLESS = [
    *("一\nimport os", "一\rimport os", "一\x0cimport os"),
    *("一 \\", '"""', "一\0二"),
]


@pytest.mark.parametrize("translation", HARMLESS)
def test_translations_cannot_add_code(translation: str) -> None:
    script = (
        '"""\nTitle\n=====\n"""\n# %%\n# Text\n\n# Comment\nx = 1  # Behind\n'
        '# sphinx_gallery_alt_block = "Words"\n'
    )
    for message in ("Title", "Text", "Comment", "Behind", "Words"):
        result = translate(script, {message: translation}).text
        assert_same_code(script, result)
        assert "import os" not in result.split("\n")


def assert_same_code(script: str, result: str) -> None:
    one, other = ast.parse(script), ast.parse(result)
    assert ast.get_docstring(other)
    del one.body[0], other.body[0]
    assert ast.dump(one) == ast.dump(other)
    blocks, others = gallery_blocks(script), gallery_blocks(result)
    assert [block.type for block in blocks] == [block.type for block in others]
    for block, other_block in zip(blocks, others, strict=True):
        if block.type == "code" and "\n    " not in block.content:
            expected = ast.dump(ast.parse(block.content))
            assert ast.dump(ast.parse(other_block.content)) == expected


def gallery_blocks(script: str) -> list[Block]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "recipe.py")
        path.write_text(script, "utf-8")
        blocks: list[Block] = split_code_and_text_blocks(path)[1]
    return blocks


# How much is translated --------------------------------------------------------------


def test_what_is_counted() -> None:
    script = f"{TITLE}# %%\n# One\n#\n# Two\n#\n# One\n#\n# ``name``\n"
    result = translate(script, {"One": "一", "Two": " ", "Three": "三"})
    assert (result.total, result.untranslated) == (3, ["Title", "Two"])


def test_what_is_untranslated_is_found_on_the_page() -> None:
    text = (
        "Title\n=====\n\nA paragraph\nof *two* lines.\n\n- An item\n  of two\n\n"
        "Term\n  Meaning.\n\n.. note:: A note\n   of two\n\n"
        ".. admonition:: Top\n\n   In it.\n\n"
        ".. list-table:: Words\n\n   * - One\n       more\n     - Two\n"
    )
    result = translate(text, {"Two": "二"}, "rest")
    marked = [
        message_of(node.rawsource)
        for node in parse(result.text).findall(nodes.TextElement)
        if message_of(node.rawsource) in result.untranslated
    ]
    assert marked == result.untranslated
    assert len(marked) == result.total - 1


# With any text -----------------------------------------------------------------------


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_real_recipes_come_back(path: Path) -> None:
    text = path.read_bytes().decode()
    kind = kind_of(path)
    messages = texts(text, kind)
    assert translate(text, {m: m for m in messages}, kind).text == text
    assert translate(text, {}, kind).text == text
    known = {m: f"译文 {LONG}" for m in messages if "``" not in m}
    chinese = translate(text, known, kind).text
    assert len(texts(chinese, kind)) == len(messages)
    if kind == "script":
        assert_same_code(text, chinese)


_PIECES = [
    *("梯度", "清零，", "。", "word", "``x``", "*a*", "**", "`b`__", ":ref:`l`", "|s|"),
    *("[1]_", "-", "--", "..", "::", "", "1.", "#", "%%", "\\", '"', '"""', "'''"),
    *("\n", "\n\n", "\r", "\x85", "\x00", "=" * 8, "sphinx_gallery_tags=[]", "noqa"),
    *(">>>", "{x}", "\u2028", "\t（", "）"),
]
translation = st.lists(st.sampled_from(_PIECES), max_size=8).map(" ".join) | st.text(
    st.characters(codec="utf-8"), max_size=20
)


@st.composite
def catalog(draw: st.DrawFn, messages: list[str]) -> Mapping[str, str]:
    """Make a catalog with any translations of some messages."""
    return {m: draw(translation) for m in messages if draw(st.booleans())}


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_no_catalog_changes_code(data: st.DataObject) -> None:
    script = data.draw(recipe())
    try:
        result = translate(script, data.draw(catalog(texts(script, "script"))))
    except CodeChanged:
        return
    assert_same_code(script, result.text)


def shape(text: str) -> list[str]:
    """Return the body elements of reST, and what is wrong with it."""
    tree = parse(text)
    for message in list(tree.findall(nodes.system_message)):
        if message["level"] == 1:  # just a note, such as of two titles that are alike
            message.parent.remove(message)
    elements = tree.findall(nodes.Element)
    return [node.tagname for node in elements if not isinstance(node, nodes.Inline)]


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_what_the_checks_let_pass_is_valid(data: st.DataObject) -> None:
    text = "\n".join(data.draw(rest))
    assume("system_message" not in shape(text))
    translations = {
        message: translation
        for message, translation in data.draw(catalog(texts(text))).items()
        if not problems(message, translation, Rules(is_chinese=False))
    }
    assert shape(translate(text, translations, "rest").text) == shape(text)
