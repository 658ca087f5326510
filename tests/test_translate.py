"""`nox -s translate`: catalogs follow their sources, and faults are told with a place.

Most tests ask for what has no need of Sphinx; one site goes the whole way.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import polib
import pytest
from conftest import MakeSite, Site

from translation import scripts
from translation.catalogs.catalog import Catalog
from translation.catalogs.languages import Language, languages
from translation.fault import TranslationError
from translation.findings import UntranslatedError, findings
from translation.messages import script_parts
from translation.refresh import Refreshed, refresh
from translation.sources.sources import Page, SourceError, recipe_pages
from translation.sources.strings import string_pages
from translation.status import Count, counts

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


class Project(NamedTuple):
    """A project, and what a test does with it."""

    root: Path

    @property
    def language(self) -> Language:
        """The one language that there is, as the tests begin."""
        return Language("zh_CN", self.root / "locales/zh_CN")

    def pages(self) -> list[Page]:
        """Return the pages that there are, less those in Markdown."""
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
        """Return what is wrong, with places from the project's folder."""
        catalogs = self.language.pages()
        found = findings(self.language, self.pages(), self.root, catalogs)
        wrong = (each for each in found if not isinstance(each, UntranslatedError))
        return [str(each).replace(f"{self.root}/", "") for each in wrong]

    def catalog(self, page: str) -> Catalog:
        """Read a catalog."""
        return Catalog.load(self.language.path(page))

    def line(self, page: str, msgid: str) -> int:
        """Return the line of a message in its catalog."""
        (line,) = [e.line for e in self.catalog(page).entries() if e.msgid == msgid]
        return line


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with catalogs in Chinese that are up to date, and empty."""
    project = Project(tmp_path)
    for name, text in {"docs/conf.py": GALLERY, **FILES}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    project.refresh()
    assert project.found() == []
    return project


def po(page: str) -> str:
    return f"locales/zh_CN/LC_MESSAGES/{page}.po"


AS_SHOWN = "there, pages show the older translation or the English, and say so"
LOSS = "Two words here. The loss falls below one half in twenty epochs."
DOCS = "See `the docs <https://example.org>`__ for more."

# The whole way -----------------------------------------------------------------------

CONF = 'myst_enable_extensions = ["colon_fence"]\nexclude_patterns = ["_*"]\n'


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    """A site with catalogs in Chinese, which the tests change one after the other."""
    site = make_site(FILES, extensions=["myst_parser", "sphinx_design", "recordings"])
    site.write({"docs/conf.py": (site.root / "docs/conf.py").read_text() + CONF})
    done = site.run("translation", "--language", "zh_CN")
    assert (done.status, done.stderr) == (0, "")
    assert f"{po('index')}: 9 new\n" in done.stdout
    total = "7 catalogs changed; 0 of 30 messages translated, 0 fuzzy, 30 missing"
    assert done.stdout.endswith(f"zh_CN: {total}\n")
    return site


def test_messages_of_a_markdown_page(site: Site) -> None:
    page = polib.pofile(str(Project(site.root).language.path("index")))
    assert [(e.msgid, e.comment) for e in page] == [
        ("For search engines.", "description for search engines"),
        ("The site", "title"),
        ("A paragraph with `code` and a second line.", "paragraph"),
        ("Press here", ""),
        ("A card", ""),
        ("Inside it.", "paragraph"),
        ("What is in the picture", "image alternative"),
        ("What the picture shows", "caption"),
        ("All recipes", "title of a list of pages"),
    ]
    assert {e.occurrences[0][0] for e in page} == {"docs/index.md"}


def test_pages_come_change_and_go(site: Site) -> None:
    project = Project(site.root)
    project.translate("index", {"The site": "网站"})
    project.edit("docs/index.md", "What the picture shows", "What you see")
    project.edit("docs/index.md", "recipes/index\n```\n", "recipes/index\nmore\n```\n")
    site.write({"docs/more.md": "# More\n"})
    line = project.line("index", "What the picture shows")
    done = site.run("translation", "--check")
    assert (done.status, done.stdout.splitlines()) == (
        0,
        [
            f"docs/index.md:27: not in {po('index')} yet: 'What you see'",
            f"{po('index')}:{line}: no longer in its source: 'What the picture shows'",
            f"docs/more.md:1: there is no {po('more')}",
            "zh_CN: nothing wrong in 7 catalogs",
            f"zh_CN: 3 notices; {AS_SHOWN}",
            "To bring catalogs up to date with their sources, type: nox -s translate",
        ],
    )
    assert f"{po('more')}: 1 new\n" in site.run("translation").stdout
    assert project.catalog("index").translations() == {"The site": "网站"}
    project.edit("docs/index.md", "recipes/index\nmore\n```\n", "recipes/index\n```\n")
    (site.root / "docs/more.md").unlink()
    done = site.run("translation")
    assert f"{po('more')}: removed, its page is gone\n" in done.stdout
    rows = site.run("translation", "--status").stdout.splitlines()
    assert ["index", "9", "1", "0", "8"] in [row.split() for row in rows]
    assert ["total", "30", "1", "0", "29"] in [row.split() for row in rows]


def test_one_page_is_checked_alone(site: Site) -> None:
    project = Project(site.root)
    project.edit("docs/index.md", "Press here", "Press there")
    one = site.run("translation", "--check", "--page", "recipes/a/one")
    assert (one.status, one.stdout.splitlines()[0]) == (
        0,
        "zh_CN: nothing wrong in 1 catalog",
    )
    assert "index" not in one.stdout
    other = site.run("translation", "--check", "--page", "index")
    assert "not in locales/zh_CN/LC_MESSAGES/index.po yet: 'Press there'" in (
        other.stdout
    )
    unknown = site.run("translation", "--check", "--page", "recipes/a/ones")
    assert unknown.status == 1
    assert "did you mean recipes/a/one" in unknown.stderr
    refused = site.run("translation", "--page", "index")
    assert (refused.status, refused.stderr) == (1, "--page goes with --check\n")
    project.edit("docs/index.md", "Press there", "Press here")


def test_only_a_release_demands_that_a_language_is_complete(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    project = Project(site.root)
    site.write({"pyproject.toml": '[tool.translation]\ncomplete = ["zh_CN"]\n'})
    site.run("translation", "--language", "ja")
    project.translate("index", {"A card": "卡片"}, "fuzzy")
    card, site_title = (project.line("index", it) for it in ("A card", "Press here"))
    found = f"{po('index')}:{card}: English changed since: 'A card'"
    checked = site.run("translation", "--check")
    assert checked.status == 0
    assert (
        f"::notice title=Translation::zh_CN: 29 notices; {AS_SHOWN}\n" in checked.stdout
    )
    assert "ja: nothing wrong in 7 catalogs\n" in checked.stdout, "not promised"
    demanded = site.run("translation", "--complete")
    assert demanded.status == 1
    assert "zh_CN: 29 faults\n" in demanded.stdout
    assert "ja: nothing wrong in 7 catalogs\n" in demanded.stdout
    for done in (checked, demanded):
        assert f"{found}\n" in done.stdout
        assert (
            f"{po('index')}:{site_title}: not translated: 'Press here'\n" in done.stdout
        )
    shutil.rmtree(site.root / "locales/ja")
    site.write({"pyproject.toml": '[tool.translation]\ncomplete = ["fr"]\n'})
    done = site.run("translation", "--complete")
    assert (done.status, done.stderr) == (
        1,
        "pyproject.toml: [tool.translation] lists 'fr', and there is no locales/fr\n",
    )
    site.write({"pyproject.toml": ""})


def test_what_cannot_be_done(site: Site, tmp_path: Path) -> None:
    done = Site(tmp_path).run("translation")
    said = "there is no docs/conf.py here; go to the project's folder\n"
    assert (done.status, done.stderr) == (1, said)
    conf = (site.root / "docs/conf.py").read_text()
    site.write({"docs/conf.py": f"{conf}raise RuntimeError('no such thing')\n"})
    done = site.run("translation")
    assert done.status == 1
    assert done.stderr.startswith("docs/conf.py:1: ")
    assert "no such thing" in done.stderr
    site.write({"docs/conf.py": conf})


# Sources -----------------------------------------------------------------------------


def test_places_in_recipes(project: Project) -> None:
    catalog = polib.pofile(str(project.language.path("recipes/a/one")))
    places = {e.msgid: (e.occurrences, e.comment) for e in catalog}
    assert places["Load the data"] == ([("recipes/a/one.py", "")], "title")
    assert places["the sum"] == ([("recipes/a/one.py", "")], "comment in code")


def test_strings(project: Project) -> None:
    catalog = polib.pofile(str(project.language.path("site")))
    assert [(e.msgid, e.occurrences, e.comment) for e in catalog] == [
        ("%B, %Y", [("docs/_ext/card.py", "")], "a month"),
        ("Download", [("docs/_ext/card.py", "")], ""),
        ("Next page", [("docs/_templates/page.html", "")], ""),
        ("Home", [("docs/_templates/page.html", "")], ""),
    ]
    assert [e.msgid for e in project.catalog("recordings").entries()] == ["Run time"]


PAGE = "docs/_templates/page.html"
BROKEN_SOURCES = [
    ("recipes/a/one.py", "total = 1 + 1", "total = 1 +", 17),
    (PAGE, "{{ _('Home') }}", "{{ _('Home' }}", 2),
    (PAGE, "Next page", "{{ n }} page{% pluralize n %}{{ n }} pages", 1),
    ("docs/_ext/card.py", '"Download")', '"Download"', 1),
]


@pytest.mark.parametrize(("path", "old", "new", "line"), BROKEN_SOURCES)
def test_broken_sources(
    project: Project, path: str, old: str, new: str, line: int
) -> None:
    project.edit(path, old, new)
    with pytest.raises(SourceError, match=f"^{path}:{line}: "):
        project.pages()


def test_a_source_in_another_encoding(project: Project) -> None:
    (project.root / "recipes/a/one.py").write_bytes(ONE.encode() + b"# caf\xe9\n")
    with pytest.raises(SourceError, match=r"one\.py:25: not in UTF-8"):
        project.pages()


# Refreshing --------------------------------------------------------------------------


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
    assert project.refresh() == [], "one line more would change half of a catalog"
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


# Checking ----------------------------------------------------------------------------

ONE_PAGE = "recipes/a/one"
BAD = [
    (DOCS, "见文档。", "", "links: https://example.org is lost"),
    ("Nothing.", "- 无。", "", "rest: it is read as bullet_list"),
    ("Load the data", "读资料", "", 'glossary: "data" is "数据"'),
    (
        "Nothing.",
        "无,是的。",
        "check: typography off",
        "comment: why is typography off?",
    ),
]


@pytest.mark.parametrize(("msgid", "msgstr", "comment", "said"), BAD)
def test_a_bad_translation(
    project: Project, msgid: str, msgstr: str, comment: str, said: str
) -> None:
    project.language.glossary.write_text("english,chinese\ndata,数据\n", "utf-8")
    project.translate(ONE_PAGE, {msgid: msgstr}, comment=comment)
    place = f"{po(ONE_PAGE)}:{project.line(ONE_PAGE, msgid)}: "
    assert any(each.startswith(f"{place}{said}") for each in project.found())
    project.translate(ONE_PAGE, {msgid: msgstr}, "fuzzy", comment=comment)
    assert project.found() == [], "what is fuzzy is not used"


@pytest.fixture
def split_anew(project: Project) -> Iterator[None]:
    """Have scripts split as the code is now, not as they were before it was patched."""
    assert project.pages(), "they are split by now"
    kept = (scripts._segments, script_parts.parts)  # noqa: SLF001 - only here
    for function in kept:
        function.cache_clear()
    yield
    for function in kept:
        function.cache_clear()


@pytest.mark.usefixtures("split_anew")
def test_a_translation_that_would_change_code(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every form writes what is safe, so one is made to write what is not.
    monkeypatch.setattr(
        "translation.messages.comments.one_line",
        lambda text: f"{text}\nmore()" if text == "和" else text,
    )
    project.translate(ONE_PAGE, {"the sum": "和"})
    line = project.line(ONE_PAGE, "the sum")
    cause = "code: with this translation, its syntax tree changes"
    assert project.found() == [f"{po(ONE_PAGE)}:{line}: {cause}"]


def test_a_broken_glossary(project: Project) -> None:
    project.language.glossary.write_text("english,chinese\ndata\n", "utf-8")
    (found,) = project.found()
    assert found.startswith("locales/zh_CN/glossary.csv:2: ")


def test_a_broken_catalog(project: Project) -> None:
    path = project.language.path(ONE_PAGE)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"msgstr", len(content) // 2)])
    project.edit("recipes/a/two.py", "Everything", "All")
    (found, *_) = project.found()
    assert re.match(rf"{po(ONE_PAGE)}:\d+: the file ends after msgid", found)
    with pytest.raises(TranslationError, match=re.escape(po(ONE_PAGE))):
        project.refresh()
    assert "Everything" in project.catalog("recipes/a/two").text, "nothing is written"


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


@pytest.mark.parametrize("code", ["zh-cn", "JA", "japanese", "qq", "../ja", ""])
def test_unknown_languages(tmp_path: Path, code: str) -> None:
    with pytest.raises(TranslationError, match=r"not a language code.* ja or zh_CN"):
        languages(tmp_path, code, new=True)


@pytest.mark.parametrize("code", ["ja", "zh_CN", "zh_Hant_TW", "pt_BR", "sr@latin"])
def test_known_languages(tmp_path: Path, code: str) -> None:
    (language,) = languages(tmp_path, code, new=True)
    assert language == (code, tmp_path / "locales" / code)
    language.catalogs.mkdir(parents=True)
    assert languages(tmp_path, None, new=False) == [language]
    assert language.is_chinese == code.startswith("zh")


def test_languages_that_are_not_there(tmp_path: Path) -> None:
    hint = "type: nox -s translate -- --language"
    with pytest.raises(TranslationError, match=f"{hint} ja"):
        languages(tmp_path, None, new=True)
    with pytest.raises(TranslationError, match=f"{hint} fr"):
        languages(tmp_path, "fr", new=False)
    with pytest.raises(TranslationError, match="the language of the sources"):
        languages(tmp_path, "en", new=True)
    (tmp_path / "locales/old/LC_MESSAGES").mkdir(parents=True)
    with pytest.raises(TranslationError, match=r"^locales/old: 'old' is not"):
        languages(tmp_path, None, new=False)
