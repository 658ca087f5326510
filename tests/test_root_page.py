"""The root page sends readers to their language, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from bs4 import BeautifulSoup
from conftest import PROJECT

from editions.edition import Edition
from editions.root_files import root_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

LANGUAGES = ["en", "de", "zh_CN", "zh_TW"]
TEMPLATES = PROJECT / "docs/_templates"
EDITIONS = [Edition(language) for language in LANGUAGES]


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Path], str]
) -> str:
    """Serve a root page, and a page in each language."""
    folder = tmp_path_factory.mktemp("root")
    (folder / "index.html").write_text(
        root_files(EDITIONS, TEMPLATES, "Recipes")["index.html"], "utf-8"
    )
    for edition in EDITIONS:
        (folder / edition.name).mkdir()
        home = f'<html lang="{edition.tag}"><link rel="icon" href="data:,">'
        (folder / edition.name / "index.html").write_text(home, "utf-8")
    return f"{serve(folder)}/"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page; it fails where something is asked of another host."""
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    context.close()
    assert all(url.startswith(("http://127.0.0.1:", "data:")) for url in asked), asked


@pytest.mark.parametrize(
    ("languages", "edition"),
    [
        (["zh-CN", "en"], "zh-cn"),
        (["zh"], "zh-cn"),
        (["zh-Hans-SG"], "zh-cn"),
        (["zh-HK"], "zh-tw"),
        (["de-AT", "en"], "de"),
        (["fr-FR", "de"], "de"),
        (["fr-FR"], "en"),
        (["not a language", "de"], "de"),
        ([], "en"),
    ],
)
def test_readers_get_their_language(
    page: Page, address: str, languages: list[str], edition: str
) -> None:
    page.add_init_script(
        f"Object.defineProperty(navigator, 'languages', {{get: () => {languages}}});"
        "Object.defineProperty(navigator, 'language', {get: () => undefined})"
    )
    page.goto(address)
    page.wait_for_url(f"{address}{edition}/index.html")


def test_the_browser_setting_counts(browser: Browser, address: str) -> None:
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(f"{address}?q=1#place")
    page.wait_for_url(f"{address}zh-cn/index.html?q=1#place")
    # "Back" does not lead to the root page, which would send forth again.
    assert page.evaluate("history.length") == 2  # the first is the empty page
    context.close()


def test_without_scripts_it_is_a_list_of_links(browser: Browser, address: str) -> None:
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 320, "height": 600}
    )
    page = context.new_page()
    page.goto(address)
    links = page.get_by_role("link")
    assert links.all_inner_texts() == ["English", "Deutsch", "简体中文", "繁體中文"]
    boxes = [link.bounding_box() for link in links.all()]
    assert all(
        box and box["x"] >= 0 and box["x"] + box["width"] <= 320 for box in boxes
    )
    links.nth(2).click()
    page.wait_for_url(f"{address}zh-cn/index.html")
    context.close()


WRONG = {
    "zh-cn/gone": ("de", "zh-CN"),
    "gone/deep/inside": ("de-AT", "de"),
    "gone": ("fr", "en"),
}
"""Places without a page: the reader's language, and the one that is to come first."""


@pytest.fixture(scope="module")
def wrong(
    tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Path], str]
) -> str:
    """Serve what GitHub Pages answers at wrong addresses below `/recipes/`."""
    root = tmp_path_factory.mktemp("wrong")
    known = {"There is no such page": "没有这个页面"}

    def chinese(text: str) -> str:
        return known.get(text, text)

    about = (TEMPLATES, "Recipes", "https://example.org/recipes")
    answer = root_files(EDITIONS, *about, words={"zh-CN": chinese})["404.html"]
    for place in WRONG:
        file = root / "recipes" / place / "index.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(answer, "utf-8")
    return f"{serve(root)}/recipes"


@pytest.mark.parametrize("place", WRONG)
def test_a_wrong_address_is_answered_in_all_languages(
    browser: Browser, wrong: str, place: str
) -> None:
    language, first = WRONG[place]
    context = browser.new_context(locale=language)
    page = context.new_page()
    page.goto(f"{wrong}/{place}/")
    headings = page.get_by_role("heading").all_inner_texts()
    assert sorted(headings) == [*["There is no such page"] * 3, "没有这个页面"]
    assert page.locator("section").first.get_attribute("lang") == first
    assert page.locator("html").get_attribute("lang") == first
    # At any depth, links lead to the site's folder.
    links = page.get_by_role("link").all()
    addresses = [str(link.get_attribute("href")) for link in links]
    assert len(addresses) == 12
    assert all(it.startswith("/recipes/") for it in addresses)
    assert page.locator("meta[name=robots]").get_attribute("content") == "noindex"
    context.close()


def test_robots_are_told_of_the_sitemaps_of_all_editions() -> None:
    files = root_files(EDITIONS, TEMPLATES, "Recipes", "https://example.org/recipes")
    where = "https://example.org/recipes"
    assert files["robots.txt"].endswith(f"\nSitemap: {where}/sitemap.xml\n")
    index = ET.fromstring(files["sitemap.xml"])  # noqa: S314 - our own
    named = [str(sitemap[0].text) for sitemap in index]
    assert named == [f"{where}/{each.name}/sitemap.xml" for each in EDITIONS]
    assert not root_files(EDITIONS, TEMPLATES, "Recipes")["sitemap.xml"].strip()


@pytest.mark.parametrize("site", ["", "https://example.org/recipes"])
def test_search_engines_are_told_of_all_languages(site: str) -> None:
    files = root_files(EDITIONS, TEMPLATES, "Recipes", site)
    page = BeautifulSoup(files["index.html"], "html.parser")
    links = page.select("link[rel=alternate]")
    told = {link["hreflang"]: link["href"] for link in links}
    canonical = [link["href"] for link in page.select("link[rel=canonical]")]
    # They ask for whole addresses.
    assert canonical == ([f"{site}/"] if site else [])
    assert told == (
        {
            "en": f"{site}/en/index.html",
            "de": f"{site}/de/index.html",
            "zh-CN": f"{site}/zh-cn/index.html",
            "zh-TW": f"{site}/zh-tw/index.html",
            "x-default": f"{site}/",
        }
        if site
        else {}
    )
    assert page.select_one("html[lang=en]")
    texts = [each.text for each in page.select("title, h1")]
    assert texts == ["Recipes – PyTorch", "Recipes"]
    assert [link["lang"] for link in page.select("li a")] == [
        link["hreflang"] for link in page.select("li a")
    ]
