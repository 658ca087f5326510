"""Two recordings are equal if a reader would learn the same from both."""

import base64
import re
import struct
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.comparison.tolerant_diff import compare_text
from recordings.comparison.verify import Rules, SettingError, compare
from recordings.model import FILE, CodeBlock, Ingredients, Output, Recording, Run

RECIPE = "recipes/first.py"

# Left as recorded, right as run again.
EQUAL = {
    "the same": ("loss 0.5", "loss 0.5"),
    "within 5 %": ("loss 0.5231", "loss 0.5283"),
    "at 5 %": ("1.00", "1.05"),
    "a negative number": ("-2.000", "-2.090"),
    "an integer": ("8123 of 10000 are right", "8204 of 10000 are right"),
    "groups of digits": ("60,000 and 60_000", "59,998 and 60_001"),
    "an exponent": ("1.234e+10 1E5", "1.235e+10 1.01E5"),
    "two notations": ("0.00012", "1.21e-4"),
    "a unit": ("0.520s", "0.521s"),
    "no trailing digit": ("tensor([1., 2.])", "tensor([1.0010, 2.0000])"),
    "another script around it": ("loss损失0.520完", "loss损失0.521完"),
    "one in the last place": ("loss 0.01", "loss 0.02"),
    "one in the last place at zero": ("-0.00", "0.01"),
    "rounding errors": ("largest difference 1.2e-12", "largest difference -3.1e-08"),
    "a rounding error and zero": ("0.0", "5.9e-08"),
    "not a number": ("loss nan, -inf", "loss NaN, -Infinity"),
    "wider columns": ("loss   9.95 |", "loss  10.05 |"),
    "a sign in a column": ("[ 0.001, 0.500]", "[-0.000,  0.501]"),
    "wider ruled lines": ("-----  ====", "---    ======="),
    "spaces and newlines at the end": ("done  \n", "done\n\n"),
    "another address": ("<Net at 0x7f3c52d1a0b0>", "<Net at 0x7FE0114a9d30>"),
    "a long text": ("step 1\n" * 1000, "step 1 \n" * 1000),
}
UNEQUAL = {
    "a loss changed by 10 %": ("loss 0.5231", "loss 0.5754"),
    "just above 5 %": ("1.000", "1.051"),
    "two in the last place": ("loss 0.01", "loss 0.03"),
    "one in an integer": ("epoch 3", "epoch 4"),
    "one in a number without decimals": ("1.", "2."),
    "another sign": ("slope 0.5", "slope -0.5"),
    "another exponent": ("1.0e-03", "1.0e-04"),
    "just not negligible": ("9e-07", "1e-06"),
    "not a number any more": ("loss 0.5", "loss nan"),
    "not infinite": ("loss inf", "loss nan"),
    "the second number": ("1 2.0 3", "1 2.2 3"),
    "minus for a sign": ("3-4", "3 -4"),
    "another unit": ("1.0 ms", "1.0 s"),
    "a word": ("loss 0.5", "cost 0.5"),
    "upper case": ("loss 0.5", "Loss 0.5"),
    "no space": ("a loss", "aloss"),
    "indented": ("if:\n  x", "if:\nx"),
    "a number in a name": ("conv100.weight", "conv101.weight"),
    "a number in a dotted name": ("layer.100.weight", "layer.101.weight"),
    "a version": ("2.14.100+cpu", "2.14.101+cpu"),
    "a short hexadecimal": ("0xff", "0xfe"),
    "a line more": ("a\nb", "a\nx\nb"),
    "a line less": ("a\nx\nb", "a\nb"),
    "one of many lines": (
        "step 1.0\n" * 1000,
        "step 1.0\n" * 700 + "step 9.0\n" + "step 1.0\n" * 299,
    ),
    "a line more than many": ("step 1.0\n" * 1000, "step 1.0\n" * 1001),
    "a zero byte for a number": ("a \0", "a 1"),
}
SAME_SHAPE = {
    "a time": ("took 1.52 s", "took 12.9 s"),
    "another unit": ("1.52 s, 12 KiB, 3us ± 2ms", "900 ms, 1.1 MiB, 3.0 s ± 20 µs"),
    "a count": ("100 steps a second", "7 steps a second"),
    "a diverging run": ("loss 269.5, -3.0e+20", "loss nan, inf"),
    "a table": ("----\nSelf CPU\n 1.2ms 3%", "--------\nSelf CPU\n90.1us 40.25%"),
    "nothing": ("", "\n"),
}
OTHER_SHAPE = {
    "a word": ("took 1 s", "lost 1 s"),
    "a unit without a number": ("in ms 1", "in us 1"),
    "a word that begins like a unit": ("1 sat", "1 hat"),
    "a line more": ("took 1 s", "took 1 s\ntook 2 s"),
    "a number more": ("losses 1 2", "losses 1 2 3"),
    "no number": ("loss 1", "loss none"),
    "a name": ("conv1 3 ms", "conv2 3 ms"),
}


def printed(text: str) -> Output:
    return {"output_type": "stream", "name": "stdout", "text": text}


def shown(kind: str, content: object, output_type: str = "display_data") -> Output:
    return {"output_type": output_type, "data": {kind: content}, "metadata": {}}


def error(name: str, value: str) -> Output:
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": [name]}


def svg(width: str, height: str, more: str = "") -> Output:
    head = '<?xml version="1.0"?>\n<!-- made by a program -->\n'
    tag = f'<svg width="{width}"\n height="{height}" {more}>'
    return shown("image/svg+xml", f"{head}{tag}<rect width='1'/></svg>")


def png(width: int, height: int) -> Output:
    header = struct.pack(">8s4x4sII", b"\x89PNG\r\n\x1a\n", b"IHDR", width, height)
    content = base64.encodebytes(header + bytes(100)).decode()
    return shown("image/png", content)


def film(name: str, content: str) -> Output:
    return {**shown(FILE, content), "metadata": {"file": name}}


def recording(*blocks: list[Output], lines: tuple[int, ...] | None = None) -> Recording:
    ingredients = Ingredients(tuple("abc"[: len(blocks)]), lines=lines)
    code = tuple(CodeBlock("print()", tuple(outputs)) for outputs in blocks)
    run = Run("2026-01-01T00:00:00Z", 1.0, 1)
    return Recording(RECIPE, "key", ingredients, run, code)


def texts(
    old: list[Output], new: list[Output], *, shape: bool = False, **options: Any
) -> list[str]:
    """Compare two recordings of one block; return what differs."""
    own = [{"compare_block": "shape"}] if shape else []
    rules = Rules(block_settings=own, **options)
    return compare(recording(old), recording(new), rules)


@pytest.mark.parametrize(("old", "new"), EQUAL.values(), ids=EQUAL)
def test_equal_texts(old: str, new: str) -> None:
    assert texts([printed(old)], [printed(new)]) == []


@pytest.mark.parametrize(("old", "new"), UNEQUAL.values(), ids=UNEQUAL)
def test_unequal_texts(old: str, new: str) -> None:
    [text] = texts([printed(old)], [printed(new)])
    assert text.startswith(f"{RECIPE}, block 1:\n  printed:\n")


@pytest.mark.parametrize(("old", "new"), SAME_SHAPE.values(), ids=SAME_SHAPE)
def test_texts_of_one_shape(old: str, new: str) -> None:
    assert texts([printed(old)], [printed(new)], shape=True) == []


@pytest.mark.parametrize(("old", "new"), OTHER_SHAPE.values(), ids=OTHER_SHAPE)
def test_texts_of_another_shape(old: str, new: str) -> None:
    assert len(texts([printed(old)], [printed(new)], shape=True)) == 1


@pytest.mark.parametrize(
    ("old", "new", "equal"),
    [
        ([svg("432pt", "288pt")], [svg("433.5pt", "288pt")], True),
        ([svg("432pt", "288pt")], [svg("442pt", "288pt")], False),
        ([svg("432pt", "288pt")], [svg("432pt", "299pt")], False),
        ([svg("432pt", "288pt")], [svg("432px", "288px")], False),
        (
            [svg("4", "3", "viewBox='0 0 4 3'")],
            [svg("4", "3", "viewBox='0 0 5 3'")],
            False,
        ),
        (
            [svg("4", "3", "viewBox='0 0 4 3'")],
            [svg("4", "3", "viewBox='0 0 4 3'")],
            True,
        ),
        ([svg("4", "3")], [svg("4", "3", "stroke-width='9'")], True),
        ([svg("4", "3")], [svg("4", "3", "><rect width='9'/")], True),
        ([svg("4", "3")] * 2, [svg("4", "3")], False),
        ([svg("4", "3"), svg("8", "6")], [svg("8", "6"), svg("4", "3")], False),
        ([png(640, 480)], [png(644, 477)], True),
        ([png(640, 480)], [png(660, 480)], False),
        ([png(640, 480)], [png(640, 495)], False),
        ([png(640, 480)], [svg("640", "480")], False),
        ([film("{page}001.mp4", "AA==")], [film("{page}001.mp4", "AB==")], True),
        ([film("{page}001.mp4", "AA==")], [film("{page}001.ogv", "AA==")], False),
        ([film("{page}001.mp4", "AA==")], [], False),
        ([png(640, 480)], [shown("image/png", "é no picture")], False),
        ([png(640, 480)], [shown("image/png", "QUJD" * 20)], False),
        ([shown("image/png", "QUJD" * 20)], [shown("image/png", "REVG" * 20)], True),
        ([shown("image/jpeg", "QUJD")], [shown("image/jpeg", "REVG")], True),
        ([shown("image/svg+xml", "broken")], [shown("image/svg+xml", "bro")], True),
        ([], [png(1, 1)], False),
        (
            [shown("text/html", "<td>0.520</td>", "execute_result")],
            [shown("text/html", "<td>0.521</td>", "execute_result")],
            True,
        ),
        (
            [shown("text/html", "<td>0.520</td>", "execute_result")],
            [shown("text/html", "<th>0.520</th>", "execute_result")],
            False,
        ),
        (
            [shown("application/json", {"loss": 0.520, "a": [1]})],
            [shown("application/json", {"a": [1], "loss": 0.521})],
            True,
        ),
        (
            [shown("application/json", {"loss": 0.5})],
            [shown("application/json", {"loss": 0.6})],
            True,  # one in the last place
        ),
        ([shown("application/json", [5])], [shown("application/json", [6])], False),
        ([error("ValueError", "3.10")], [error("ValueError", "3.11")], True),
        ([error("ValueError", "no")], [error("TypeError", "no")], False),
        ([error("ValueError", "no")], [error("ValueError", "yes")], False),
        ([error("ValueError", "no")], [printed("ValueError: no")], False),
        ([printed("a\nb\n")], [printed("a\n"), printed("b\n")], True),
        ([printed("a\nb\n")], [{**printed(""), "text": ["a\n", "b\n"]}], True),
        ([printed("a")], [{**printed("a"), "name": "stderr"}], True),
    ],
)
@pytest.mark.parametrize("shape", [False, True])
def test_outputs(
    old: list[Output], new: list[Output], *, equal: bool, shape: bool
) -> None:
    numbers_only = old == [shown("application/json", [5])]
    assert (texts(old, new, shape=shape) == []) == (equal or (shape and numbers_only))


@pytest.mark.parametrize(
    ("options", "equal"),
    [
        ({}, False),
        ({"tolerance": 0.1}, True),
        ({"tolerance": 0.09}, False),
        ({"tolerance": 0.09, "settings": {"tolerance": 0.1}}, True),
        ({"tolerance": 0.1, "settings": {"tolerance": 0}}, False),
        ({"settings": {"tolerance_block": 0.1, "compare_block": "shape"}}, False),
        ({"block_settings": [{"tolerance_block": 0.1}]}, True),
        ({"block_settings": [{"tolerance": 0.1}]}, False),
        ({"block_settings": [{"compare_block": "shape"}]}, True),
        ({"block_settings": [{}, {"tolerance_block": 0.1}]}, False),
        (
            {
                "settings": {"tolerance": 0.1},
                "block_settings": [{"tolerance_block": 0.01}],
            },
            False,
        ),
    ],
)
def test_the_nearest_setting_holds(options: dict[str, Any], *, equal: bool) -> None:
    old, new = recording([printed("loss 1.00")]), recording([printed("loss 1.10")])
    assert (compare(old, new, Rules(**options)) == []) == equal


@pytest.mark.parametrize("value", [-0.1, 1, float("nan"), False, "0.1", None])
def test_an_invalid_tolerance_is_named(value: object) -> None:
    one = recording([], [])
    reason = rf"tolerance must be a number from 0 to below 1, .* not {value!r}"
    with pytest.raises(SettingError, match=rf"^{RECIPE}: sphinx_gallery_{reason}"):
        compare(one, one, Rules(settings={"tolerance": value}))
    reason = reason.replace("tolerance", "tolerance_block", 1)
    place = f"{RECIPE}, block 2"
    with pytest.raises(SettingError, match=rf"^{place}: sphinx_gallery_{reason}"):
        compare(one, one, Rules(block_settings=[{}, {"tolerance_block": value}]))


def test_an_invalid_way_to_compare_is_named() -> None:
    one = recording([])
    with pytest.raises(SettingError, match=r'block 1: .* must be "shape", not .form'):
        compare(one, one, Rules(block_settings=[{"compare_block": "form"}]))
    with pytest.raises(SettingError, match="cannot be set for a whole recipe"):
        compare(one, one, Rules(settings={"compare": "shape"}))


def test_only_outputs_are_compared() -> None:
    old = recording([printed("a")])
    new = replace(
        old,
        key="another",
        run=Run("2027-01-01T00:00:00Z", 99.0, 8, gpu="another"),
        blocks=tuple(
            replace(block, source="print()  # a comment", seconds=9.0)
            for block in old.blocks
        ),
    )
    assert compare(old, new, Rules()) == []


def test_another_number_of_blocks_is_a_difference() -> None:
    old, new = recording([]), recording([], [])
    text = f"{RECIPE}: the recording has {{}} code blocks, the recipe now {{}}"
    assert compare(old, new, Rules()) == [text.format(1, 2)]
    assert compare(new, old, Rules()) == [text.format(2, 1)]


def test_a_difference_says_where_and_what() -> None:
    text = "start\nepoch 1  loss 1.00\n" + "same\n" * 9 + "last 5\nend"
    old = [printed(text), png(4, 4)]
    new = [printed(text.replace("1.00", "1.10").replace("5", "nan"))]
    same = [printed("same")]
    assert compare(
        recording(same, old, same), recording(same, new, [], lines=(4, 9, 20)), Rules()
    ) == [
        """\
recipes/first.py, block 2, line 9:
  printed:
  - epoch 1  loss 1.00
  + epoch 1  loss 1.10
  ? 1.00 is now 1.10: 10 % off, 5 % allowed
  - last 5
  + last nan
  ? 5 is now nan
  figures:
  - image/png, height 4, width 4""",
        """\
recipes/first.py, block 3, line 20:
  printed:
  - same""",
    ]


def test_a_long_line_is_shown_where_it_differs() -> None:
    old, new = ("x" * 1000 + middle + "y" * 1000 for middle in ("old", "new"))
    minus, plus = compare_text(old, new, Decimal(0))
    assert re.fullmatch(r"- …x{40}oldy{77}…", minus)
    assert re.fullmatch(r"\+ …x{40}newy{77}…", plus)


def test_a_long_diff_is_cut() -> None:
    old, new = ("".join(f"{word} {i}\n" for i in range(500)) for word in ("a", "b"))
    rows = compare_text(old, new, Decimal(0))
    assert rows == [
        *(f"- a {i}" for i in range(19)),
        "- … and 481 more lines",
        *(f"+ b {i}" for i in range(19)),
        "+ … and 481 more lines",
    ]


def test_a_diff_of_many_numbers_is_cut() -> None:
    old, new = ("".join(f"a\n{i}\n" for i in range(x, x + 50)) for x in (100, 200))
    rows = compare_text(old, new, Decimal(0))
    assert rows[:3] == ["- 100", "+ 200", "? 100 is now 200: 100 % off"]
    assert len(rows) == 41
    assert rows[-1] == "… and 110 more lines"


PIECES = [*"lossnaif019,._e-+% \n\0", "nan", "inf", "0x", "2.14.1"]
OUTPUTS = st.one_of(
    st.text().map(printed),
    st.lists(st.sampled_from(PIECES)).map("".join).map(printed),
    st.text().map(lambda text: shown("text/html", text)),
    st.text().map(lambda text: shown("image/svg+xml", text)),
    st.text().map(lambda text: shown("image/png", text)),
    st.builds(svg, st.text(), st.text()),
    st.builds(png, st.integers(0, 9999), st.integers(0, 9999)),
    st.builds(error, st.text(), st.text()),
)
fast = settings(deadline=None, database=None, max_examples=50)


@fast
@given(st.lists(st.lists(OUTPUTS, max_size=4), max_size=4), st.booleans())
def test_a_recording_equals_itself(
    blocks: list[list[Output]],
    shape: bool,  # noqa: FBT001
) -> None:
    own = [{"compare_block": "shape"}] * len(blocks) if shape else []
    one = recording(*blocks)
    assert compare(one, one, Rules(tolerance=0, block_settings=own)) == []


LETTERS = st.text("abc .:=[]")
NUMBERS = st.decimals("0.01", "9999", places=4, allow_nan=False)


@fast
@given(st.lists(st.tuples(LETTERS, NUMBERS), min_size=1), st.data())
def test_any_number_may_change_a_little_and_none_much(
    parts: list[tuple[str, Decimal]], data: st.DataObject
) -> None:
    changed = data.draw(st.integers(0, len(parts) - 1))

    def text(factor: str) -> str:
        numbers = [number for _, number in parts]
        numbers[changed] *= Decimal(factor)
        # A space keeps the letters from making a name with the digits.
        pairs = zip(parts, numbers, strict=True)
        return "".join(f"{letters} {number:.4f} " for (letters, _), number in pairs)

    assert texts([printed(text("1"))], [printed(text("1.04"))]) == []
    assert texts([printed(text("1"))], [printed(text("1.10"))]) != []
    assert texts([printed(text("1"))], [printed(text("1.10"))], shape=True) == []
