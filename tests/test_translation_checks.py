"""The checks of a translation find what is wrong, and nothing else."""

# ruff: noqa: RUF001 - full-width punctuation is what Chinese is written with

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recipe_texts import SOURCES, kind_of, sentence

from translation.checks.checks import CHECKS, Problem, Rules, problems
from translation.checks.glossary import Glossary, GlossaryError
from translation.messages.forms import Syntax
from translation.messages.segments import segments

GLOSSARY = Glossary(
    [
        *(("recipe", "示例"), ("gradient", "梯度"), ("zero out", "清零")),
        *(("loss", "损失"), ("accuracy", "准确率"), ("accumulate", "累积")),
        *(("clip", "裁剪"), ("mini-batch", "小批量"), ("leaf tensor", "叶子张量")),
        *(("tensor", "张量"), ("in-place", "原地"), ("training loop", "训练循环")),
        *(("data set", "数据集"), ("data set", "数据")),
    ]
)
RULES = Rules(GLOSSARY)


def found(
    msgid: str, msgstr: str, syntax: Syntax = "rest", comment: str = ""
) -> list[str]:
    """Return the checks that find something."""
    faults = problems(msgid, msgstr, RULES, syntax=syntax, comment=comment)
    return [fault.check for fault in faults]


GOOD = [
    ("One line.", "一行。"),
    ("Call ``step`` now.", "现在调用 ``step``。"),
    ("Call ``step``; it steps.", "调用 ``step``，``step`` 就走一步。"),
    ("``a`` of ``b``", "``b`` 的 ``a``"),
    ("See `the docs <https://x.org>`__.", "见\\ `文档 <https://x.org>`__。"),
    ("The `docs <https://x.org>`__ say", "这份\\ `文档 <https://x.org>`__\\ 说"),
    ("See :ref:`label`.", "见 :ref:`label`。"),
    (":ref:`These words <label>` say", ":ref:`这几个字 <label>`\\ 说"),
    ("See :ref:`label`.", "见\\ :ref:`这里 <label>`。"),
    ("The :math:`x_i` here", "这里的 :math:`x_i`"),
    ("As said [1]_.", "如前所述 [1]_。"),
    ("Version |release| is new.", "版本 |release| 是新的。"),
    ("It is *lower* and **right**.", "它\\ *更低*\\ ，而且\\ **正确**\\ 。"),
    ("{count} of %(total)s", "%(total)s 之 {count}"),
    ("About 10 % of them", "约 10% 的样本"),
    ("PyTorch 2.0: 1,000 points in 3.5 s", "PyTorch 2.0：3.5 s 内 1,000 个点"),
    ("Like this::", "像这样： ::"),
    ("`The Parameters <https://x.org>`__", "`The Parameters <https://x.org>`__"),
    ("Step 1. Load", "步骤 1. 加载"),
    ("After ``backward()`` (once)", "在 ``backward()`` 之后（一次）"),
    ("A ratio of 3:1 is best.", "比例 3:1 最好。"),
    ("Term : kind", "术语 : 类别"),
    ("In the 1st place", "1\\. 在先"),
    ("The suffix .grad is", "后缀 .grad 是"),
    ('It is "clear".', "它是“清楚的”。"),
    ("Clear -- or not.", "清零——或者不清零。"),
]


@pytest.mark.parametrize(("msgid", "msgstr"), GOOD)
def test_good_translations(msgid: str, msgstr: str) -> None:
    assert problems(msgid, msgstr, RULES) == []


BAD = [
    ("literals", "Call ``step``.", "调用。"),
    ("literals", "Call ``step``.", "调用 ``Step``。"),
    ("literals", "Call it.", "调用 ``it``。"),
    ("literals", "``a``, ``b``, ``a``", "``a``、``b``"),
    ("literals", "Call ``step``.", "调用 step。"),
    ("literals", "Call ``step`` now", "调用``step``吧"),
    ("links", "See `docs <https://x.org>`__.", "见文档。"),
    ("links", "See `docs <https://x.org>`__.", "见\\ `文档 <https://y.org>`__。"),
    ("links", "See docs_.", "见文档。"),
    ("links", "See https://x.org", "见 https://y.org"),
    ("roles", "See :ref:`label`.", "见 label。"),
    ("roles", "See :ref:`label`.", "见 :ref:`标签`。"),
    ("roles", ":ref:`a <b>` c", ":ref:`a <d>` c"),
    ("roles", "See :ref:`label`.", "见 :doc:`label`。"),
    ("footnotes", "As said [1]_.", "如前所述。"),
    ("footnotes", "As said [1]_.", "如前所述 [2]_。"),
    ("placeholders", "{count} steps", "几步"),
    ("placeholders", "{count} steps", "{计数} 步"),
    ("placeholders", "%s steps", "%d 步"),
    ("placeholders", "Version |release|", "版本"),
    ("emphasis", "It is *lower*.", "它更低。"),
    ("emphasis", "It is *lower*.", "它\\ **更低**\\ 。"),
    ("rest", "It is lower.", "它 *更低。"),
    ("rest", "It is lower.", "它 ``更低。"),
    ("rest", "It is lower.", "- 更低。"),
    ("rest", "It is lower.", ".. note:: 更低。"),
    ("rest", "It is lower.", ".. plot:: 更低。"),
    ("rest", "It is lower.", "它\n\n更低。"),
    ("rest", "It is lower.", "它\n更低。"),
    ("rest", "Like this::", "像这样："),
    ("rest", "Like this:", "像这样： ::"),
    ("rest", "Title", "----"),
    ("rest", "Title", "="),
    ("rest", "Title", "/0"),
    ("glossary", "A gradient.", "一个斜率。"),
    ("typography", "So, yes", "所以,是的"),
    ("typography", "SGD, yes", "SGD, 是的"),
    ("typography", "One.", "一."),
    ("typography", "Call ``x``.", "调用 ``x``."),
    ("typography", "One. Two.", "一. 二。"),
    ("typography", "Note: yes", "注意: 是"),
    ("typography", "Like this::", "像这样::"),
    ("typography", "And so on...", "等等..."),
    ("typography", "Yes (no) yes", "是 (否) 是"),
    ("typography", 'A "x" b', '甲"x"乙'),
    ("typography", "Use SGD here", "用SGD 这里"),
    ("typography", "In 20 epochs", "在 20轮"),
    ("typography", "Call ``x``", "调用\\ ``x``"),
    ("typography", "10 % of", "10%的"),
    ("typography", "So, yes", "所以， 是的"),
    ("typography", "Call ``x``.", "调用 ``x`` 。"),
]


@pytest.mark.parametrize(("check", "msgid", "msgstr"), BAD)
def test_bad_translations(check: str, msgid: str, msgstr: str) -> None:
    assert check in found(msgid, msgstr)
    off = f"check: {check} off: this once"
    assert check not in found(msgid, msgstr, "rest", off)


def test_what_a_problem_says() -> None:
    assert problems("Call ``step`` of a gradient.", "调用``grad``, 是的。", RULES) == [
        Problem("literals", "``step`` is lost"),
        Problem("glossary", '"gradient" is "梯度"'),
        Problem("typography", "half-width punctuation: grad``, 是的。"),
    ]
    fault = problems("It is lower.", "它 *更低。", RULES)[0]
    start = "Inline emphasis start-string without end-string. Where no space may follow"
    assert fault.text.startswith(start)


def test_another_language_has_no_rules_for_chinese() -> None:
    assert problems("So, yes", "はい,そう", Rules(is_chinese=False)) == []


# Other syntaxes ----------------------------------------------------------------------

OTHERS: list[tuple[Syntax, str, str, list[str]]] = [
    ("text", "2 * 3 * 4 and _x_", "2 * 3 * 4 和 _x_", []),
    ("text", "calls `step`", "调用", ["literals"]),
    ("text", "calls `step`", "调用 `step`", []),
    ("text", "see https://x.org", "见", ["links"]),
    ("text", "One:\n- two", "一：\n- 二", []),
    ("text", "the loss", "代价", ["glossary"]),
    ("text", "yes, no", "是,否", ["typography"]),
    ("text", "{n} steps", "步", ["placeholders"]),
    (
        "markdown",
        "`a` and [b](c.md) {ref}`d` [^e]",
        "`a` 和 [乙](c.md) {ref}`d` [^e]",
        [],
    ),
    ("markdown", "calls `step`", "调用", ["literals"]),
    ("markdown", "[b](c.md)", "[乙](d.md)", ["links"]),
    ("markdown", "<https://x.org>", "链接", ["links"]),
    ("markdown", "{ref}`d`", "{doc}`d`", ["roles"]),
    ("markdown", "As said.[^e]", "如前所述。", ["footnotes"]),
    ("markdown", "Use `x`.", "用`x`。", ["typography"]),
    ("markdown", "In the 1st place", "1. 在先", ["markdown"]),
    ("markdown", "In the 1st place", "1\\. 在先", []),
    ("markdown", "One.", "一。\n\n二。", ["markdown"]),
    ("markdown", "More", "> 更多", ["markdown"]),
    ("markdown", "Clear *now*.", "*现在*清零。", []),
    ("markdown", "Clear *now*.", "现在清零。", ["emphasis"]),
    ("markdown", "**Clear.** Then", "**清零。**然后", ["emphasis"]),
]


@pytest.mark.parametrize(("syntax", "msgid", "msgstr", "expected"), OTHERS)
def test_other_syntaxes(
    syntax: Syntax, msgid: str, msgstr: str, expected: list[str]
) -> None:
    assert found(msgid, msgstr, syntax) == expected


COMMENTS = [
    ("check: typography off: a title in English", []),
    ("by me\ncheck: typography off: a name\nmore", []),
    ("check: links off: dead", ["typography"]),
    ("check: typography off", ["comment", "typography"]),
    ("check: typography off:  ", ["comment", "typography"]),
    ("check: spelling off: mine", ["comment", "typography"]),
    ("please check: typography", ["typography"]),
]


@pytest.mark.parametrize(("comment", "expected"), COMMENTS)
def test_a_check_is_switched_off_with_a_reason(
    comment: str, expected: list[str]
) -> None:
    assert found("So, yes", "所以,是的", comment=comment) == expected


# The glossary ------------------------------------------------------------------------

TERMS = [
    ("Two gradients", "两个斜率", ["gradient"]),
    ("Both accuracies", "两个精度", ["accuracy"]),
    ("Both losses", "两个代价", ["loss"]),
    ("Accumulating and clipped", "累加，剪切", ["accumulate", "clip"]),
    ("Zeroing out", "归零", ["zero out"]),
    ("GRADIENT", "斜率", ["gradient"]),
    ("Minibatches", "一批", ["mini-batch"]),
    ("A leaf tensor", "叶节点张量", ["leaf tensor"]),
    ("A leaf tensor", "叶子张量", []),
    ("Gradiently lossless", "无", []),
    ("zero_gradient of-loss", "无", []),
    (
        "The ``loss`` and `gradient <https://x.org/loss>`__",
        "``loss`` 和\\ `梯度 <https://x.org/loss>`__",
        [],
    ),
    ("A data set", "一份数据", []),
    ("A data set", "一套资料", ["data set"]),
    ("A training  loop", "训练过程", ["training loop"]),
]


@pytest.mark.parametrize(("msgid", "msgstr", "terms"), TERMS)
def test_terms(msgid: str, msgstr: str, terms: list[str]) -> None:
    said = [p.text for p in problems(msgid, msgstr, RULES) if p.check == "glossary"]
    assert sorted(text.split('"')[1] for text in said) == sorted(terms)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_glossary_from_a_file(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "glossary.csv"
    path.write_text('english,japanese\nloss,损失\n"a, b",甲\n', encoding)
    assert list(Glossary.load(path).problems("a loss", "x")) == ['"loss" is "损失"']


GLOSSARIES = [
    ("loss,损失\n".encode(), 1),
    (b"", 1),
    (b"\nloss,x\n", 1),
    (b"english\nloss\n", 1),
    ("english,chinese\nloss,损失\ngradient,\n".encode(), 3),
    ("english,chinese\nloss,损失,x\n".encode(), 2),
    ("english,chinese\nloss,损失\n".encode("gbk"), 2),
]


@pytest.mark.parametrize(("content", "line"), GLOSSARIES)
def test_broken_glossaries(tmp_path: Path, content: bytes, line: int) -> None:
    path = tmp_path / "glossary.csv"
    path.write_bytes(content)
    with pytest.raises(GlossaryError, match=f"^{path}:{line}: "):
        Glossary.load(path)


# With any text -----------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(sentence)
def test_a_message_is_a_good_translation_of_itself(text: str) -> None:
    assert problems(text, text, Rules(is_chinese=False)) == []


@settings(deadline=None, max_examples=40)
@given(st.text(), st.text(min_size=1), st.sampled_from(["rest", "markdown", "text"]))
def test_any_text_can_be_checked(msgid: str, msgstr: str, syntax: Syntax) -> None:
    assert set(found(msgid, msgstr, syntax)) <= set(CHECKS)


def test_real_messages_are_good_translations_of_themselves() -> None:
    rules = Rules(is_chinese=False)
    for path in SOURCES:
        for piece in segments(path.read_text("utf-8"), kind_of(path)):
            if piece.message:
                text, syntax = piece.message.text, piece.message.form.syntax
                assert problems(text, text, rules, syntax=syntax) == [], path
