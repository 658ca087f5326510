"""An edition is the English site in another language: same code, outputs, anchors."""

import ast
import json
import re
import shutil
from pathlib import Path

import pytest
from conftest import PROJECT, MakeSite, Site

CONF = {"extensions": ["recipe_site", "editions", "recordings"]}
SETTINGS = {
    "exclude_patterns": ["_build"],
    "locale_dirs": ["../locales"],
    "gettext_compact": False,
}
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
PAGE = "Start\n=====\n\nA page.\n\n.. toctree::\n\n   recipes/index\n"


def catalog(translations: dict[str, str], *, fuzzy: tuple[str, ...] = ()) -> str:
    """Write a catalog."""
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
    entries = (
        ("#, fuzzy\n" if message in fuzzy else "")
        + f"msgid {json.dumps(message, ensure_ascii=False)}\n"
        + f"msgstr {json.dumps(text, ensure_ascii=False)}\n"
        for message, text in translations.items()
    )
    return "\n".join([header, *entries])


def project(make_site: MakeSite, recipe_catalog: str) -> Site:
    """Make a project with a Chinese edition."""
    catalogs = "locales/zh_CN/LC_MESSAGES"
    site = make_site(
        {
            "docs/index.rst": PAGE,
            "recipes/sums/adding.py": RECIPE.replace("RUNS", "RUNS_PATH"),
            "recipes/sums/other.py": RECIPE.replace("Adding", "Other").replace(
                "RUNS", "RUNS_PATH"
            ),
            f"{catalogs}/index.po": catalog({"Start": "开始", "A page.": "一个页面。"}),
            f"{catalogs}/recipes/sums/adding.po": recipe_catalog,
        },
        **CONF,
        **SETTINGS,
    )
    for name in ("adding", "other"):
        script = site.root / f"recipes/sums/{name}.py"
        path = (site.root / "runs").as_posix()
        script.write_text(script.read_text("utf-8").replace("RUNS_PATH", path), "utf-8")
    return site


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    """Build both editions once; tests look, and change nothing."""
    site = project(make_site, catalog(TRANSLATIONS))
    english = site.build()
    assert english.status == 0, english.stderr
    chinese = site.build_edition("zh_CN", "-D", "recordings_mode=replay")
    assert chinese.status == 0, chinese.stderr
    return site


def english(site: Site, name: str) -> str:
    return (site.root / "docs/_build/html" / name).read_text("utf-8")


def chinese(site: Site, name: str) -> str:
    return (site.root / "docs/_build/html/zh-cn" / name).read_text("utf-8")


def test_each_recipe_ran_once_for_both_editions(site: Site) -> None:
    assert (site.root / "runs").read_text() == "xx"


def test_the_page_is_in_chinese_with_the_recorded_output(site: Site) -> None:
    page = chinese(site, "recipes/sums/adding.html")
    assert "<h1>把数相加" in page
    assert "打印 <em>总和</em>。" in page
    assert "记录运行次数" in page
    assert ">2\n</pre>" in page
    assert 'lang="zh-CN"' in page
    assert "translation-progress" not in page
    assert "Two numbers" not in page


def test_anchors_are_the_english_ones(site: Site) -> None:
    for name in ("recipes/sums/adding", "recipes/index", "index"):
        of_each = [
            re.findall(r'<section[^>]*id="([^"]*)"', read(site, f"{name}.html"))
            for read in (english, chinese)
        ]
        assert of_each[0] == of_each[1]
        assert of_each[0]


def test_downloads_are_chinese_with_the_english_code_and_outputs(site: Site) -> None:
    address = "downloads/sums/adding"
    texts = [read(site, f"{address}.py") for read in (english, chinese)]
    assert "两个数得到第三个数。" in texts[1]
    code = [ast.dump(_without_docstring(ast.parse(text))) for text in texts]
    assert code[0] == code[1]
    notebooks = [
        json.loads(read(site, f"{address}.ipynb")) for read in (english, chinese)
    ]
    outputs = [
        [cell["outputs"] for cell in book["cells"] if cell["cell_type"] == "code"]
        for book in notebooks
    ]
    assert outputs[0] == outputs[1]
    assert any(outputs[0])
    assert "两个数得到第三个数。" in json.dumps(notebooks[1], ensure_ascii=False)
    for read in (english, chinese):
        page = read(site, "recipes/sums/adding.html")
        for suffix in (".py", ".ipynb", ".zip"):
            assert f'href="../../{address}{suffix}"' in page


def _without_docstring(tree: ast.Module) -> ast.Module:
    tree.body.pop(0)
    return tree


def test_what_is_not_translated_is_english_marked_and_counted(site: Site) -> None:
    page = chinese(site, "recipes/sums/other.html")
    assert '<p class="untranslated" lang="en">Two numbers make a third.</p>' in page
    assert "0 % of this page is translated" in page


def test_a_changed_translation_makes_its_page_again_and_no_other(
    make_site: MakeSite,
) -> None:
    site = project(make_site, catalog(TRANSLATIONS))
    site.build()
    words = ("-D", "recordings_mode=replay")
    site.build_edition("zh_CN", *words)
    changed = dict(TRANSLATIONS, **{"Two numbers make a third.": "新的说法。"})
    catalogs = "locales/zh_CN/LC_MESSAGES"
    site.write({f"{catalogs}/recipes/sums/adding.po": catalog(changed)})
    done = site.build_edition("zh_CN", *words)
    assert "新的说法。" in done.page("recipes/sums/adding.html")
    read = set(re.findall(r"reading sources\.\.\. \[ *\d+%\] (\S+)", done.stdout))
    # The section's page shows the recipe's first sentence, and so does the gallery's.
    assert read <= {"recipes/sums/adding", "recipes/sums/index", "recipes/index"}
    assert "recipes/sums/adding" in read
    for again in (site.build(), site.build_edition("zh_CN", *words)):
        assert "0 added, 0 changed, 0 removed" in again.stdout


def test_fuzzy_text_is_not_used(make_site: MakeSite) -> None:
    fuzzy = catalog(TRANSLATIONS, fuzzy=tuple(TRANSLATIONS))
    site = project(make_site, fuzzy)
    site.build()
    done = site.build_edition("zh_CN", "-D", "recordings_mode=replay")
    page = done.page("recipes/sums/adding.html")
    assert "两个数得到第三个数。" not in page
    assert "0 % of this page is translated" in page


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (catalog(TRANSLATIONS)[:-20], "adding.po:"),
        (catalog(TRANSLATIONS).encode("gb18030").decode("latin-1"), ""),
        (
            catalog(TRANSLATIONS) + '\n\nmsgid "Add them"\nmsgstr "加"\n',
            "stands in line",
        ),
    ],
    ids=["cut", "encoding", "conflict"],
)
def test_a_broken_catalog_stops_the_build_with_file_and_line(
    make_site: MakeSite, text: str, cause: str
) -> None:
    site = project(make_site, catalog(TRANSLATIONS))
    place = "locales/zh_CN/LC_MESSAGES/recipes/sums/adding.po"
    content = text.encode("latin-1") if not cause else text.encode()
    site.write({place: content})
    done = site.run("editions")
    assert done.status == 1
    assert re.match(rf"{place}:\d+: ", done.stderr), done.stderr
    assert cause in done.stderr
    assert "Traceback" not in done.stderr


def test_a_new_language_with_three_messages_changes_nothing_else(
    make_site: MakeSite,
) -> None:
    site = project(make_site, catalog(TRANSLATIONS))
    site.build()
    site.build_edition("zh_CN", "-D", "recordings_mode=replay")
    before = _contents(site.root / "docs/_build/html/zh-cn")
    three = dict([*TRANSLATIONS.items()][:3])
    site.write({"locales/ja/LC_MESSAGES/recipes/sums/adding.po": catalog(three)})
    done = site.build_edition("ja", "-D", "recordings_mode=replay")
    assert done.status == 0, done.stderr
    page = done.page("recipes/sums/adding.html")
    assert "把数相加" in page
    assert "50 % of this page is translated" in page
    site.build_edition("zh_CN", "-D", "recordings_mode=replay")
    assert _contents(site.root / "docs/_build/html/zh-cn") == before


def _contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*.html"))
    return {path.name: path.read_bytes() for path in files}


def test_what_has_no_source_any_more_is_removed(make_site: MakeSite) -> None:
    site = project(make_site, catalog(TRANSLATIONS))
    site.run("editions")
    folder = site.root / "docs/_build/editions/zh-cn"
    assert (folder / "recipes/sums/other.py").is_file()
    (site.root / "recipes/sums/other.py").unlink()
    (site.root / "locales/zh_CN/LC_MESSAGES/index.po").unlink()
    site.run("editions")
    assert not (folder / "recipes/sums/other.py").exists()
    assert not list((folder / "locales").rglob("index.*"))
    assert (folder / "recipes/sums/adding.py").is_file()


def test_what_changed_elsewhere_is_on_the_page(make_site: MakeSite) -> None:
    site = project(make_site, catalog(TRANSLATIONS))
    strings = "locales/zh_CN/LC_MESSAGES/site.po"
    words = ("-D", "recordings_mode=replay")
    site.build()
    site.write({strings: catalog({"Download the script": "旧词"})})
    assert "旧词" in site.build_edition("zh_CN", *words).page(
        "recipes/sums/adding.html"
    )
    # A string of the site, and a sentence in English that the catalog does not have.
    site.write({strings: catalog({"Download the script": "新词"})})
    site.write({"docs/index.rst": PAGE.replace("A page.", "Another page.")})
    done = site.build_edition("zh_CN", *words)
    page = done.page("recipes/sums/adding.html")
    assert "新词" in page
    assert "旧词" not in page
    page = done.page("index.html")
    assert '<p class="untranslated" lang="en">Another page.</p>' in page
    assert "50 % of this page is translated" in page


def test_a_renamed_recipe_leaves_nothing_behind(make_site: MakeSite) -> None:
    site = project(make_site, catalog(TRANSLATIONS))
    words = ("-D", "recordings_mode=replay")
    site.build()
    site.build_edition("zh_CN", *words)
    recipes = site.root / "recipes/sums"
    (recipes / "other.py").rename(recipes / "another.py")
    for done in (site.build(*words), site.build_edition("zh_CN", *words)):
        assert done.status == 0, done.stderr
        found = {path.stem for path in done.folder.glob("recipes/sums/*.html")}
        assert found == {"index", "adding", "another"}
        found = {path.stem for path in done.folder.glob("downloads/sums/*")}
        assert found == {"adding", "another"}


def test_the_lock_of_an_editor_is_no_catalog(make_site: MakeSite) -> None:
    site = project(make_site, catalog(TRANSLATIONS))
    lock = site.root / "locales/zh_CN/LC_MESSAGES/.#index.po"
    lock.symlink_to("somebody@somewhere.1234")
    done = site.run("editions")
    assert done.status == 0, done.stderr


@pytest.mark.parametrize("name", ["zh-TW", "templates"])
@pytest.mark.parametrize("module", ["editions", "translation"])
def test_a_folder_that_is_no_language_is_named(
    make_site: MakeSite, name: str, module: str
) -> None:
    site = make_site({f"locales/{name}/LC_MESSAGES/index.po": ""})
    done = site.run(module)
    assert done.status
    assert done.stderr.startswith(f"locales/{name}: ")
    assert "Traceback" not in done.stderr


def test_a_language_that_went_takes_its_edition_along(make_site: MakeSite) -> None:
    template = "docs/_templates/root.html"
    files = {"locales/ja/LC_MESSAGES/site.po": catalog({"Tags": "x"})}
    site = make_site({**files, template: (PROJECT / template).read_bytes()})
    built, other = site.root / "site/ja/index.html", site.root / "site/mine/a.html"
    site.write({"site/ja/index.html": "", "site/mine/a.html": ""})
    assert site.run("editions", "--site", "site").status == 0
    assert built.is_file()
    shutil.rmtree(site.root / "locales/ja")
    assert site.run("editions", "--site", "site").status == 0
    assert not built.parent.exists()
    assert other.is_file()
    assert not (site.root / "docs/_build/editions/ja").exists()
