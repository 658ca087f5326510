"""Catalogs keep translations, follow their sources, and break out loud."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recipe_texts import SOURCES, kind_of

from translation.catalogs.catalog import (
    Catalog,
    CatalogError,
    Changes,
    Source,
    Translation,
)
from translation.messages.segments import segments

HEADER = (
    'msgid ""\nmsgstr ""\n"Language: zh_CN\\n"\n"MIME-Version: 1.0\\n"\n'
    '"Content-Type: text/plain; charset=UTF-8\\n"\n'
)
ONE = Source("One", "recipes/a/b.py", 3, "title")
TWO = Source("Two words.", "recipes/a/b.py", 7, "paragraph")


def write(path: Path, entries: str, header: str = HEADER) -> Path:
    path.write_text(f"{header}\n{entries}", "utf-8")
    return path


def entry(msgid: str, msgstr: str, above: str = "") -> str:
    return f'{above}msgid "{msgid}"\nmsgstr "{msgstr}"\n\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "zh_CN" / "LC_MESSAGES" / "recipes.po"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A catalog with messages of each kind."""
    path = write(
        tmp_path / "recipes.po",
        entry("One", "一", "# by me\n#. title\n#: recipes/a/b.py\n")
        + entry("Two words.", "", "#. paragraph\n#: recipes/a/b.py\n")
        + entry("Three words here.", "三", '#, fuzzy\n#| msgid "Three word here."\n'),
    )
    return Catalog.load(path)


# Reading and writing -----------------------------------------------------------------


def test_a_new_catalog(path: Path) -> None:
    catalog = Catalog.new(path, "zh_CN")
    changes = catalog.update([ONE, TWO, Source("One", "recipes/a/b.py", 9, "tag")])
    assert changes == Changes(["One", "Two words."], [], [])
    assert catalog.save()
    assert path.read_text("utf-8") == (
        '#\nmsgid ""\nmsgstr ""\n"Language: zh_CN\\n"\n"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=UTF-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n\n'
        "#. title\n#. tag\n#: recipes/a/b.py\n"
        'msgid "One"\nmsgstr ""\n\n'
        '#. paragraph\n#: recipes/a/b.py\nmsgid "Two words."\nmsgstr ""\n'
    )
    assert not catalog.save()
    assert [p.name for p in path.parent.iterdir()] == ["recipes.po"]


def test_entries_and_translations(catalog: Catalog) -> None:
    assert catalog.entries() == [
        Translation("One", "一", is_fuzzy=False, comment="by me", line=7),
        Translation("Two words.", "", is_fuzzy=False, comment="", line=13),
        Translation(
            *("Three words here.", "三"),
            is_fuzzy=True,
            comment="",
            line=18,
            previous="Three word here.",
        ),
    ]
    assert catalog.translations() == {"One": "一"}


def test_a_fuzzy_catalog_translates_nothing(tmp_path: Path) -> None:
    text = entry("One", "一", "#, fuzzy\n") + entry("Two", "  ")
    assert Catalog.load(write(tmp_path / "a.po", text)).translations() == {}


def test_what_is_not_changed_stays_as_other_tools_wrote_it(tmp_path: Path) -> None:
    text = entry("One", "一").replace('"One"', '""\n"O"\n"ne"')
    path = write(tmp_path / "a.po", f"#: recipes/a/b.py\n{text}")
    before = path.read_bytes()
    catalog = Catalog.load(path)
    changes = catalog.update([ONE._replace(note="")])
    assert changes == Changes([], [], [])
    assert not catalog.save()
    assert path.read_bytes() == before


def test_volatile_fields_go(tmp_path: Path) -> None:
    header = (
        HEADER
        + '"POT-Creation-Date: 2026-01-01 00:00+0000\\n"\n"X-Generator: Tool\\n"\n'
    )
    catalog = Catalog.load(write(tmp_path / "a.po", entry("One", "一"), header))
    assert "POT-Creation-Date" in catalog.text
    catalog.update([ONE])
    assert "POT-Creation-Date" not in catalog.text
    assert "X-Generator: Tool" in catalog.text


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=5))
def test_any_text_is_read_as_it_was_written(texts: dict[str, str]) -> None:
    unusual = re.compile("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
    texts = {unusual.sub("", k): unusual.sub("", v) for k, v in texts.items()}
    texts.pop("", None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.po")
        catalog = Catalog.new(path, "zh_CN")
        sources = [Source(text, "recipes/a b/c.py", 1) for text in texts]
        catalog.update(sources, texts)
        catalog.save()
        read = Catalog.load(path)
        assert {e.msgid: e.msgstr for e in read.entries()} == texts
        before = path.read_bytes()
        read.update([])
        read.update(sources, texts)
        read.save()
        assert path.read_bytes() == before


# Following the sources ---------------------------------------------------------------


def test_a_message_that_moved(catalog: Catalog) -> None:
    changes = catalog.update([TWO, ONE._replace(line=4)])
    assert changes == Changes([], [], ["Three words here."])
    assert [e.msgid for e in catalog.entries()] == ["Two words.", "One"]
    assert catalog.translations() == {"One": "一"}
    assert "# by me\n#. title\n#: recipes/a/b.py\n" in catalog.text, (
        "no number of a line"
    )


def test_a_message_that_changed_a_little(tmp_path: Path) -> None:
    text = "The loss falls below one half in twenty epochs."
    catalog = Catalog.load(
        write(tmp_path / "a.po", entry(text, "旧", "# check: links off: x\n"))
    )
    new = Source(text.replace("twenty", "ten"), "recipes/a/b.py", 3)
    changes = catalog.update([ONE, new])
    assert changes == Changes(["One"], [new.msgid], [text])
    assert catalog.translations() == {}
    assert (
        f'# check: links off: x\n#: recipes/a/b.py\n#, fuzzy\n#| msgid "{text}"\n'
        in catalog.text
    )
    assert catalog.entries()[1].msgstr == "旧"
    newer = new._replace(msgid=new.msgid.replace("falls", "is"))
    assert catalog.update([ONE, newer]).fuzzy == [newer.msgid]
    assert f'#| msgid "{text}"\n' in catalog.text, (
        "the message that the translation is of"
    )


def test_a_message_that_is_another_one(catalog: Catalog) -> None:
    changes = catalog.update([Source("Quite unlike that.", "a.py", 1)])
    assert changes.new == ["Quite unlike that."]
    assert changes.fuzzy == []


def test_obsolete_messages_of_other_tools_go(tmp_path: Path) -> None:
    text = entry("Two", "二") + '#~ msgid "One"\n#~ msgstr "一"\n'
    catalog = Catalog.load(write(tmp_path / "a.po", text))
    assert catalog.translations() == {"Two": "二"}
    catalog.update([Source("Two", "a.py", 1)])
    assert "#~" not in catalog.text


def test_a_translation_that_is_known_from_elsewhere(catalog: Catalog) -> None:
    changes = catalog.update(
        [ONE, Source("Learn more", "a.py", 1)], {"Learn more": "更多", "One": "1"}
    )
    assert changes.new == ["Learn more"]
    assert catalog.translations() == {"One": "一", "Learn more": "更多"}


def test_a_refresh_without_change_keeps_every_byte(tmp_path: Path) -> None:
    pieces = [p for f in SOURCES for p in segments(f.read_text("utf-8"), kind_of(f))]
    sources = [
        Source(p.message.text, "recipes/a/b.py", p.line, p.message.form.name)
        for p in pieces
        if p.message
    ]
    path = tmp_path / "a.po"
    catalog = Catalog.new(path, "zh_CN")
    catalog.update(sources, {s.msgid: f"“{s.msgid}”\\" for s in sources[::2]})
    catalog.save()
    before = path.read_bytes()
    again = Catalog.load(path)
    assert again.update(sources) == Changes([], [], [])
    assert not again.save()
    assert path.read_bytes() == before
    if msgfmt := shutil.which("msgfmt"):
        command = [msgfmt, "--check", "-o", str(tmp_path / "a.mo"), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_thousands_of_messages(tmp_path: Path) -> None:
    def source(number: int, word: str) -> Source:
        text = f"Message {number} of the {word} that are in a catalog, {number * 7}."
        return Source(text, "recipes/a/b.py", number)

    catalog = Catalog.new(tmp_path / "a.po", "zh_CN")
    old = [source(number, "many") for number in range(3_000)]
    catalog.update(old, {s.msgid: "译" for s in old})
    words = ["numerous" if number % 50 == 0 else "many" for number in range(3_000)]
    changes = catalog.update([source(*pair) for pair in enumerate(words)])
    assert len(changes.fuzzy) == 60
    assert f'#| msgid "{old[1500].msgid}"\nmsgid "Message 1500 of' in catalog.text
    assert len(catalog.translations()) == 2_940


# Errors ------------------------------------------------------------------------------

BROKEN = [
    ("<<<<<<< HEAD\n" + entry("One", "一"), 7, "not a line of a catalog"),
    ('msgid "One\nmsgstr "一"\n', 7, "not a line of a catalog"),
    ('msgid "O"ne"\nmsgstr "一"\n', 7, "not a line of a catalog"),
    ('msgid "One"\nmsgstr "一', 8, "not a line of a catalog"),
    ('msgid "One"\nmsgstr "一"', 8, "ends within a line"),
    ('msgid "One"\n', 7, "the file ends after msgid"),
    ('msgid "One"\n\nmsgid "Two"\nmsgstr "二"\n', 9, "msgid below msgid"),
    (entry("One", "一") + entry("One", "1"), 10, "duplicate of line 7: 'One'"),
    ('msgctxt "menu"\nmsgid "One"\nmsgstr "一"\n', 7, "'One' has a msgctxt"),
    (
        'msgid "One"\nmsgid_plural "Ones"\nmsgstr[0] "一"\n',
        7,
        "'One' has a msgid_plural",
    ),
    (entry("", "一"), 1, "duplicate of line 1: ''"),
]


@pytest.mark.parametrize(("entries", "line", "cause"), BROKEN)
def test_broken_catalogs(tmp_path: Path, entries: str, line: int, cause: str) -> None:
    path = write(tmp_path / "a.po", entries)
    with pytest.raises(CatalogError) as error:
        Catalog.load(path)
    assert str(error.value).startswith(f"{path}:{line}: ")
    assert cause in str(error.value)


CONTENTS = [
    (b"", 1, "no messages"),
    (b'msgid "One"\nmsgstr "x"\n', 1, "charset"),
    (b'"One"\nmsgid "One"\nmsgstr "x"\n', 1, "text below nothing"),
    (b'msgstr "x"\n', 1, "msgstr below nothing"),
    (b"\xef\xbb\xbf" + HEADER.encode(), 1, "not a line of a catalog"),
    (f'{HEADER}\nmsgid "a"\nmsgstr "梯"\n'.encode("gbk"), 8, "is not UTF-8"),
    (HEADER.replace("UTF-8", "GBK").encode(), 5, "the charset is GBK"),
]


@pytest.mark.parametrize(("content", "line", "cause"), CONTENTS)
def test_files_that_are_not_catalogs(
    tmp_path: Path, content: bytes, line: int, cause: str
) -> None:
    path = tmp_path / "a.po"
    path.write_bytes(content)
    with pytest.raises(CatalogError, match=re.escape(cause)) as error:
        Catalog.load(path)
    assert error.value.line == line


def test_a_catalog_cut_anywhere_is_an_error_or_has_whole_translations(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.po"
    catalog = Catalog.new(path, "zh_CN")
    sources = [ONE, TWO, Source('With "quotes" \\ and more', "a.py", 1)]
    translations = {s.msgid: f"译 {s.msgid} “”" for s in sources}
    catalog.update(sources, translations)
    catalog.save()
    content = path.read_bytes()
    ends = 0
    for size in range(0, len(content), 3):
        path.write_bytes(content[:size])
        try:
            found = Catalog.load(path).translations()
        except CatalogError:
            continue
        ends += 1
        assert found.items() <= translations.items()
    assert 0 < ends < 20
