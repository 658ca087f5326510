"""The checks of a translation find what is wrong, and nothing else."""

# ruff: noqa: RUF001 - full-width punctuation is what Chinese is written with

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recipe_texts import sentence
from test_messages import RECIPES, kind_of

from translation.checks.checks import CHECKS, Problem, Rules, problems
from translation.checks.glossary import Glossary, GlossaryError
from translation.messages.segments import segments

if TYPE_CHECKING:
    from pathlib import Path

    from translation.checks.markup import Syntax

GLOSSARY = Glossary(
    [
        ("recipe", "秘籍"),
        ("gradient", "梯度"),
        ("zero out", "清零"),
        ("loss", "损失"),
        ("accuracy", "准确率"),
        ("accumulate", "累积"),
        ("clip", "裁剪"),
        ("mini-batch", "小批量"),
        ("leaf tensor", "叶子张量"),
        ("tensor", "张量"),
        ("in-place", "原地"),
        ("training loop", "训练循环"),
        ("data set", "数据集"),
        ("data set", "数据"),
    ]
)
RULES = Rules(GLOSSARY)


def found(
    msgid: str, msgstr: str, syntax: Syntax = "rest", comment: str = ""
) -> list[str]:
    """Name the checks that find something."""
    return [
        p.check for p in problems(msgid, msgstr, RULES, syntax=syntax, comment=comment)
    ]


GOOD = {
    "words": ("One line.", "一行。"),
    "a literal": ("Call ``step`` now.", "现在调用 ``step``。"),
    "a literal twice": (
        "Call ``step``; it steps.",
        "调用 ``step``，``step`` 就走一步。",
    ),
    "literals in another order": ("``a`` of ``b``", "``b`` 的 ``a``"),
    "a link": ("See `the docs <https://x.org>`__.", "见\\ `文档 <https://x.org>`__。"),
    "a link within Chinese": (
        "The `docs <https://x.org>`__ say",
        "这份\\ `文档 <https://x.org>`__\\ 说",
    ),
    "a role": ("See :ref:`label`.", "见 :ref:`label`。"),
    "a role with words": (
        ":ref:`These words <label>` say",
        ":ref:`这几个字 <label>`\\ 说",
    ),
    "a role that gets words": ("See :ref:`label`.", "见\\ :ref:`这里 <label>`。"),
    "a formula": ("The :math:`x_i` here", "这里的 :math:`x_i`"),
    "a footnote": ("As said [1]_.", "如前所述 [1]_。"),
    "a substitution": ("Version |release| is new.", "版本 |release| 是新的。"),
    "stress": ("It is *lower* and **right**.", "它\\ *更低*\\ ，而且\\ **正确**\\ 。"),
    "a placeholder": ("{count} of %(total)s", "%(total)s 之 {count}"),
    "a percentage": ("About 10 % of them", "约 10% 的样本"),
    "numbers": (
        "PyTorch 2.0: 1,000 points in 3.5 s",
        "PyTorch 2.0：3.5 s 内 1,000 个点",
    ),
    "before a literal block": ("Like this::", "像这样： ::"),
    "English names": (
        "`Optimizing Parameters <https://x.org>`__",
        "`Optimizing Parameters <https://x.org>`__",
    ),
    "a number of a step": ("Step 1. Load", "步骤 1. 加载"),
    "parentheses of a call": (
        "After ``backward()`` (once)",
        "在 ``backward()`` 之后（一次）",
    ),
    "a colon in a ratio": ("A ratio of 3:1 is best.", "比例 3:1 最好。"),
    "a term": ("Term : kind", "术语 : 类别"),
    "an escaped item": ("In the 1st place", "1\\. 在先"),
    "code in words": ("The suffix .grad is", "后缀 .grad 是"),
    "quotation marks": ('It is "clear".', "它是“清楚的”。"),
    "a dash": ("Clear -- or not.", "清零——或者不清零。"),
}


@pytest.mark.parametrize(("msgid", "msgstr"), GOOD.values(), ids=GOOD)
def test_good_translations(msgid: str, msgstr: str) -> None:
    assert problems(msgid, msgstr, RULES) == []


BAD = {
    "a lost literal": ("Call ``step``.", "调用。", "literals"),
    "a changed literal": ("Call ``step``.", "调用 ``Step``。", "literals"),
    "a new literal": ("Call it.", "调用 ``it``。", "literals"),
    "one of two literals": ("``a``, ``b``, ``a``", "``a``、``b``", "literals"),
    "a literal without marks": ("Call ``step``.", "调用 step。", "literals"),
    "a lost link": ("See `docs <https://x.org>`__.", "见文档。", "links"),
    "another link": (
        "See `docs <https://x.org>`__.",
        "见\\ `文档 <https://y.org>`__。",
        "links",
    ),
    "a link to a name": ("See docs_.", "见文档。", "links"),
    "a bare link": ("See https://x.org", "见 https://y.org", "links"),
    "a lost role": ("See :ref:`label`.", "见 label。", "roles"),
    "another target": ("See :ref:`label`.", "见 :ref:`标签`。", "roles"),
    "another target with words": (":ref:`a <b>` c", ":ref:`a <d>` c", "roles"),
    "another role": ("See :ref:`label`.", "见 :doc:`label`。", "roles"),
    "a lost footnote": ("As said [1]_.", "如前所述。", "footnotes"),
    "another footnote": ("As said [1]_.", "如前所述 [2]_。", "footnotes"),
    "a lost placeholder": ("{count} steps", "几步", "placeholders"),
    "a translated placeholder": ("{count} steps", "{计数} 步", "placeholders"),
    "another placeholder": ("%s steps", "%d 步", "placeholders"),
    "a lost substitution": ("Version |release|", "版本", "placeholders"),
    "lost stress": ("It is *lower*.", "它更低。", "emphasis"),
    "other stress": ("It is *lower*.", "它\\ **更低**\\ 。", "emphasis"),
    "an open mark": ("It is lower.", "它 *更低。", "rest"),
    "an open literal": ("It is lower.", "它 ``更低。", "rest"),
    "a mark with no space": ("Call ``step`` now", "调用``step``吧", "literals"),
    "a list": ("It is lower.", "- 更低。", "rest"),
    "a directive": ("It is lower.", ".. note:: 更低。", "rest"),
    "two paragraphs": ("It is lower.", "它\n\n更低。", "rest"),
    "a line break": ("It is lower.", "它\n更低。", "rest"),
    "no literal block": ("Like this::", "像这样：", "rest"),
    "a new literal block": ("Like this:", "像这样： ::", "rest"),
    "a rule": ("Title", "----", "rest"),
    "a short rule": ("Title", "=", "rest"),
    "an option": ("Title", "/0", "rest"),
    "a word of the glossary": ("A gradient.", "一个斜率。", "glossary"),
    "half-width comma": ("So, yes", "所以,是的", "typography"),
    "half-width comma after Latin": ("SGD, yes", "SGD, 是的", "typography"),
    "half-width stop": ("One.", "一.", "typography"),
    "half-width stop after a literal": ("Call ``x``.", "调用 ``x``.", "typography"),
    "half-width stop within": ("One. Two.", "一. 二。", "typography"),
    "half-width colon": ("Note: yes", "注意: 是", "typography"),
    "half-width colon at the end": ("Like this::", "像这样::", "typography"),
    "three dots": ("And so on...", "等等...", "typography"),
    "half-width parentheses": ("Yes (no) yes", "是 (否) 是", "typography"),
    "half-width quotation": ('A "x" b', '甲"x"乙', "typography"),
    "no space before Latin": ("Use SGD here", "用SGD 这里", "typography"),
    "no space after a number": ("In 20 epochs", "在 20轮", "typography"),
    "no space before a literal": ("Call ``x``", "调用\\ ``x``", "typography"),
    "no space after a percentage": ("10 % of", "10%的", "typography"),
    "a space beside a comma": ("So, yes", "所以， 是的", "typography"),
    "a space before a stop": ("Call ``x``.", "调用 ``x`` 。", "typography"),
}


@pytest.mark.parametrize(("msgid", "msgstr", "check"), BAD.values(), ids=BAD)
def test_bad_translations(msgid: str, msgstr: str, check: str) -> None:
    assert check in found(msgid, msgstr)


def test_what_a_problem_says() -> None:
    assert problems("Call ``step`` of a gradient.", "调用``grad``, 是的。", RULES) == [
        Problem("literals", "``step`` is lost"),
        Problem("glossary", '"gradient" is "梯度"'),
        Problem("typography", "half-width punctuation: grad``, 是的。"),
    ]


def test_what_a_fault_says() -> None:
    (problem, *_) = problems("It is lower.", "它 *更低。", RULES)
    assert problem == Problem(
        "rest", "Inline emphasis start-string without end-string."
    )


def test_another_language_has_no_rules_for_chinese() -> None:
    assert problems("So, yes", "はい,そう", Rules(is_chinese=False)) == []


# Other syntaxes ----------------------------------------------------------------------

TEXT = {
    "stars": ("2 * 3 * 4 and _x_", "2 * 3 * 4 和 _x_", []),
    "a lost literal": ("calls `step`", "调用", ["literals"]),
    "a literal": ("calls `step`", "调用 `step`", []),
    "a lost link": ("see https://x.org", "见", ["links"]),
    "lines": ("One:\n- two", "一：\n- 二", []),
    "a word of the glossary": ("the loss", "代价", ["glossary"]),
    "typography": ("yes, no", "是,否", ["typography"]),
    "a placeholder": ("{n} steps", "步", ["placeholders"]),
}


@pytest.mark.parametrize(("msgid", "msgstr", "expected"), TEXT.values(), ids=TEXT)
def test_comments_and_alternatives(
    msgid: str, msgstr: str, expected: list[str]
) -> None:
    assert found(msgid, msgstr, "text") == expected


MARKDOWN = {
    "as it should be": (
        "`a` and [b](c.md) {ref}`d` [^e]",
        "`a` 和 [乙](c.md) {ref}`d` [^e]",
        [],
    ),
    "a lost literal": ("calls `step`", "调用", ["literals"]),
    "another link": ("[b](c.md)", "[乙](d.md)", ["links", "links"]),
    "a lost link": ("<https://x.org>", "链接", ["links"]),
    "another role": ("{ref}`d`", "{doc}`d`", ["roles", "roles"]),
    "a lost footnote": ("As said.[^e]", "如前所述。", ["footnotes"]),
    "typography": ("Use `x`.", "用`x`。", ["typography"]),
    "a list": ("In the 1st place", "1. 在先", ["markdown"]),
    "an escaped item": ("In the 1st place", "1\\. 在先", []),
    "two paragraphs": ("One.", "一。\n\n二。", ["markdown"]),
    "a quotation": ("More", "> 更多", ["markdown"]),
    "stress": ("Clear *now*.", "*现在*清零。", []),
    "lost stress": ("Clear *now*.", "现在清零。", ["emphasis"]),
    "asterisks that show": ("**Clear.** Then", "**清零。**然后", ["emphasis"]),
}


@pytest.mark.parametrize(
    ("msgid", "msgstr", "expected"), MARKDOWN.values(), ids=MARKDOWN
)
def test_guides(msgid: str, msgstr: str, expected: list[str]) -> None:
    assert found(msgid, msgstr, "markdown") == expected


# Switched off ------------------------------------------------------------------------

COMMENTS = {
    "off": ("check: typography off: a title in English", []),
    "off, among other lines": ("by me\ncheck: typography off: a name\nmore", []),
    "another one off": ("check: links off: dead", ["typography"]),
    "without a reason": ("check: typography off", ["comment", "typography"]),
    "with an empty reason": ("check: typography off:  ", ["comment", "typography"]),
    "of no check": ("check: spelling off: mine", ["comment", "typography"]),
    "another comment": ("please check: typography", ["typography"]),
}


@pytest.mark.parametrize(("comment", "expected"), COMMENTS.values(), ids=COMMENTS)
def test_a_check_is_switched_off_with_a_reason(
    comment: str, expected: list[str]
) -> None:
    assert found("So, yes", "所以,是的", comment=comment) == expected


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_can_be_switched_off(check: str) -> None:
    cases: list[tuple[str, str, str, Syntax]]
    cases = [(*case, "rest") for case in BAD.values()]
    cases.append(("In the 1st place", "1. 在先", "markdown", "markdown"))
    msgid, msgstr, _, syntax = next(case for case in cases if case[2] == check)
    assert check in found(msgid, msgstr, syntax)
    assert check not in found(msgid, msgstr, syntax, f"check: {check} off: this once")


# The glossary ------------------------------------------------------------------------

TERMS = {
    "plural": ("Two gradients", "两个斜率", ["gradient"]),
    "plural of y": ("Both accuracies", "两个精度", ["accuracy"]),
    "plural of s": ("Both losses", "两个代价", ["loss"]),
    "a form of a verb": (
        "Accumulating and clipped",
        "累加，剪切",
        ["accumulate", "clip"],
    ),
    "of the first of two words": ("Zeroing out", "归零", ["zero out"]),
    "a capital": ("GRADIENT", "斜率", ["gradient"]),
    "no hyphen": ("Minibatches", "一批", ["mini-batch"]),
    "the longer term": ("A leaf tensor", "叶节点张量", ["leaf tensor"]),
    "the longer term, right": ("A leaf tensor", "叶子张量", []),
    "within a word": ("Gradiently lossless", "无", []),
    "within a name": ("zero_gradient of-loss", "无", []),
    "within a literal": (
        "The ``loss`` and `gradient <https://x.org/loss>`__",
        "``loss`` 和\\ `梯度 <https://x.org/loss>`__",
        [],
    ),
    "either of two": ("A data set", "一份数据", []),
    "none of two": ("A data set", "一套资料", ["data set"]),
    "over a line end": ("A training  loop", "训练过程", ["training loop"]),
}


@pytest.mark.parametrize(("msgid", "msgstr", "terms"), TERMS.values(), ids=TERMS)
def test_terms(msgid: str, msgstr: str, terms: list[str]) -> None:
    said = [p.text for p in problems(msgid, msgstr, RULES) if p.check == "glossary"]
    assert sorted(text.split('"')[1] for text in said) == sorted(terms)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_glossary_from_a_file(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "glossary.csv"
    path.write_text('english,japanese\nloss,损失\n"a, b",甲\n', encoding)
    assert list(Glossary.load(path).problems("a loss", "x")) == ['"loss" is "损失"']


GLOSSARIES = {
    "no header": ("loss,损失\n".encode(), 1),
    "nothing": (b"", 1),
    "an empty line": (b"\nloss,x\n", 1),
    "one column": (b"english\nloss\n", 1),
    "a gap": ("english,chinese\nloss,损失\ngradient,\n".encode(), 3),
    "three columns": ("english,chinese\nloss,损失,x\n".encode(), 2),
    "another encoding": ("english,chinese\nloss,损失\n".encode("gbk"), 2),
}


@pytest.mark.parametrize(("content", "line"), GLOSSARIES.values(), ids=GLOSSARIES)
def test_broken_glossaries(tmp_path: Path, content: bytes, line: int) -> None:
    path = tmp_path / "glossary.csv"
    path.write_bytes(content)
    with pytest.raises(GlossaryError, match=f"^{path}:{line}: "):
        Glossary.load(path)


# With any text -----------------------------------------------------------------------


@settings(deadline=None)
@given(sentence)
def test_a_message_is_a_good_translation_of_itself(text: str) -> None:
    assert problems(text, text, Rules(is_chinese=False)) == []


@settings(deadline=None)
@given(st.text(), st.text(min_size=1), st.sampled_from(["rest", "markdown", "text"]))
def test_any_text_can_be_checked(msgid: str, msgstr: str, syntax: Syntax) -> None:
    assert {
        p.check for p in problems(msgid, msgstr, RULES, syntax=syntax)
    } <= CHECKS.keys()


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_real_messages_are_good_translations_of_themselves(path: Path) -> None:
    kind = kind_of(path)
    for piece in segments(path.read_text("utf-8"), kind):
        if piece.message:
            text, syntax = piece.message.text, piece.message.form.syntax
            assert problems(text, text, Rules(is_chinese=False), syntax=syntax) == []
