"""Translations are put into a recipe, and its code stays the same."""

# ruff: noqa: RUF001 - full-width punctuation is what Chinese is written with

from __future__ import annotations

import ast
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from docutils.utils import column_width
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from recipe_texts import recipe, rest
from sphinx_gallery.py_source_parser import split_code_and_text_blocks
from test_messages import RECIPES, by_docutils, kind_of

from translation.checks.checks import Rules, problems
from translation.messages.segments import message_of, segments
from translation.scripts import CodeChanged, translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sphinx_gallery.py_source_parser import Block

TITLE = '"""\nTitle\n=====\n"""\n'
SETTINGS = {"doctitle_xform": False, "report_level": 5, "halt_level": 5}
LONG = "中文" * 19


def put(rest_or_code: str, message: str, translation: str) -> str:
    """Translate one message of the reST or the code of a script."""
    if rest_or_code.startswith("#!"):
        script = f"{TITLE}{rest_or_code[2:]}"
        text = translate(script, {message: translation}).text
        return text.removeprefix(TITLE)
    return translate(rest_or_code, {message: translation}, "rest").text


PUT = {
    "a title": ("Title\n=====\n", "Title", "清零梯度", "清零梯度\n========\n"),
    "a short title": ("Title\n=====\n", "Title", "题", "题\n====\n"),
    "a title with a line above": (
        "=======\n Title\n=======\n",
        "Title",
        "清零 x",
        "========\n 清零 x\n========\n",
    ),
    "a paragraph": ("One\ntwo\n", "One two", "一 二", "一 二\n"),
    "a long paragraph": ("One\n", "One", f"{LONG} x {LONG}", f"{LONG} x\n{LONG}\n"),
    "a long word": ("One\n", "One", f"{LONG}{LONG}", f"{LONG}{LONG}\n"),
    "an item": (
        "- One\n- Two\n",
        "One",
        f"{LONG} x {LONG}",
        f"- {LONG} x\n  {LONG}\n- Two\n",
    ),
    "a literal": ("- One\n", "One", f"``{LONG} {LONG}``", f"- ``{LONG} {LONG}``\n"),
    "an escaped space": (
        "One\n",
        "One",
        f"{LONG}\\ ``{LONG}``",
        f"{LONG}\\ ``{LONG}``\n",
    ),
    "a term": ("One\n  Two\n", "One", f"{LONG} {LONG}", f"{LONG} {LONG}\n  Two\n"),
    "a line that would be a rule": (
        "One\n",
        "One",
        f"{LONG}{LONG} -",
        f"{LONG}{LONG} -\n",
    ),
    "a footnote": (
        ".. [1] One\n",
        "One",
        f"{LONG} x {LONG}",
        f".. [1] {LONG} x\n   {LONG}\n",
    ),
    "an option": (
        ".. image:: a\n   :alt: A\n     b\n",
        "A b",
        "甲\n乙",
        ".. image:: a\n   :alt: 甲 乙\n",
    ),
    "a line break": ("One\n", "One", "一\r\n二\u2028三\x85四", "一 二 三 四\n"),
    "a comment": (
        "#!if x:\n    # One\n    pass\n",
        "One",
        "中" * 60,
        f"if x:\n    # {'中' * 41}\n    # {'中' * 19}\n    pass\n",
    ),
    "a comment of two lines": (
        "#!# One\n# - two\n",
        "One\n- two",
        "一\n- 二",
        "# 一\n# - 二\n",
    ),
    "a mark at the end": (
        "#!# One\n",
        "One",
        f"{'中' * 43}。中",
        f"# {'中' * 42}\n# 中。中\n",
    ),
    "behind code": ("#!x = 1  # One\n", "One", "一\n二", "x = 1  # 一 二\n"),
    "before one for tools": (
        "#!x = 1  # One  # noqa\n",
        "One",
        "一",
        "x = 1  # 一  # noqa\n",
    ),
    "a setting": (
        '#!# sphinx_gallery_alt_block = "One"\n',
        "One",
        '"一" \\ \n二',
        '# sphinx_gallery_alt_block = "\\"一\\" \\\\ 二"\n',
    ),
    "a tag": (
        "#!# sphinx_gallery_tags = ['One', 'b']\n",
        "One",
        "一'",
        "# sphinx_gallery_tags = [\"一'\", 'b']\n",
    ),
    "nothing": ("One\n", "One", " \n", "One\n"),
}


@pytest.mark.parametrize(
    ("text", "message", "translation", "expected"), PUT.values(), ids=PUT
)
def test_a_translation_in_its_place(
    text: str, message: str, translation: str, expected: str
) -> None:
    assert put(text, message, translation) == expected


DOCSTRINGS = {
    "quotes": ('"""', '一"""二', '一\\"\\"\\"二'),
    "a quote at the end": ('"""', '一"', '一"'),
    "backslashes": ('"""', "一\\ 二\\n", "一\\\\ 二\\\\n"),
    "other quotes": ("'''", "一'''二", "一\\'\\'\\'二"),
    "raw": ('r"""', "一\\ 二", "一\\ 二"),
}


@pytest.mark.parametrize(
    ("quote", "translation", "written"), DOCSTRINGS.values(), ids=DOCSTRINGS
)
def test_a_translation_in_a_docstring(
    quote: str, translation: str, written: str
) -> None:
    end = quote.strip("r")
    script = f"{quote}\nTitle\n=====\n\nText.\n{end}\nx = 1\n"
    result = translate(script, {"Text.": translation}).text
    assert result == script.replace("Text.", written)
    assert ast.get_docstring(ast.parse(result)) == f"Title\n=====\n\n{translation}"


def test_a_quote_beside_the_end_of_a_docstring() -> None:
    script = '"""Title\n=====\n\nText"""\n'
    result = translate(script, {"Text": '"一"', "Title": '"题"'}).text
    assert result == '"""\\"题"\n====\n\n"一\\""""\n'
    assert ast.get_docstring(ast.parse(result)) == '"题"\n====\n\n"一"'


def test_a_docstring_on_one_line() -> None:
    script = "'Title\\n=====\\n\\nText'\n"
    result = translate(script, {"Title": "题'", "Text": "一\n二"}).text
    assert result == "'题\\'\\n====\\n\\n一 二'\n"


def test_line_ends_of_windows_stay() -> None:
    script = f"{TITLE}# %%\n# Text\n\n# Comment\n".replace("\n", "\r\n")
    translations = {"Text": f"{LONG} x {LONG}", "Comment": "一\n二"}
    result = translate(script, translations).text
    assert "\n" not in result.replace("\r\n", "")
    assert result.endswith(f"# {LONG} x\r\n# {LONG}\r\n\r\n# 一\r\n# 二\r\n")


# The code ----------------------------------------------------------------------------

CHANGES = {
    "a new text block": ("# Words\nx = 1\n", "Words", "%% 一", "divided"),
    "a line of hashes": ("#Words\nx = 1\n", "Words", "#" * 30, "divided"),
    "a new setting": ("# Words\n", "Words", "sphinx_gallery_tags = []", "settings"),
    "a new setting in text": (
        "# %%\n# Words\n",
        "Words",
        "sphinx_gallery_line_numbers = True",
        "settings",
    ),
    "a flag": ("# Words\n", "Words", "sphinx_gallery_start_ignore", "settings"),
    "a comment for tools": (
        "x = 1  # Words\n",
        "Words",
        "一 # type: ignore",
        "for tools",
    ),
    "a setting that is none": ("# Words\n", "Words", "一\nfmt: off", "for tools"),
}


@pytest.mark.parametrize(
    ("code", "message", "translation", "cause"), CHANGES.values(), ids=CHANGES
)
def test_changed_code_is_an_error(
    code: str, message: str, translation: str, cause: str
) -> None:
    script = f"{TITLE}\n{code}"
    translations = {"Title": "题", message: translation}
    with pytest.raises(CodeChanged) as error:
        translate(script, translations, path="recipes/a/b.py")
    line = next(n for n, t in enumerate(script.split("\n"), 1) if message in t)
    assert str(error.value).startswith(
        f"recipes/a/b.py:{line}: with the translation of"
    )
    assert repr(message) in str(error.value)
    assert cause in str(error.value)


@pytest.mark.parametrize(
    "translation", ['一""" + "二', '一"""\nimport os\n"""', "一\\"]
)
def test_a_raw_docstring_must_stay_one(translation: str) -> None:
    script = 'r"""Title\n=====\n\nText"""\nx = 1\n'
    with pytest.raises(CodeChanged, match=r"^recipe:4: .*'Text'"):
        translate(script, {"Text": translation})


def test_translations_that_change_code_together() -> None:
    script = f"{TITLE}# One\n#\nx = 1  # Two\n"
    assert translate(script, {"One": "一", "Two": "二"}).translated == 2


HARMLESS = [
    "一\nimport os",
    "一\rimport os",
    "一\x0cimport os",
    "一 \\",
    '"""',
    "一\0二",
]


@pytest.mark.parametrize("translation", HARMLESS)
@pytest.mark.parametrize("message", ["Title", "Text", "Comment", "Behind", "Words"])
def test_translations_cannot_add_code(message: str, translation: str) -> None:
    script = (
        '"""\nTitle\n=====\n"""\n# %%\n# Text\n\n# Comment\nx = 1  # Behind\n'
        '# sphinx_gallery_alt_block = "Words"\n'
    )
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
            assert ast.dump(ast.parse(block.content)) == ast.dump(
                ast.parse(other_block.content)
            )


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
    assert (result.total, result.translated) == (3, 1)
    assert result.untranslated == ["Title", "Two"]


def test_what_is_untranslated_is_found_on_the_page() -> None:
    text = (
        "Title\n=====\n\nA paragraph\nof *two* lines.\n\n- An item\n  of two\n\n"
        "Term\n  Meaning.\n\n.. note:: A note\n   of two\n\n"
        ".. admonition:: Top\n\n   In it.\n\n"
        ".. list-table:: Words\n\n   * - One\n       more\n     - Two\n"
    )
    result = translate(text, {"Two": "二"}, "rest")
    document = publish_doctree(result.text, settings_overrides=SETTINGS)
    marked = [
        message_of(node.rawsource)
        for node in document.findall(nodes.TextElement)
        if message_of(node.rawsource) in result.untranslated
    ]
    assert marked == result.untranslated
    assert len(marked) == result.total - 1


# With any text -----------------------------------------------------------------------


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_real_recipes_come_back(path: Path) -> None:
    text = path.read_bytes().decode()
    kind = kind_of(path)
    messages = [p.message.text for p in segments(text, kind) if p.message]
    assert translate(text, {m: m for m in messages}, kind).text == text
    assert translate(text, {}, kind).text == text
    chinese = translate(
        text, {m: f"译文 {LONG}" for m in messages if "``" not in m}, kind
    )
    if kind == "script":
        assert_same_code(text, chinese.text)
        assert len(segments(chinese.text)) == len(segments(text))


@settings(deadline=None)
@given(recipe())
def test_identity_gives_the_file_back(script: str) -> None:
    messages = [p.message.text for p in segments(script) if p.message]
    assert translate(script, {m: m for m in messages}).text == script
    assert translate(script, {}).text == script


pieces = st.sampled_from(
    [
        "梯度",
        "清零，",
        "。",
        "word",
        "``x``",
        "*a*",
        "**",
        "`b`__",
        ":ref:`l`",
        "|s|",
        "[1]_",
        "-",
        "--",
        "..",
        "..",
        "::",
        "",
        "1.",
        "#",
        "%%",
        "\\",
        '"',
        '"""',
        "'''",
        "\n",
        "\n\n",
        "\r",
        "\x85",
        "\x00",
        "========",
        "sphinx_gallery_tags=[]",
        "#",
        "noqa",
        ">>>",
        "{x}",
        "\u2028",
        "\t（",
        "）",
    ]
)
translation = st.lists(pieces, max_size=8).map(" ".join) | st.text(max_size=20)


@st.composite
def catalog(draw: st.DrawFn, text: str, *, is_script: bool) -> Mapping[str, str]:
    """Make a catalog of a text, with any translations."""
    messages = [
        p.message.text
        for p in segments(text, "script" if is_script else "rest")
        if p.message
    ]
    return {m: draw(translation) for m in messages if draw(st.booleans())}


@settings(deadline=None)
@given(st.data())
def test_no_catalog_changes_code(data: st.DataObject) -> None:
    script = data.draw(recipe())
    translations = data.draw(catalog(script, is_script=True))
    assume(not any("\ud800" <= c <= "\udfff" for t in translations.values() for c in t))
    try:
        result = translate(script, translations)
    except CodeChanged:
        return
    assert_same_code(script, result.text)


def shape(text: str) -> list[str]:
    """Give the body elements of reST."""
    document = publish_doctree(text, settings_overrides=SETTINGS)
    for message in list(document.findall(nodes.system_message)):
        message.parent.remove(message)
    elements = document.findall(nodes.Element)
    return [node.tagname for node in elements if not isinstance(node, nodes.Inline)]


@settings(deadline=None)
@given(st.data())
def test_what_the_checks_let_pass_is_valid(data: st.DataObject) -> None:
    text = "\n".join(data.draw(rest()))
    assume(not by_docutils(text)[1])
    translations = {
        message: translation
        for message, translation in data.draw(catalog(text, is_script=False)).items()
        if not problems(message, translation, Rules(is_chinese=False))
    }
    result = translate(text, translations, "rest").text
    assert not by_docutils(result)[1]
    assert shape(result) == shape(text)


def test_titles_fit() -> None:
    script = f"{TITLE}# %%\n# Step\n# ----\n"
    result = translate(script, {"Title": "一个 title，很长", "Step": "第 1 步"}).text
    lines = result.split("\n")
    assert len(lines[2]) == column_width("一个 title，很长") == 16
    assert lines[5:7] == ["# 第 1 步", "# -------"]
