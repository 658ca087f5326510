"""`nox -s translate`: catalogs follow their sources, and faults are told with a place.

Most tests ask for what has no need of Sphinx; a few go the whole way.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple, Protocol

import polib
import pytest

from translation.catalogs.catalog import Catalog, CatalogError
from translation.catalogs.languages import (
    BrokenCatalogs,
    Language,
    UnknownLanguage,
    languages,
)
from translation.cli import main
from translation.findings import findings
from translation.refresh import Refreshed, refresh
from translation.sources.sources import Page, SourceError, recipe_pages
from translation.sources.strings import string_pages
from translation.status import Count, counts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from conftest import MakeSite, Site

ONE = '''"""
One recipe
==========

Two words here. The loss falls below one half in twenty epochs.

- Call ``step``.
"""

# %%
# Load the data
# -------------
#
# See `the docs <https://example.org>`__ for more.

# Add the two numbers.
total = 1 + 1  # the sum
print(total)

# %%
# What to remember
# ----------------
#
# - Nothing.
'''
TWO = '''"""
Another recipe
==============

The accuracy rises.
"""

# %%
# What to remember
# ----------------
#
# - Everything.

print(2)
'''
INDEX = """\
---
myst:
  html_meta:
    description: For search engines.
---

# The site

A paragraph with `code` and
a second line.

`code only` {doc}`/recipes/index`

```{button-ref} recipes/index
:ref-type: doc

Press here
```

:::{grid-item-card} A card
Inside it.
:::

```{figure} picture.svg
:alt: What is in the picture

What the picture shows
```

```python
"A literal block"
```

```{toctree}
:caption: All recipes

recipes/index
```
"""
CARD = """\
# For translators: a month
month = _("%B, %Y")
text = _("Download")
"""
FILES: Mapping[str, str] = {
    "recipes/GALLERY_HEADER.rst": "Recipes\n=======\n\nAll of them.\n",
    "recipes/a/GALLERY_HEADER.rst": "Section\n=======\n",
    "recipes/a/one.py": ONE,
    "recipes/a/two.py": TWO,
    "docs/index.md": INDEX,
    "docs/picture.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
    "docs/_ext/card.py": CARD,
    "docs/_ext/recordings/run_card.py": 'z = _("Run time")\n',
    "docs/_templates/page.html": "{% trans %}Next page{% endtrans %}\n{{ _('Home') }}",
}
GALLERY = (
    'sphinx_gallery_conf = {"examples_dirs": "../recipes", "gallery_dirs": "recipes", '
    '"filename_pattern": ".py"}\n'
)
ALL_PAGES = [
    "index",
    "recipes/a/index",
    "recipes/a/one",
    "recipes/a/two",
    "recipes/index",
    "recordings",
    "site",
]


class Project(NamedTuple):
    """A project, and what a test does with it."""

    root: Path

    @property
    def language(self) -> Language:
        """The one language that there is, as the tests begin."""
        return Language("zh_CN", self.root / "locales/zh_CN")

    def pages(self) -> list[Page]:
        """Give the pages that there are, less those in Markdown."""
        return [*recipe_pages(self.root), *string_pages(self.root)]

    def refresh(self) -> list[Refreshed]:
        """Refresh the catalogs of those pages."""
        return refresh(self.language, self.pages())

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that has to be there."""
        text = (self.root / path).read_text("utf-8")
        assert old in text
        (self.root / path).write_text(text.replace(old, new), "utf-8")

    def translate(
        self, page: str, said: Mapping[str, str], *flags: str, comment: str = ""
    ) -> None:
        """Translate messages, as a translator does with a tool."""
        file = polib.pofile(str(self.language.path(page)), wrapwidth=0)
        entries = {entry.msgid: entry for entry in file}
        for msgid, msgstr in said.items():
            entry = entries[msgid]
            entry.msgstr, entry.flags, entry.tcomment = msgstr, list(flags), comment
        file.save()

    def found(self) -> list[str]:
        """Tell what is wrong, with places from the project's folder."""
        found = findings(self.language, self.pages(), self.root)
        return [str(each).replace(f"{self.root}/", "") for each in found]

    def catalog(self, page: str) -> Catalog:
        """Read a catalog."""
        return Catalog.load(self.language.path(page))

    def line(self, page: str, msgid: str) -> int:
        """Give the line of a message in its catalog."""
        (line,) = [e.line for e in self.catalog(page).entries() if e.msgid == msgid]
        return line


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with catalogs in Chinese that are up to date, and empty."""
    project = Project(tmp_path)
    for name, text in {**FILES, "docs/conf.py": GALLERY}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    project.refresh()
    assert project.found() == []
    return project


def po(page: str) -> str:
    return f"locales/zh_CN/LC_MESSAGES/{page}.po"


LOSS = "Two words here. The loss falls below one half in twenty epochs."
DOCS = "See `the docs <https://example.org>`__ for more."

# The whole way -----------------------------------------------------------------------


class Done(NamedTuple):
    """What a command did."""

    status: int
    stdout: str
    stderr: str


class Command(Protocol):
    """What the fixture `command` gives to a test."""

    def __call__(self, *arguments: str) -> Done:
        """Run the command line in the site's folder."""


@pytest.fixture(scope="module")
def built(make_site: MakeSite) -> Site:
    """A site with Sphinx that has read its pages, and catalogs in Chinese."""
    site = make_site(FILES, extensions=["myst_parser", "sphinx_design", "recordings"])
    site.write({"docs/conf.py": (site.root / "docs/conf.py").read_text() + CONF})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(site.root)
        assert main(["--language", "zh_CN"]) == 0
    return site


CONF = 'myst_enable_extensions = ["colon_fence"]\nexclude_patterns = ["_*"]\n'


@pytest.fixture
def site(built: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of that site, to change, as the folder where one is."""
    shutil.copytree(built.root, tmp_path / "site")
    monkeypatch.chdir(tmp_path / "site")
    return Project(tmp_path / "site")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line."""

    def run(*arguments: str) -> Done:
        capsys.readouterr()
        status = main(arguments)
        return Done(status, *capsys.readouterr())

    return run


def test_a_new_language(site: Project, command: Command) -> None:
    done = command("--language", "ja")
    assert (done.status, done.stderr) == (0, "")
    assert "locales/ja/LC_MESSAGES/index.po: 9 new\n" in done.stdout
    assert done.stdout.endswith(
        "ja: 7 catalogs changed; 0 of 30 messages translated, 0 fuzzy, 30 missing\n"
    )
    assert Language("ja", site.root / "locales/ja").pages() == ALL_PAGES
    before = {p: p.read_bytes() for p in site.root.glob("locales/**/*.po")}
    assert len(before) == 2 * len(ALL_PAGES)
    done = command()
    assert "zh_CN: 0 catalogs changed;" in done.stdout
    assert "ja: 0 catalogs changed;" in done.stdout
    assert {p: p.read_bytes() for p in site.root.glob("locales/**/*.po")} == before


def test_messages_of_a_markdown_page(site: Project) -> None:
    page = polib.pofile(str(site.language.path("index")))
    assert [(e.msgid, e.occurrences[0][1], e.comment) for e in page] == [
        ("For search engines.", "1", "description for search engines"),
        ("The site", "7", "title"),
        ("A paragraph with `code` and a second line.", "9", "paragraph"),
        ("Press here", "16", ""),
        ("A card", "20", ""),
        ("Inside it.", "21", "paragraph"),
        ("What is in the picture", "24", "image alternative"),
        ("What the picture shows", "27", "caption"),
        ("All recipes", "34", "title of a list of pages"),
    ]
    assert {e.occurrences[0][0] for e in page} == {"docs/index.md"}


def test_a_markdown_page_that_changes_and_goes(site: Project, command: Command) -> None:
    site.translate("index", {"Inside it.": "里面。"})
    site.edit("docs/index.md", "What the picture shows", "What you see")
    site.edit("docs/index.md", "recipes/index\n```\n", "recipes/index\nmore\n```\n")
    (site.root / "docs/more.md").write_text("# More\n", "utf-8")
    done = command("--check")
    assert done.status == 1
    assert done.stdout.splitlines()[-1].endswith("type: nox -s translate")
    line = site.line("index", "What the picture shows")
    gone = "no longer in its source: 'What the picture shows'"
    assert done.stdout.splitlines()[:3] == [
        f"docs/index.md:27: not in {po('index')} yet: 'What you see'",
        f"{po('index')}:{line}: {gone}",
        f"docs/more.md:1: there is no {po('more')}",
    ]
    assert f"{po('more')}: 1 new\n" in command().stdout
    assert site.catalog("index").translations() == {"Inside it.": "里面。"}
    site.edit("docs/index.md", "recipes/index\nmore\n```\n", "recipes/index\n```\n")
    (site.root / "docs/more.md").unlink()
    assert f"{po('more')}:1: its page is gone\n" in command("--check").stdout
    assert f"{po('more')}: removed, its page is gone\n" in command().stdout
    assert command("--check").stdout == "zh_CN: nothing wrong in 7 catalogs\n"


def test_a_table_of_the_status(site: Project, command: Command) -> None:
    site.translate("index", {"The site": "网站", "A card": "卡片"})
    site.translate("index", {"Inside it.": "里面。"}, "fuzzy")
    done = command("--status")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["index", "9", "2", "1", "6"] in rows
    assert ["recipes/a/two", "4", "0", "0", "4"] in rows
    assert ["total", "30", "2", "1", "27"] in rows


def test_pages_that_sphinx_cannot_read(site: Project, command: Command) -> None:
    site.edit("docs/conf.py", CONF, f"{CONF}raise RuntimeError('no such thing')\n")
    done = command()
    assert done.status == 1
    assert done.stderr.startswith("docs/conf.py:1: ")
    assert "no such thing" in done.stderr


def test_a_broken_catalog_stops_a_refresh(site: Project, command: Command) -> None:
    path = site.language.path("index")
    path.write_bytes(path.read_bytes()[:-8])
    before = path.read_bytes()
    site.edit("recipes/a/two.py", "Everything", "All")
    done = command()
    assert done.status == 1
    assert re.match(rf"{po('index')}:\d+: ", done.stderr)
    assert path.read_bytes() == before
    assert site.catalog("recipes/a/two").text.count("Everything") == 1


def test_outside_of_a_project(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command() == (
        2,
        "",
        "there is no docs/conf.py here; go to the project's folder\n",
    )


# Sources -----------------------------------------------------------------------------


def test_places_in_recipes(project: Project) -> None:
    catalog = polib.pofile(str(project.language.path("recipes/a/one")))
    places = {e.msgid: (e.occurrences, e.comment) for e in catalog}
    assert places["Load the data"] == ([("recipes/a/one.py", "11")], "title")
    assert places["the sum"] == ([("recipes/a/one.py", "17")], "comment in code")


def test_strings(project: Project) -> None:
    catalog = polib.pofile(str(project.language.path("site")))
    assert [(e.msgid, e.occurrences, e.comment) for e in catalog] == [
        ("%B, %Y", [("docs/_ext/card.py", "2")], "a month"),
        ("Download", [("docs/_ext/card.py", "3")], ""),
        ("Next page", [("docs/_templates/page.html", "1")], ""),
        ("Home", [("docs/_templates/page.html", "2")], ""),
    ]
    assert [e.msgid for e in project.catalog("recordings").entries()] == ["Run time"]


BROKEN_SOURCES = {
    "a recipe": (
        "recipes/a/one.py",
        "total = 1 + 1",
        "total = 1 +",
        "recipes/a/one.py:17",
    ),
    "a template": (
        "docs/_templates/page.html",
        "{{ _('Home') }}",
        "{{ _('Home' }}",
        "docs/_templates/page.html:2",
    ),
    "a plural": (
        "docs/_templates/page.html",
        "Next page",
        "{{ n }} page{% pluralize n %}{{ n }} pages",
        "docs/_templates/page.html:1",
    ),
}


@pytest.mark.parametrize(
    ("path", "old", "new", "place"), BROKEN_SOURCES.values(), ids=BROKEN_SOURCES
)
def test_broken_sources(
    project: Project, path: str, old: str, new: str, place: str
) -> None:
    project.edit(path, old, new)
    with pytest.raises(SourceError, match=f"^{place}: "):
        project.pages()


def test_a_source_in_another_encoding(project: Project) -> None:
    (project.root / "recipes/a/one.py").write_bytes(ONE.encode() + b"# caf\xe9\n")
    with pytest.raises(SourceError, match=r"one\.py:25: not in UTF-8"):
        project.pages()


# Refreshing --------------------------------------------------------------------------


def test_a_second_refresh_changes_nothing(project: Project) -> None:
    project.translate("recipes/a/one", {LOSS: "损失", "Nothing.": "无。"})
    assert project.refresh() == []


def test_a_changed_sentence_is_fuzzy(project: Project) -> None:
    project.translate("recipes/a/one", {LOSS: "两个词。损失降到一半以下。"})
    project.edit("recipes/a/one.py", "twenty", "ten")
    (refreshed,) = project.refresh()
    assert refreshed.changes is not None
    changed = LOSS.replace("twenty", "ten")
    assert (list(refreshed.changes.fuzzy), refreshed.changes.new) == ([changed], [])
    entry = polib.pofile(str(project.language.path("recipes/a/one"))).find(changed)
    assert entry is not None
    assert (entry.fuzzy, entry.previous_msgid) == (True, LOSS)
    assert project.refresh() == []
    assert project.found() == []


def test_moved_lines(project: Project) -> None:
    project.translate("recipes/a/two", {"Everything.": "全部。"})
    project.edit("recipes/a/two.py", "\n# %%", "\n\n# %%")
    assert project.found() == [], "other line numbers alone are no fault"
    (refreshed,) = project.refresh()
    assert refreshed.changes is not None
    assert refreshed.changes.moved == ["What to remember", "Everything."]
    assert project.catalog("recipes/a/two").translations() == {"Everything.": "全部。"}


def test_a_page_that_is_gone(project: Project) -> None:
    project.translate("recipes/a/two", {"Everything.": "全部。"})
    path = project.language.path("recipes/a/two")
    path.with_suffix(".mo").write_bytes(b"compiled")
    (project.root / "recipes/a/two.py").unlink()
    assert project.found() == [f"{po('recipes/a/two')}:1: its page is gone"]
    assert project.refresh() == [Refreshed("recipes/a/two", None)]
    assert sorted(p.name for p in path.parent.iterdir()) == ["index.po", "one.po"]


def test_the_last_page_of_a_section(project: Project) -> None:
    shutil.rmtree(project.root / "recipes/a")
    project.refresh()
    assert not project.language.path("recipes/a/one").parent.exists()
    assert project.language.path("recipes/index").is_file()


def test_a_renamed_page_keeps_its_catalog(project: Project) -> None:
    project.translate("recipes/a/one", {LOSS: "旧"}, "fuzzy", comment="by me")
    project.edit("recipes/a/one.py", "Nothing", "Nothing at all")
    (project.root / "recipes/a/one.py").rename(project.root / "recipes/a/new.py")
    (refreshed,) = project.refresh()
    assert (refreshed.page, refreshed.was) == ("recipes/a/new", "recipes/a/one")
    (entry,) = [e for e in project.catalog("recipes/a/new").entries() if e.msgstr]
    assert (entry.msgstr, entry.is_fuzzy, entry.comment) == ("旧", True, "by me")
    assert not project.language.path("recipes/a/one").exists()
    assert project.refresh() == []


def test_what_pages_share_is_translated_once(project: Project) -> None:
    project.translate("recipes/a/one", {"What to remember": "要点"})
    project.refresh()
    shared = {"What to remember": "要点"}
    assert project.catalog("recipes/a/two").translations() == shared
    assert project.refresh() == []


def test_what_pages_translate_in_two_ways_is_not_shared(project: Project) -> None:
    project.translate("recipes/a/one", {"What to remember": "要点"})
    project.translate("recipes/a/two", {"What to remember": "小结"})
    (project.root / "recipes/a/three.py").write_text(TWO, "utf-8")
    project.refresh()
    assert project.catalog("recipes/a/three").translations() == {}


def test_a_text_that_moved_to_another_page(project: Project) -> None:
    project.translate("recipes/a/one", {"Nothing.": "无。"})
    project.edit("recipes/a/one.py", "- Nothing.", "- Something else.")
    project.edit("recipes/a/two.py", "- Everything.", "- Nothing.")
    project.refresh()
    assert project.catalog("recipes/a/two").translations() == {"Nothing.": "无。"}
    assert project.refresh() == []


def test_counts(project: Project) -> None:
    project.translate("recipes/a/two", {"Everything.": "全部。"})
    project.translate("recipes/a/two", {"Another recipe": "又一个"}, "fuzzy")
    project.edit("recipes/a/two.py", "accuracy", "number")
    found = counts(project.language.load(), project.pages())
    assert Count("recipes/a/two", 4, translated=1, fuzzy=1) in found
    assert found[-1] == Count("total", 21, translated=1, fuzzy=1)
    assert found[-1].missing == 19


def test_ten_thousand_messages(project: Project) -> None:
    words = [f"Sentence {n} of the recipe." for n in range(10_000)]
    text = "\n\n".join(words)
    path = project.root / "recipes/a/long.py"
    path.write_text(f'"""\nLong\n====\n\n{text}\n"""\n', "utf-8")
    project.refresh()
    project.translate("recipes/a/long", {word: word for word in words})
    path.write_text(f'"""\nLong\n====\n\nMore.\n\n{text}\n"""\n', "utf-8")
    (refreshed,) = project.refresh()
    assert refreshed.changes is not None
    assert [len(each) for each in refreshed.changes] == [1, 0, 10_000, 0]
    found = counts(project.language.load(), project.pages())
    assert Count("recipes/a/long", 10_002, translated=10_000, fuzzy=0) in found


@pytest.mark.skipif(not shutil.which("msgfmt"), reason="apt install gettext: no msgfmt")
def test_msgfmt_accepts_what_is_written(project: Project) -> None:
    project.translate("recipes/a/one", {LOSS: "旧"})
    project.translate("site", {"%B, %Y": "%Y年%m月", "Home": '首页 "\\'})
    project.edit("recipes/a/one.py", "twenty", "ten")
    project.refresh()
    for page in project.language.pages():
        path = str(project.language.path(page))
        command = ["msgfmt", "--check", "--output-file", "/dev/null", path]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        # Who translated when is for translators to say, and for no test.
        said = [x for x in done.stderr.splitlines() if "header field" not in x]
        assert (done.returncode, said) == (0, []), page


# Checking ----------------------------------------------------------------------------

ONE_PAGE = "recipes/a/one"
BAD = {
    "roles or links": (DOCS, "见文档。", "", "links: https://example.org is lost"),
    "literals": ("Call ``step``.", "调用。", "", "literals: ``step`` is lost"),
    "reST": ("Nothing.", "- 无。", "", "rest: it is read as bullet_list"),
    "the glossary": ("Load the data", "读资料", "", 'glossary: "data" is "数据"'),
    "typography": ("Nothing.", "无,是的。", "", "typography: half-width punctuation"),
    "a check without a reason": (
        "Nothing.",
        "无,是的。",
        "check: typography off",
        "comment: why is typography off?",
    ),
}


@pytest.mark.parametrize(("msgid", "msgstr", "comment", "said"), BAD.values(), ids=BAD)
def test_a_bad_translation(
    project: Project, msgid: str, msgstr: str, comment: str, said: str
) -> None:
    project.language.glossary.write_text("english,chinese\ndata,数据\n", "utf-8")
    assert project.found() == []
    project.translate(ONE_PAGE, {msgid: msgstr}, comment=comment)
    place = f"{po(ONE_PAGE)}:{project.line(ONE_PAGE, msgid)}: "
    assert any(each.startswith(f"{place}{said}") for each in project.found())
    project.translate(ONE_PAGE, {msgid: msgstr}, "fuzzy", comment=comment)
    assert project.found() == [], "what is fuzzy is not used"


def test_a_check_that_is_switched_off(project: Project) -> None:
    why = "check: typography off: a quotation"
    project.translate(ONE_PAGE, {"Nothing.": "无,是的。"}, comment=why)
    assert project.found() == []


def test_typography_is_for_chinese(project: Project) -> None:
    japanese = Language("ja", project.root / "locales/ja")
    refresh(japanese, project.pages())
    shutil.copytree(project.language.catalogs, japanese.catalogs, dirs_exist_ok=True)
    path = japanese.path(ONE_PAGE)
    file = polib.pofile(str(path), wrapwidth=0)
    file[-1].msgstr = "無,是"
    file.save()
    assert list(findings(japanese, project.pages(), project.root)) == []


def test_a_translation_that_would_change_code(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every form writes what is safe, so one is made to write what is not.
    monkeypatch.setattr(
        "translation.messages.forms.CommentBehindCode.put",
        lambda _, text: f"{text}\nmore()",
    )
    project.translate(ONE_PAGE, {"the sum": "和"})
    line = project.line(ONE_PAGE, "the sum")
    cause = "code: with this translation, its syntax tree is another one"
    assert project.found() == [f"{po(ONE_PAGE)}:{line}: {cause}"]


def test_a_broken_glossary(project: Project) -> None:
    project.language.glossary.write_text("english,chinese\ndata\n", "utf-8")
    (found,) = project.found()
    assert found.startswith("locales/zh_CN/glossary.csv:2: ")


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"msgstr", len(content) // 2)])


def in_gbk(path: Path) -> None:
    text = path.read_text("utf-8").replace('msgid "the sum"\nmsgstr ""', SUM)
    path.write_bytes(text.encode("gbk"))


def twice(path: Path) -> None:
    path.write_text(f"{path.read_text('utf-8')}\n{SUM}\n\n{SUM}\n", "utf-8")


SUM = 'msgid "the sum"\nmsgstr "总和"'
BROKEN = {
    "cut in half": (cut, "broken: "),
    "another encoding": (in_gbk, "broken: byte 0xd7 is not UTF-8"),
    "two translations": (twice, "broken: 'the sum' stands in line"),
    "no catalog": (lambda path: path.write_text("nothing\n"), "broken: not a line"),
    "empty": (lambda path: path.write_text(""), "broken: the file has no messages"),
}


@pytest.mark.parametrize(("damage", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_catalog(
    project: Project, damage: Callable[[Path], object], said: str
) -> None:
    path = project.language.path(ONE_PAGE)
    damage(path)
    (found,) = project.found()
    assert re.match(rf"{po(ONE_PAGE)}:\d+: {re.escape(said)}", found)
    with pytest.raises(CatalogError):
        project.catalog(ONE_PAGE)
    with pytest.raises(BrokenCatalogs, match=re.escape(po(ONE_PAGE))):
        project.refresh()


def test_everything_is_fuzzy(project: Project) -> None:
    for name in project.language.pages():
        entries = project.catalog(name).entries()
        project.translate(name, {e.msgid: "坏,``" for e in entries}, "fuzzy")
    assert project.found() == []
    assert project.refresh() == []
    assert counts(project.language.load(), project.pages())[-1][2:] == (0, 21)


def test_out_of_date(project: Project) -> None:
    project.edit("recipes/a/one.py", "Nothing.", "Nothing else.")
    line = project.line(ONE_PAGE, "Nothing.")
    assert project.found() == [
        f"recipes/a/one.py:24: not in {po(ONE_PAGE)} yet: 'Nothing else.'",
        f"{po(ONE_PAGE)}:{line}: no longer in its source: 'Nothing.'",
    ]
    project.refresh()
    assert project.found() == []


# Languages ---------------------------------------------------------------------------

UNKNOWN = {
    "zh-cn": "nox -s translate -- --language zh_CN",
    "zh_cn": "nox -s translate -- --language zh_CN",
    "JA": "nox -s translate -- --language ja",
    "japanese": "nox -s translate -- --language ja",
    "Portugese": "nox -s translate -- --language pt",
    "zh_hant_tw": "nox -s translate -- --language zh_Hant_TW",
    "qq": "such as ja or zh_CN",
    "../ja": "such as ja or zh_CN",
    "": "such as ja or zh_CN",
    "en": "en is the language of the sources",
}


@pytest.mark.parametrize(("code", "said"), UNKNOWN.items())
def test_unknown_languages(tmp_path: Path, code: str, said: str) -> None:
    with pytest.raises(UnknownLanguage, match=re.escape(said)):
        languages(tmp_path, code, new=True)


@pytest.mark.parametrize("code", ["ja", "zh_CN", "zh_Hant_TW", "pt_BR", "sr@latin"])
def test_known_languages(tmp_path: Path, code: str) -> None:
    (language,) = languages(tmp_path, code, new=True)
    assert language == (code, tmp_path / "locales" / code)


def test_no_language_yet(tmp_path: Path) -> None:
    with pytest.raises(
        UnknownLanguage, match="type: nox -s translate -- --language ja"
    ):
        languages(tmp_path, None, new=True)
    with pytest.raises(
        UnknownLanguage, match="type: nox -s translate -- --language fr"
    ):
        languages(tmp_path, "fr", new=False)
