"""Compare two texts line by line: numbers within a tolerance, the rest to the letter.

- A number is an integer, a decimal, one with an exponent or with groups of three digits
  (`60,000`), `nan` or `inf`, with its sign. Digits in a name (`conv2`), in a version of
  three parts (`2.14.1`) or in hexadecimal are letters.
- A number may differ from the recorded one by the tolerance times the recorded one, or
  by one in the last printed decimal place, whichever is more. Two that are both below
  `NEGLIGIBLE` are equal: they are rounding errors. `nan` and `inf` equal themselves.
- Spaces and ruled lines may be longer or shorter, since columns are as wide as their
  numbers. Memory addresses are all equal.
- By shape, numbers and their units may be anything: the same lines of the same words.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from difflib import SequenceMatcher
from os.path import commonprefix
from typing import NamedTuple

NEGLIGIBLE = Decimal("1e-6")
LINES_SHOWN = 40
WIDTH_SHOWN = 120

NUMBER = "\0"
"""Stands for a number in a line's shape."""
TOKEN = re.compile(
    r"""
      (?P<address> 0x[0-9a-f]{6,} )
    | (?P<number>
        (?: (?<![\w)\]]) [+-] )?
        (?: (?<![\w.]) (?: nan | inf | infinity ) (?! [\w.]*\w )
          | (?! \d+(?:\.\d+){2} )
            (?: (?: \d{1,3}(?:,\d{3})+ (?!\d) | \d{1,3}(?:_\d{3})+ (?!\d) | \d+ )
                (?: \.\d* )?
              | \.\d+ )
            (?: e[+-]?\d{1,3} (?!\d) )?
        )
      )
    | (?P<word> [a-z_]\w*(?:\.\w+)* | \d+(?:\.\d+){2}[\w.+-]* )
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,  # other scripts write 损失0.52
)
UNIT = re.compile(
    rf"{NUMBER}(?: [nuµμm]?s | min | h | (?:second|minute|hour|byte)s?"
    r" | [kKMGT]?i?[bB] ) (?!\w) [ ]?",
    re.VERBOSE,
)


class Line(NamedTuple):
    """A line, taken apart."""

    text: str
    shape: str
    """What must be equal to the letter, with `NUMBER` in each number's place."""
    numbers: tuple[str, ...]


def compare_text(recorded: str, again: str, tolerance: Decimal | None) -> list[str]:
    r"""Compare two texts; return the lines of a diff, none if they are equal.

    A tolerance of None compares by shape.

    Examples:
        >>> compare_text("loss   9.95", "loss  10.05", Decimal("0.05"))
        []
        >>> for line in compare_text("loss 1.00", "loss 1.10", Decimal("0.05")):
        ...     print(line)
        - loss 1.00
        + loss 1.10
        ? 1.00 is now 1.10: 10 % off, 5 % allowed
    """
    old, new = (
        [_read(line, by_shape=tolerance is None) for line in _split(text)]
        for text in (recorded, again)
    )
    matcher = SequenceMatcher(None, [x.shape for x in old], [x.shape for x in new])
    rows: list[str] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            rows += _changed(old[a:b], new[c:d])
            continue
        for one, other in zip(old[a:b], new[c:d], strict=True):
            if faults := [*_faults(one, other, tolerance)]:
                rows += [*_changed([one], [other]), *faults]
    if len(rows) > LINES_SHOWN:
        rows[LINES_SHOWN:] = [f"… and {len(rows) - LINES_SHOWN} more lines"]
    return rows


def is_close(recorded: str, again: str, tolerance: Decimal) -> bool:
    """Tell if a printed number is as good as the recorded one.

    Examples:
        >>> is_close("0.52", "0.54", Decimal("0.05"))
        True
        >>> is_close("0.52", "0.57", Decimal("0.05"))
        False
    """
    old, new = _value(recorded), _value(again)
    if not (old.is_finite() and new.is_finite()):
        return old == new or (old.is_nan() and new.is_nan())
    if max(abs(old), abs(new)) < NEGLIGIBLE:
        return True
    last_place = min(_last_place(recorded), _last_place(again))
    return abs(new - old) <= max(tolerance * abs(old), last_place)


def _value(number: str) -> Decimal:
    return Decimal(re.sub("[,_]", "", number))


def _last_place(number: str) -> Decimal:
    """Return one unit in the last decimal place; 0 where no decimals are printed."""
    exponent = _value(number).as_tuple().exponent
    if isinstance(exponent, int) and re.search(r"\.\d", number):
        return Decimal(1).scaleb(exponent)
    return Decimal(0)


def _split(text: str) -> list[str]:
    """Return a text's lines, without empty ones at the end."""
    text = text.rstrip("\n")
    return text.split("\n") if text else []


def _read(text: str, *, by_shape: bool) -> Line:
    """Take a line apart into its numbers and its shape."""
    numbers = []

    def placeholder(match: re.Match[str]) -> str:
        if match["number"]:
            numbers.append(match["number"])
            return NUMBER
        return "0x" if match["address"] else match[0]

    shape = TOKEN.sub(placeholder, text.replace(NUMBER, "\ufffd"))
    shape = re.sub(r"\s+", " ", shape).rstrip()
    shape = re.sub(f" ?{NUMBER} ?", NUMBER, shape)
    shape = re.sub(r"([-=_─━═])\1{2,}", r"\1\1\1", shape)
    if by_shape:
        shape = UNIT.sub(NUMBER, shape)
    return Line(text, shape, tuple(numbers))


def _faults(old: Line, new: Line, tolerance: Decimal | None) -> Iterator[str]:
    """Say of each number that is too far off how far it is."""
    if tolerance is None:
        return
    for one, other in zip(old.numbers, new.numbers, strict=True):
        if not is_close(one, other, tolerance):
            before, now = _value(one), _value(other)
            far = ""
            if before and before.is_finite() and now.is_finite():
                percent = float(abs((now - before) / before) * 100)
                far = f": {percent:.3g} % off"
                far += f", {float(tolerance * 100):.3g} % allowed" * bool(tolerance)
            yield f"? {one} is now {other}{far}"


def _changed(old: Sequence[Line], new: Sequence[Line]) -> list[str]:
    """Write lines that differ; of long ones, the part where they begin to."""
    texts = [line.text for line in (*old, *new)]
    is_long = len(texts) > 1 and max(map(len, texts)) > WIDTH_SHOWN
    equal = len(commonprefix(texts))  # noqa: RUF071 - letters are meant
    start = max(0, equal - WIDTH_SHOWN // 3) if is_long else 0
    end, most = start + WIDTH_SHOWN, LINES_SHOWN // 2 - 1
    rows = []
    for mark, lines in (("-", old), ("+", new)):
        for text, *_ in lines[:most]:
            before, after = "…" * bool(start), "…" * (len(text) > end)
            rows.append(f"{mark} {before}{text[start:end]}{after}")
        if len(lines) > most:
            rows.append(f"{mark} … and {len(lines) - most} more lines")
    return rows
