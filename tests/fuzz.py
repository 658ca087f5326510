"""Change real files at random: is all that reads them content, or clear about why not?

Five readers: of recordings, catalogs, scripts to translate, prose for notebooks, and
doctests. Each is given files of this project in which something was cut, repeated,
exchanged or put in. An exception that is not one of its own kind is a fault: it is
printed once, with the number that gives the same input again. Type::

    python tests/fuzz.py --minutes 2 --seed 1
    python tests/fuzz.py --only markdown --number 4711 --seed 1
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
import traceback
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import doctests
from sybil.document import PythonDocument
from sybil.parsers.abstract.lexers import LexingException

from recordings.gallery import scripts as gallery
from recordings.model import Block
from recordings.page import links, run_card
from recordings.page.markdown import to_markdown
from recordings.store.notebook import RecordingError, from_text, to_text
from recordings.store.seal import sealed
from recordings.store.svg_scripts import without_scripts
from translation import scripts
from translation.catalogs.catalog import Catalog
from translation.fault import TranslationError
from translation.messages.script_parts import UnreadableScript

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT: Final = Path(__file__).parents[1]
PIECES: Final = (
    *("", "\0", "\r", "\r\n", "\f", "\x1b[31m", "\u2028", "\ufeff", r"\ud800", "梯度"),
    *('"', "'", "\\", '"""', "`", "``", "*", "**", "|", "_", "__", ":", "::", "{", "}"),
    *("[", "]", "(", ")", "<", ">", "&", "#", "# %%", "#" * 79, "\n", "\n\n", "\t"),
    *("====", "+---+", "| a |", "==== ===", ".. ", "   ", ".. |a| replace:: |a|"),
    *(":ref:`", ":math:`", "`a <", "[1]_", ".. [#] ", ".. code-block:: python", "$$"),
    *(">>> ", "... ", "0", "-1", "1e999", "NaN", "null", "true", "[" * 400, "9" * 400),
    *('msgid ""', 'msgstr ""', "#, fuzzy", "#~ ", "#| ", "msgctxt ", "msgid_plural "),
)
"""What is put in."""


DIRECTIVES: Final = tuple(
    f".. {name}:: {argument}\n{option}\n   {body}\n\n"
    for name in (
        *("note", "image", "figure", "list-table", "csv-table", "table", "math"),
        *("code-block", "container", "only", "raw", "include", "replace", "unicode"),
        *("admonition", "rst-class", "topic", "sidebar", "parsed-literal", "epigraph"),
        *("contents", "footer", "meta", "role", "default-role", "title", "date"),
    )
    for argument, option, body in (
        ("", "", "text"),
        ("html", "   :name: a", "* a\n\n     * b"),
        ("a b", "   :width: x\n   :header-rows: 9", ""),
    )
)


class Reader(NamedTuple):
    """What is tried."""

    files: Sequence[str]
    """Patterns of the files that it is given."""
    read: Callable[[str, Random], object]
    own: tuple[type[Exception], ...]
    """What it may raise."""


def recordings(text: str, random: Random) -> None:
    """Read a recording, and make of it what a page does."""
    if random.random() < 0.6:
        text = json.dumps(elsewhere(json.loads(known(READERS["recording"])[0]), random))
    text = sealed(text) if random.random() < 0.7 else text
    found = from_text(text, "x.ipynb", is_new=random.random() < 0.5)
    run_card.as_nodes(found, "en", None)
    run_card.as_markdown(found)
    to_text(without_scripts(found))


def elsewhere(value: Any, random: Random) -> Any:
    """Return a value of JSON, in which another stands somewhere."""
    if isinstance(value, dict | list) and value and random.random() < 0.9:
        keys = [*value] if isinstance(value, dict) else [*range(len(value))]
        key = random.choice(keys)
        value[key] = elsewhere(value[key], random)
        return value
    plain = [None, True, -1, 0, 2**70, 1e308, "", "x", "1e5", "\0", "9" * 5000]
    return random.choice([*plain, [], {}, [[]], [value], {"a": value}, "2026-13-01"])


def catalogs(text: str, _: Random) -> None:
    """Read a catalog, and write it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.po")
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        found = Catalog.load(path)
        found.entries()
        found.translations()
        found.save()


def translated(text: str, random: Random) -> None:
    """Translate a script by words that were changed, too."""
    messages = scripts.messages(text)
    words = {each: mutated(each, random, [text]) for each in messages}
    scripts.translate(text, words)


def listed(text: str, _: Random) -> None:
    """Read a recipe as the library does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.py")
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        gallery.read(path, "recipes/x")


def markdown(text: str, random: Random) -> None:
    """Write the prose of a recipe for a notebook."""
    prose = doctests.prose_only(text).strip("\n")
    for _ in range(random.randint(0, 3)):
        at = prose.find("\n\n", random.randrange(len(prose) + 1)) + 2
        prose = prose[:at] + random.choice(DIRECTIVES) + prose[at:]
    half = random.randrange(len(prose) + 1)
    blocks = [Block("text", prose[:half], 1), Block("text", prose[half:], 9)]
    written = to_markdown(blocks, "x.py", links.resolver({}, ""))
    if len(written) != len(blocks):
        raise AssertionError("a block was lost")


def examples(text: str, random: Random) -> None:
    """Collect doctests, and run none."""
    if random.random() < 0.5:
        document, parsers = doctests.RecipeDocument(text, "x"), doctests.rest_parsers()
    else:
        document = PythonDocument(text, "x")  # type: ignore[assignment]
        parsers = doctests.markdown_parsers()
    for parser in parsers:
        for region in parser(document):
            document.add(region)


READERS: Final = {
    "recording": Reader(["docs/recordings/**/*.ipynb"], recordings, (RecordingError,)),
    "catalog": Reader(["locales/**/*.po"], catalogs, (TranslationError,)),
    "script": Reader(
        ["recipes/*/*.py"],
        translated,
        (TranslationError, UnreadableScript, scripts.CodeChanged),
    ),
    "library": Reader(["recipes/*/*.py"], listed, ()),
    "markdown": Reader(["recipes/*/*.py"], markdown, ()),
    "doctest": Reader(
        ["recipes/*/*.py", "docs/guides/*.md"],
        examples,
        (LexingException, ValueError),
    ),
}


def mutated(text: str, random: Random, others: Sequence[str]) -> str:
    """Change a text in one to four places."""
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(text) + 1)
        end = min(len(text), start + random.choice([0, 1, 3, 10, 40, 400]))
        other = random.choice(others)
        there = random.randrange(len(other) + 1)
        put = random.choice(
            [
                random.choice(PIECES),
                random.choice(PIECES),
                text[start:end] * 2,
                other[there : there + random.randint(1, 60)],
                "",
            ]
        )
        text = text[:start] + put + text[end:]
    return text[: random.randrange(len(text) + 1)] if random.random() < 0.1 else text


def given(reader: Reader, seed: int, number: int) -> tuple[str, Random]:
    """Return the input of a number, and what decides the rest."""
    random = Random(f"{seed} {number}")  # noqa: S311 - for no secret
    texts = known(reader)
    return mutated(random.choice(texts), random, texts), random


def known(reader: Reader, _kept: dict[int, list[str]] = {}) -> list[str]:  # noqa: B006
    """Return the texts of its files, which are read once."""
    if id(reader) not in _kept:
        paths = [it for each in reader.files for it in sorted(ROOT.glob(each))]
        _kept[id(reader)] = [path.read_text("utf-8") for path in paths]
    return _kept[id(reader)]


def fault(reader: Reader, seed: int, number: int) -> str:
    """Give a reader an input; return what it raised that is not its own."""
    text, random = given(reader, seed, number)
    try:
        reader.read(text, random)
    except reader.own:
        pass
    except Exception:  # noqa: BLE001 - that is what is looked for
        return traceback.format_exc()
    return ""


def main() -> int:
    """Try readers for as long as is said; print what is found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2, help="for each reader")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=READERS, action="append")
    parser.add_argument("--number", type=int, help="of the one input to try")
    options = parser.parse_args()
    logging.disable()
    found = 0
    for name in options.only or READERS:
        reader, number, seen = READERS[name], options.number or 0, set[str]()
        end = time.monotonic() + 60 * options.minutes
        while time.monotonic() < end:
            told = fault(reader, options.seed, number)
            place = "".join(told.splitlines()[-3:-1])
            if told and place not in seen:
                seen.add(place)
                print(f"{name} {number}:\n{told}", flush=True)
            number += 1
            if options.number is not None:
                break
        print(f"{name}: {number} inputs, {len(seen)} faults", flush=True)
        found += len(seen)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
