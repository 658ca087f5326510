"""This project's own site, all editions, built by replay and read as a reader does."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString
from conftest import PROJECT

from translation.catalogs.catalog import Catalog
from translation.catalogs.languages import languages
from translation.checks.code_equality import difference
from translation.sources.sources import recipe_pages

ENGLISH = re.compile(r"[A-Za-z][a-z']+(?:[ ,]+[A-Za-z][a-z']+){3}")
"""Four words in a row: names of things have fewer."""
NOT_PROSE = ("code", "em", "pre", "script", "style", "svg", "template")
"""Stressed English is a quotation, such as an error's message read part by part."""
QUOTED = re.compile(r"“[^”]*”|\([^)]*\)|\uff08[^\uff09]*\uff09")
LISTED = (PROJECT / "docs/guides/error_messages.md").read_text("utf-8")
MESSAGES = re.compile(
    "|".join(
        re.escape(part)
        for message in re.findall(r"(?m)^:::\{message\} (.+)$", LISTED)
        for part in re.split(" … | and |has been ", message)
    ),
    re.IGNORECASE,
)
"""What PyTorch says, in titles and symptoms: readers search for it as it is."""
Pages = Mapping[str, BeautifulSoup]


def read(edition: Path) -> Pages:
    return {
        file.relative_to(edition).as_posix(): BeautifulSoup(
            file.read_text("utf-8"), "html.parser"
        )
        for file in sorted(edition.rglob("*.html"))
        if "_static" not in file.parts
    }


@pytest.fixture(scope="module")
def english(own_site: Path) -> Pages:
    return read(own_site / "en")


@pytest.fixture(scope="module")
def chinese(own_site: Path) -> Pages:
    return read(own_site / "zh-cn")


def prose(page: BeautifulSoup) -> Iterator[str]:
    """Yield what is to be in the page's language, as far as it can be seen or heard."""
    for text in page.find_all(string=True):
        if type(text) is NavigableString and not _is_other(text):
            yield str(text)
    for tag in page.select("[alt], [aria-label], [title], [placeholder], [tooltip]"):
        for name in ("alt", "aria-label", "title", "placeholder", "tooltip"):
            if isinstance(value := tag.get(name), str) and not _is_other(tag):
                yield value


def _is_other(node: NavigableString | Tag) -> bool:
    """Return whether a text is code, output, or a name in another language."""
    return any(
        parent.name in NOT_PROSE
        # Names of pages elsewhere, and of this site in its other languages.
        or "external" in (parent.get("class") or [])
        or (parent.name != "html" and parent.get("lang"))
        for parent in [*([node] if isinstance(node, Tag) else []), *node.parents]
    )


def english_in(pages: Pages) -> Iterator[str]:
    for name, page in pages.items():
        for text in prose(page):
            if ENGLISH.search(QUOTED.sub("", MESSAGES.sub("", text))):
                yield f"{name}: {text.strip()}"


def test_no_english_sentence_is_on_a_chinese_page(
    english: Pages, chinese: Pages
) -> None:
    assert list(english_in(chinese)) == []
    index = {"index.html": english["index.html"]}
    assert list(english_in(index)), "English would be found"


def test_every_label_on_a_chinese_page_is_chinese(chinese: Pages) -> None:
    labels = {
        str(tag["aria-label"]): name
        for name, page in chinese.items()
        for tag in page.select("[aria-label]")
        if not _is_other(tag)
    }
    assert "显示或隐藏“陷阱”下的页面" in labels
    # What is quoted may be a name; what is around it is not.
    around = {QUOTED.sub("", label): name for label, name in labels.items()}
    assert not {label for label in around if re.search("[A-Za-z]", label)}


def test_only_what_is_not_translated_is_marked(chinese: Pages) -> None:
    """Not that all is translated: `nox -s translate -- --complete` asks for that."""
    [language] = languages(PROJECT, "zh_CN", new=False)
    done = [
        recipe.name
        for recipe in recipe_pages(PROJECT)
        if language.path(recipe.name).is_file()
        and {each.msgid for each in recipe.sources}
        <= Catalog.load(language.path(recipe.name)).translations().keys()
    ]
    assert done
    marks = ".translation-progress, .untranslated, .english-changed"
    for name in done:
        assert not chinese[f"{name}.html"].select(marks), name


def test_a_language_that_was_begun_marks_the_rest(own_site: Path) -> None:
    pages = read(own_site / "ja")
    for name in ("index", "recipes/gradients/zeroing_out_gradients"):
        page = pages[f"{name}.html"]
        assert page.html
        assert page.html["lang"] == "ja"
        assert not page.select(".translation-progress, .untranslated"), name
    other = pages["recipes/pitfalls/dying_relu.html"]
    assert other.select(".translation-progress")
    assert other.select('p.untranslated[lang="en"]')
    [title] = other.select("#in-short h2")
    assert title.get_text().startswith("要点"), "what pages share is translated once"


def test_both_editions_have_the_same_pages_and_anchors(
    english: Pages, chinese: Pages
) -> None:
    english_anchors, chinese_anchors = (
        {
            name: [each["id"] for each in page.select("section[id]")]
            for name, page in pages.items()
        }
        for pages in (english, chinese)
    )
    assert english_anchors == chinese_anchors


def test_downloads_have_one_code_and_one_output(own_site: Path) -> None:
    recipes = PROJECT / "recipes"
    for recipe in recipes.glob("*/*.py"):
        address = recipe.relative_to(recipes)
        files = [own_site / name / "downloads" / address for name in ("en", "zh-cn")]
        scripts = [file.read_text("utf-8") for file in files]
        assert scripts[0] != scripts[1], recipe
        assert difference(*scripts) is None, recipe
        outputs = [_outputs(file.with_suffix(".ipynb")) for file in files]
        assert any(outputs[0]), recipe
        assert json.dumps(outputs[0]) == json.dumps(outputs[1]), recipe


def _outputs(notebook: Path) -> list[object]:
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return [cell["outputs"] for cell in cells if cell["cell_type"] == "code"]
