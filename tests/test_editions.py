"""An edition is the English site in another language: same code, outputs, anchors."""

import ast
import json
import re
import shutil
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path

import pytest
from catalogs import catalog
from conftest import PROJECT, MakeSite, Site

REPLAY = ("-D", "recordings_mode=replay")
CATALOGS = "locales/zh_CN/LC_MESSAGES"
ADDING = f"{CATALOGS}/recipes/sums/adding.po"
RECIPE = '''"""
Adding numbers
==============

Two numbers make a third.
"""

# %%
# Add them
# --------
#
# The sum is *printed*.

from pathlib import Path

with Path("RUNS").open("a") as runs:  # counts the runs
    runs.write("x")

print(1 + 1)

# sphinx_gallery_tags = ["sum"]
'''
TRANSLATIONS = {
    "Adding numbers": "把数相加",
    "Two numbers make a third.": "两个数得到第三个数。",
    "Add them": "相加",
    "The sum is *printed*.": "打印 *总和*。",
    "counts the runs": "记录运行次数",
    "sum": "总和",
}
THIRD = "Two numbers make a third."
PAGE = "Start\n=====\n\nA page.\n\n.. toctree::\n\n   recipes/index\n"


@pytest.fixture(scope="module")
def site(make_site: MakeSite, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Build both editions once; tests look, and change nothing."""
    runs = tmp_path_factory.mktemp("runs") / "runs"
    recipe = RECIPE.replace("RUNS", runs.as_posix())
    site = make_site(
        {
            "docs/index.rst": PAGE,
            "recipes/sums/adding.py": recipe,
            "recipes/sums/other.py": recipe.replace("Adding", "Other"),
            f"{CATALOGS}/index.po": catalog({"Start": "开始", "A page.": "一个页面。"}),
            ADDING: catalog(TRANSLATIONS),
        },
        extensions=["recipe_site", "editions", "recordings"],
        exclude_patterns=["_build"],
        locale_dirs=["../locales"],
        gettext_compact=False,
    )
    english = site.build()
    assert english.status == 0, english.stderr
    chinese = site.build_edition("zh_CN", *REPLAY)
    assert chinese.status == 0, chinese.stderr
    assert runs.read_text() == "xx", "each recipe ran once for both editions"
    return site


@pytest.fixture(scope="module")
def changing(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Copy the sources and recordings, to be changed."""
    folder = tmp_path_factory.mktemp("changing") / "site"
    unwanted = shutil.ignore_patterns("_build")
    shutil.copytree(site.root, folder, symlinks=True, ignore=unwanted)
    shutil.rmtree(folder / "docs/recipes")
    return Site(folder)


def both(site: Site, name: str) -> Iterator[str]:
    for folder in ("html", "html/zh-cn"):
        yield (site.root / "docs/_build" / folder / name).read_text("utf-8")


def test_the_page_is_in_chinese_with_the_recorded_output(site: Site) -> None:
    _english, page = both(site, "recipes/sums/adding.html")
    for text in ("<h1>把数相加", "打印<em>总和</em>。", "记录运行次数", ">2\n</pre>"):
        assert text in page
    assert 'lang="zh-CN"' in page
    assert "translation-progress" not in page
    assert "Two numbers" not in page


@pytest.mark.parametrize("name", ["recipes/sums/adding", "recipes/index", "index"])
def test_anchors_are_the_english_ones(site: Site, name: str) -> None:
    english, chinese = (
        re.findall(r'<section[^>]*id="([^"]*)"', page)
        for page in both(site, f"{name}.html")
    )
    assert english == chinese
    assert english


def test_downloads_are_chinese_with_the_english_code_and_outputs(site: Site) -> None:
    address = "downloads/sums/adding"
    trees = [ast.parse(text) for text in both(site, f"{address}.py")]
    assert "两个数得到第三个数。" in str(ast.get_docstring(trees[1]))
    code = [[ast.dump(each) for each in tree.body[1:]] for tree in trees]
    assert code[0] == code[1]
    notebooks = [json.loads(text) for text in both(site, f"{address}.ipynb")]
    outputs = [
        [cell["outputs"] for cell in book["cells"] if cell["cell_type"] == "code"]
        for book in notebooks
    ]
    assert outputs[0] == outputs[1]
    assert any(outputs[0])
    assert "两个数得到第三个数。" in json.dumps(notebooks[1], ensure_ascii=False)
    for page in both(site, "recipes/sums/adding.html"):
        for suffix in (".py", ".ipynb"):
            assert f'href="../../{address}{suffix}"' in page


def test_what_is_not_translated_is_english_marked_and_counted(site: Site) -> None:
    _english, page = both(site, "recipes/sums/other.html")
    assert '<p class="untranslated" lang="en">Two numbers make a third.</p>' in page
    assert "0 % of this page is translated" in page


def test_a_changed_translation_makes_its_page_again_and_no_other(
    changing: Site,
) -> None:
    assert changing.build(*REPLAY).status == 0
    assert changing.build_edition("zh_CN", *REPLAY).status == 0
    changed = dict(TRANSLATIONS, **{"Two numbers make a third.": "新的说法。"})
    changing.write({ADDING: catalog(changed)})
    done = changing.build_edition("zh_CN", *REPLAY)
    assert "新的说法。" in done.page("recipes/sums/adding.html")
    read = set(re.findall(r"reading sources\.\.\. \[ *\d+%\] (\S+)", done.stdout))
    # The section's page shows the recipe's first sentence, and so does the gallery's.
    assert read <= {"recipes/sums/adding", "recipes/sums/index", "recipes/index"}
    assert "recipes/sums/adding" in read
    again = changing.build_edition("zh_CN", *REPLAY)
    assert "0 added, 0 changed, 0 removed" in again.stdout


CHANGED = "Two numbers make a fourth."


@pytest.mark.parametrize("is_refreshed", [True, False], ids=["fuzzy", "untouched"])
def test_where_the_english_changed_the_older_text_is_shown_with_what_changed(
    changing: Site, *, is_refreshed: bool
) -> None:
    recipe = changing.root / "recipes/sums/adding.py"
    before = {recipe: recipe.read_text("utf-8")}
    text = before[recipe].replace("a third", "a fourth").replace("counts", "counts all")
    changing.write({"recipes/sums/adding.py": text})
    fuzzy = f'#, fuzzy\n#| msgid "{THIRD}"\nmsgid "{CHANGED}"'
    if is_refreshed:
        known = catalog(TRANSLATIONS).replace(f'msgid "{THIRD}"', fuzzy)
        changing.write({ADDING: known})
    done = changing.build_edition("zh_CN", *REPLAY)
    assert done.status == 0, done.stderr
    page = done.page("recipes/sums/adding.html")
    shown = (
        '<p>两个数得到第三个数。</p>\n<details class="english-changed">'
        "<summary>English changed since</summary>"
        '<p lang="en">Two numbers make a <del>third</del><ins>fourth</ins>.</p>'
    )
    assert shown in page
    assert "记录运行次数" in page, "a comment in code is the older one, too"
    assert "The English of 2 texts has changed since they were translated." in page
    assert "of this page is translated" not in page
    changing.write({"recipes/sums/adding.py": before[recipe]})
    changing.write({ADDING: catalog(TRANSLATIONS)})
    page = changing.build_edition("zh_CN", *REPLAY).page("recipes/sums/adding.html")
    assert "english-changed" not in page


def test_what_a_translation_names_and_is_gone_is_not_shown(changing: Site) -> None:
    """An older text could not be built: its link leads nowhere."""
    start = f"{CATALOGS}/index.po"
    old = {"See :doc:`/gone` for the whole story of it.": "见\\ :doc:`/gone`。"}
    known = {"Start": "开始", "A page.": "一个页面。"}
    changing.write({start: catalog(known | old)})
    new = "A page.\n\nSee the site for the whole story of it."
    changing.write({"docs/index.rst": PAGE.replace("A page.", new)})
    done = changing.build_edition("zh_CN", *REPLAY)
    assert done.status == 0, done.stderr
    assert 'lang="en">See the site for the whole' in done.page("index.html")
    changing.write({"docs/index.rst": PAGE, start: catalog(known)})


def test_a_page_that_sphinx_translates_shows_older_texts_too(changing: Site) -> None:
    new = "Begin here\n==========\n\nA page, with *more* on :doc:`recipes/index`.\n"
    old = {
        "Begin here, then": "从这里开始",
        "A page, with less on it: :doc:`recipes/index`.": "一个页面。",
    }
    changing.write({f"{CATALOGS}/index.po": catalog(old)})
    text = PAGE.replace("Start\n=====\n\nA page.\n", new)
    changing.write({"docs/index.rst": text})
    done = changing.build_edition("zh_CN", *REPLAY)
    known = {"Start": "开始", "A page.": "一个页面。"}
    changing.write({"docs/index.rst": PAGE, f"{CATALOGS}/index.po": catalog(known)})
    assert done.status == 0, done.stderr
    page = done.page("index.html")
    assert "<h1>从这里开始" in page
    assert '<p>一个页面。</p>\n<details class="english-changed">' in page
    assert "The English of 2 texts" in page
    assert "older: " not in page


def test_a_string_whose_english_changed_keeps_its_older_translation(
    changing: Site,
) -> None:
    """But not one that lacks what Python fills in."""
    page = "{{ _('Go to the first page') }} {{ _('%s of them') % 2 }}"
    old = {"Go to the very first page": "回首页", "Two of them": "其中两个"}
    changing.write({f"{CATALOGS}/site.po": catalog(old)})
    template = "docs/_templates/search.html"
    changing.write({template: page})
    made = changing.run("editions")
    assert made.status == 0, made.stderr
    place = "docs/_build/editions/zh-cn/locales/zh_CN/LC_MESSAGES/site.mo"
    with (changing.root / place).open("rb") as file:
        known = GNUTranslations(file)
    assert known.gettext("Go to the first page") == "回首页"
    assert known.gettext("%s of them") == "%s of them"
    (changing.root / template).unlink()
    (changing.root / f"{CATALOGS}/site.po").unlink()


def test_a_translation_that_is_equal_counts(changing: Site) -> None:
    equal = catalog({THIRD: THIRD})
    changing.write({f"{CATALOGS}/recipes/sums/other.po": equal})
    # The script is what it was, and yet its page is not.
    page = changing.build_edition("zh_CN", *REPLAY).page("recipes/sums/other.html")
    assert "16 % of this page is translated" in page


def test_what_changed_elsewhere_is_on_the_page(changing: Site) -> None:
    # A string of the site, and a sentence in English that the catalog does not have.
    changing.write({f"{CATALOGS}/site.po": catalog({"Download script": "新词"})})
    changing.write({"docs/index.rst": PAGE.replace("A page.", "New words here.")})
    done = changing.build_edition("zh_CN", *REPLAY)
    assert "新词" in done.page("recipes/sums/adding.html")
    page = done.page("index.html")
    assert '<p class="untranslated" lang="en">New words here.</p>' in page
    assert "50 % of this page is translated" in page


def test_a_new_language_changes_nothing_else(changing: Site) -> None:
    folder = changing.root / "docs/_build/html/zh-cn"
    changing.build_edition("zh_CN", *REPLAY)
    before = {path: path.read_bytes() for path in folder.rglob("*.html")}
    three = dict([*TRANSLATIONS.items()][:3])
    changing.write({"locales/ja/LC_MESSAGES/recipes/sums/adding.po": catalog(three)})
    done = changing.build_edition("ja", *REPLAY)
    assert done.status == 0, done.stderr
    page = done.page("recipes/sums/adding.html")
    assert "把数相加" in page
    assert "50 % of this page is translated" in page
    changing.build_edition("zh_CN", *REPLAY)
    assert before == {path: path.read_bytes() for path in folder.rglob("*.html")}


def test_a_renamed_recipe_and_a_removed_catalog_leave_nothing(changing: Site) -> None:
    changing.build(*REPLAY)
    changing.build_edition("zh_CN", *REPLAY)
    recipes = changing.root / "recipes/sums"
    (recipes / "other.py").rename(recipes / "another.py")
    (changing.root / CATALOGS / "index.po").unlink()
    english, chinese = changing.build(*REPLAY), changing.build_edition("zh_CN", *REPLAY)
    for done in (english, chinese):
        assert done.status == 0, done.stderr
        found = {path.stem for path in done.folder.glob("recipes/sums/*.html")}
        assert found == {"index", "adding", "another"}
        found = {path.stem for path in done.folder.glob("downloads/sums/*")}
        assert found == {"adding", "another"}
    edition = changing.root / "docs/_build/editions/zh-cn"
    assert not [path for path in edition.rglob("other.*") if "docs" not in path.parts]
    assert not list((edition / "locales").rglob("index.*"))


BROKEN = {
    "cut": (catalog(TRANSLATIONS)[:-20].encode(), "adding.po:"),
    "encoding": (catalog(TRANSLATIONS).encode("gb18030"), ""),
    "conflict": (
        f'{catalog(TRANSLATIONS)}\n\nmsgid "Add them"\nmsgstr "加"\n'.encode(),
        "duplicate of line",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_catalog_is_named_and_holds_up_no_other_page(
    changing: Site, name: str
) -> None:
    content, cause = BROKEN[name]
    changing.write({ADDING: content})
    changing.write({f"{CATALOGS}/index.po": catalog({"Start": "开始"})})
    made = changing.run("editions")
    done = [changing.build_edition("zh_CN", *REPLAY) for _again in range(2)]
    english = changing.build(*REPLAY)
    changing.write({ADDING: catalog(TRANSLATIONS)})
    assert (made.status, english.status) == (0, 0), english.stderr
    assert re.match(rf"{ADDING}:\d+: ", made.stderr), made.stderr
    assert cause in made.stderr
    assert "Traceback" not in made.stderr
    for build in done:  # a fault is told again, even if no page is made anew
        assert build.status == 1
        assert f"WARNING: {made.stderr.strip()}" in build.stderr
    assert "0 % of this page is translated" in done[0].page("recipes/sums/adding.html")
    assert "开始" in done[0].page("index.html")


def test_what_is_no_catalog_and_no_recipe_is_left_alone(changing: Site) -> None:
    lock = changing.root / CATALOGS / ".#index.po"  # an editor's
    lock.symlink_to("person@host.1234")
    unreadable = {"latin.py": "#é".encode("latin-1"), "broken.py": b"if 1\n"}
    changing.write({f"recipes/sums/{name}": text for name, text in unreadable.items()})
    done = changing.run("editions")
    assert done.status == 0, done.stderr
    made = changing.root / "docs/_build/editions/zh-cn/recipes/sums"
    for name, text in unreadable.items():
        assert (made / name).read_bytes() == text


@pytest.mark.parametrize("module", ["editions", "translation"])
def test_a_folder_that_is_no_language_is_named(
    make_site: MakeSite, module: str
) -> None:
    for name in ("zh-TW", "templates", "en"):
        done = make_site({f"locales/{name}/LC_MESSAGES/index.po": ""}).run(module)
        assert done.status
        assert done.stderr.startswith(f"locales/{name}: ")
        assert "Traceback" not in done.stderr


def test_a_language_that_went_takes_its_edition_along(make_site: MakeSite) -> None:
    template = "docs/_templates/root/index.html"
    site = make_site(
        {
            "locales/ja/LC_MESSAGES/site.po": catalog({"Tags": "x"}),
            template: (PROJECT / template).read_bytes(),
            "site/ja/index.html": "",
            "site/mine/a.html": "",
        }
    )
    for is_there in (True, False):
        done = site.run("editions", "--site", "site")
        assert done.status == 0, done.stderr
        assert (site.root / "site/ja").exists() is is_there
        assert (site.root / "docs/_build/editions/ja").exists() is is_there
        shutil.rmtree(site.root / "locales/ja", ignore_errors=True)
    assert (site.root / "site/mine/a.html").is_file()
    assert "ja" not in Path(site.root / "site/index.html").read_text("utf-8")
