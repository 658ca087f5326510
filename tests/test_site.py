"""This project's own site, both editions, built by replay and read as a reader does."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from translation.checks.code_equality import difference

PROJECT = Path(__file__).parents[1]
RECIPES = sorted(
    path.relative_to(PROJECT / "recipes").with_suffix("").as_posix()
    for path in (PROJECT / "recipes").glob("*/*.py")
)
ENGLISH = re.compile(r"[A-Za-z][a-z']+(?:[ ,]+[A-Za-z][a-z']+){3}")
"""Four words in a row: names of things have fewer."""
NOT_PROSE = ("code", "em", "pre", "script", "style", "svg", "template")
"""Stressed English is a quotation, such as an error's message read part by part."""
QUOTED = re.compile(r"“[^”]*”|\([^)]*\)|\uff08[^\uff09]*\uff09")


def pages(edition: Path) -> Iterator[tuple[str, BeautifulSoup]]:
    for file in sorted(edition.rglob("*.html")):
        if "_static" not in file.parts:
            yield (
                file.relative_to(edition).as_posix(),
                BeautifulSoup(file.read_text("utf-8"), "html.parser"),
            )


def prose(page: BeautifulSoup) -> Iterator[str]:
    """Yield what is to be in the page's language, as far as it can be seen or heard."""
    for text in page.find_all(string=True):
        if type(text) is NavigableString and not _is_other(text):
            yield str(text)
    for tag in page.select("*"):
        for name in ("alt", "aria-label", "title", "placeholder", "tooltip"):
            if isinstance(value := tag.get(name), str) and not _is_other(tag):
                yield value


def _is_other(node: NavigableString | Tag) -> bool:
    """Tell whether a text is code, output, or a name in another language."""
    return any(
        parent.name in NOT_PROSE
        # Names of pages elsewhere, and of this site in its other languages.
        or "external" in (parent.get("class") or [])
        or (parent.name != "html" and parent.get("lang"))
        for parent in [*([node] if isinstance(node, Tag) else []), *node.parents]
    )


def test_no_english_sentence_stands_on_a_chinese_page(own_site: Path) -> None:
    found = [
        f"{name}: {text.strip()}"
        for name, page in pages(own_site / "zh-cn")
        for text in prose(page)
        if ENGLISH.search(QUOTED.sub("", text))
    ]
    assert not found, "\n".join(found)


def test_every_label_on_a_chinese_page_is_chinese(own_site: Path) -> None:
    labels = {
        str(tag["aria-label"]): name
        for name, page in pages(own_site / "zh-cn")
        for tag in page.select("[aria-label]")
        if not _is_other(tag)
    }
    assert "显示或隐藏“陷阱”下的页面" in labels
    # What is quoted may be a name; what stands around it is not.
    around = {QUOTED.sub("", label): name for label, name in labels.items()}
    found = [
        f"{name}: {label}"
        for label, name in around.items()
        if re.search("[A-Za-z]", label)
    ]
    assert not found, "\n".join(found)


def test_an_english_sentence_would_be_found(own_site: Path) -> None:
    assert any(
        ENGLISH.search(text)
        for _name, page in pages(own_site / "en")
        for text in prose(page)
    )


def test_all_is_translated(own_site: Path) -> None:
    for name, page in pages(own_site / "zh-cn"):
        assert not page.select(".translation-progress, .untranslated"), name


def test_both_editions_have_the_same_pages_and_anchors(own_site: Path) -> None:
    english, chinese = (
        {
            name: [each["id"] for each in page.select("section[id]")]
            for name, page in pages(own_site / edition)
        }
        for edition in ("en", "zh-cn")
    )
    assert english == chinese


@pytest.mark.parametrize("recipe", RECIPES)
def test_downloads_have_one_code_and_one_output(own_site: Path, recipe: str) -> None:
    scripts = [
        (own_site / edition / "downloads" / f"{recipe}.py").read_text("utf-8")
        for edition in ("en", "zh-cn")
    ]
    assert scripts[0] != scripts[1]
    assert difference(*scripts) is None
    for script in scripts:
        ast.parse(script)
    outputs = [
        _outputs(own_site / edition / "downloads" / f"{recipe}.ipynb")
        for edition in ("en", "zh-cn")
    ]
    assert any(outputs[0]), "the notebook holds outputs"
    assert json.dumps(outputs[0]) == json.dumps(outputs[1])


def _outputs(notebook: Path) -> list[object]:
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return [cell["outputs"] for cell in cells if cell["cell_type"] == "code"]
