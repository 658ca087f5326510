"""A Chinese page is found by Chinese and by Latin words, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from editions.chinese_search import index_terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import MakeSite
    from playwright.sync_api import Browser, Page

PROJECT = Path(__file__).parent.parent
PAGES = {
    "docs/index.rst": "首页\n====\n\n.. toctree::\n   :hidden:\n\n   recipes/index\n"
    "   clear\n   accumulate\n   other\n",
    "docs/clear.rst": """\
清零梯度
========

每一步之前调用 ``optimizer.zero_grad()``,否则旧的gradient会留下。数据集有十类。

.. code-block:: python

   # 先清空缓存
   model.train()
""",
    "docs/accumulate.rst": """\
小批次
======

"""
    + "这里先说别的事情,不说要找的词。" * 40
    + """

梯度累积让大批次也放得进显存。Two optimizers share one schedule.
""",
    "docs/other.rst": "别的\n====\n\n梯子和温度,累了就积水。数据很多,文集很少。\n",
    "locales/zh_CN/LC_MESSAGES/index.po": "",
}
SAMPLES = [
    "梯度",
    "梯度累积 zero_grad",
    "用zero_grad清零。",
    "Größe naïve",
    "x1 + 2",
    "𠀀𠀁字",
    "々〇",
    "a\uff0cb\uff1b字",
    "",
    "。",
]


@pytest.fixture(scope="module")
def address(make_site: MakeSite, serve: Callable[[Path], str], browser: Browser) -> str:
    """Serve a small Chinese site."""
    assert browser.is_connected()  # where no browser is, nothing is built
    return built(make_site, serve, theme="furo")


def built(make_site: MakeSite, serve: Callable[[Path], str], theme: str) -> str:
    """Build a small Chinese site, and serve it."""
    site = make_site(
        PAGES,
        extensions=["editions"],
        language="zh_CN",
        html_theme=theme,
        html_static_path=[str(PROJECT / "docs/_static")],
    )
    build = site.build()
    assert build.status == 0, build.stderr
    return serve(build.folder)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page; an error in its script is an error of the test."""
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert errors == []


def found(page: Page, address: str, query: str) -> list[str]:
    """Search, and return the addresses of what was found."""
    page.goto(f"{address}/search.html?q={query}")
    page.wait_for_function("document.querySelector('.search-summary')?.innerText")
    links = page.locator("#search-results ul.search > li > a")
    names = (link.get_attribute("href") or "" for link in links.all())
    return sorted({name.partition("#")[0].removesuffix(".html") for name in names})


@pytest.mark.parametrize(
    ("query", "pages"),
    [
        ("梯度", ["accumulate", "clear"]),
        ("清零", ["clear"]),
        ("梯度累积", ["accumulate"]),
        ("显存", ["accumulate"]),
        ("梯", ["accumulate", "clear", "other"]),
        ("清空缓存", ["clear"]),
        ("数据集", ["clear"]),
        ("zero_grad", ["clear"]),
        ("optimizer", ["accumulate", "clear"]),
        ("gradients", ["clear"]),
        ("Optimizer 累积", ["accumulate"]),
        ("累积optimizer", ["accumulate"]),
        ("梯度 model", ["clear"]),
        ("度累积梯", []),
        ("没有这词", []),
    ],
)
def test_words_are_found(
    page: Page, address: str, query: str, pages: list[str]
) -> None:
    assert found(page, address, query) == pages


def test_a_summary_shows_and_marks_what_was_searched(page: Page, address: str) -> None:
    found(page, address, "梯度累积")
    page.wait_for_selector("p.context .highlighted")
    assert page.locator("p.context .highlighted").all_inner_texts() == ["梯度累积"]
    assert "显存" in page.locator("p.context").inner_text()


def test_the_page_marks_what_was_searched(page: Page, address: str) -> None:
    found(page, address, "数据集")
    page.locator("#search-results a").first.click()
    page.wait_for_selector("span.highlighted")
    assert page.locator("span.highlighted").all_inner_texts() == ["数据集"]


@pytest.mark.parametrize("query", ["。", "-", "𠀀", "a", "%2B", "constructor"])
def test_odd_queries_find_nothing_and_break_nothing(
    page: Page, address: str, query: str
) -> None:
    assert found(page, address, query) == []


def test_script_and_index_take_text_apart_alike(page: Page, address: str) -> None:
    page.goto(f"{address}/search.html")
    for sample in SAMPLES:
        asked = page.evaluate("text => splitQuery(text).flatMap(chineseTerms)", sample)
        assert set(asked) <= set(index_terms(sample)), sample
        long = {term for term in index_terms(sample) if not term.startswith("__")}
        assert long <= set(asked), sample


def test_themes_may_load_the_scripts_in_another_order(
    page: Page, make_site: MakeSite, serve: Callable[[Path], str]
) -> None:
    address = built(make_site, serve, theme="basic")
    assert found(page, address, "梯度累积") == ["accumulate"]
    assert found(page, address, "清零 gradients") == ["clear"]
