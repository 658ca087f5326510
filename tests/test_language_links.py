"""Every page links to itself in the other editions; the reader keeps the place."""

from __future__ import annotations

import hashlib
import shutil
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from editions.edition import Edition
from editions.language_links import default_address, language_links

if TYPE_CHECKING:
    from collections.abc import Callable

    from bs4.element import Tag
    from conftest import MakeSite, Site
    from playwright.sync_api import Browser

PROJECT = Path(__file__).parent.parent
ENGLISH, CHINESE = Edition("en"), Edition("zh_CN")
SETTINGS = {
    "extensions": ["editions"],
    "html_theme": "furo",
    "templates_path": [str(PROJECT / "docs/_templates")],
    "html_static_path": [str(PROJECT / "docs/_static")],
    "html_css_files": ["site.css"],
}
PAGES = {
    "docs/index.rst": "Home\n====\n\n.. toctree::\n\n   recipes/index\n   one/two\n",
    "docs/one/two.rst": "Two\n===\n\nA part\n------\n\nText.\n",
    "locales/zh_CN/LC_MESSAGES/index.po": "",
}
# Of furo's frame, which docs/_templates/page.html stands in for.
FURO_PAGE = "a9af6a88f2a5730d"


def build(
    site: Site, language: str, builder: str = "html", *arguments: str
) -> dict[str, BeautifulSoup]:
    """Build an edition where it belongs; return its pages by address."""
    options = ("-D", f"language={language}", *arguments)
    done = site.build(*options, builder=builder)
    assert done.status == 0, done.stderr
    folder = site.root / builder / Edition(language).name
    shutil.copytree(done.folder, folder, dirs_exist_ok=True)
    return {
        path.relative_to(folder).as_posix(): BeautifulSoup(
            path.read_text("utf-8"), "html.parser"
        )
        for path in folder.rglob("*.html")
        if "_static" not in path.parts
    }


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    return make_site(PAGES, **SETTINGS)


@pytest.fixture(scope="module")
def english(site: Site) -> dict[str, BeautifulSoup]:
    return build(site, "en")


@pytest.fixture(scope="module")
def chinese(site: Site) -> dict[str, BeautifulSoup]:
    return build(site, "zh_CN")


def alternates(page: BeautifulSoup) -> dict[str, str]:
    """Return what a page's head says of its languages."""
    return {
        str(link["hreflang"]): str(link["href"])
        for link in page.select("head link[rel=alternate][hreflang]")
    }


def switches(page: BeautifulSoup) -> list[list[Tag]]:
    """Return the links of each language switch of a page."""
    return [nav.select("a") for nav in page.select("nav.language-switch")]


def test_every_page_has_a_switch(
    english: dict[str, BeautifulSoup], chinese: dict[str, BeautifulSoup]
) -> None:
    assert {"index.html", "one/two.html", "genindex.html", "search.html"} <= set(
        english
    )
    for own, pages in ((ENGLISH, english), (CHINESE, chinese)):
        for address, page in pages.items():
            for nav in page.select("nav.language-switch"):
                assert nav["aria-label"], address
            found = switches(page)
            assert len(found) == 2, address  # one for wide, one for narrow screens
            for links in found:
                assert [(link["lang"], link["hreflang"]) for link in links] == [
                    ("en", "en"),
                    ("zh-CN", "zh-CN"),
                ]
                current = [link["lang"] for link in links if link.get("aria-current")]
                assert current == [own.tag], address


@pytest.mark.parametrize("builder", ["html", "dirhtml"])
def test_every_link_leads_to_the_same_page(site: Site, builder: str) -> None:
    editions = {each.tag: each.name for each in (ENGLISH, CHINESE)}
    built = {
        each.name: build(site, each.language, builder) for each in (ENGLISH, CHINESE)
    }
    root = site.root / builder
    for name, pages in built.items():
        for address, page in pages.items():
            folder = (root / name / address).parent
            for links in switches(page):
                for link in links:
                    target = (folder / str(link["href"])).resolve()
                    if target.is_dir():
                        target /= "index.html"
                    wanted = root / editions[str(link["hreflang"])] / address
                    assert target == wanted, (address, link)
                    assert target.is_file(), (address, link)
                    assert alternates(page)[str(link["hreflang"])] == link["href"]


def test_others_are_sent_to_english_and_from_home_to_the_root_page(
    chinese: dict[str, BeautifulSoup],
) -> None:
    assert alternates(chinese["index.html"]) == {
        "en": "../en/index.html",
        "zh-CN": "index.html",
        "x-default": "../index.html",
    }
    assert alternates(chinese["one/two.html"])["x-default"] == "../../en/one/two.html"


def test_addresses_are_absolute_where_the_site_is_known(make_site: MakeSite) -> None:
    where = "https://example.org/recipes"
    site = make_site(PAGES, **SETTINGS, html_baseurl=where)
    page = build(site, "zh_CN")["one/two.html"]
    assert alternates(page) == {
        "en": f"{where}/en/one/two.html",
        "zh-CN": f"{where}/zh-cn/one/two.html",
        "x-default": f"{where}/en/one/two.html",
    }
    canonical = page.select_one("link[rel=canonical]")
    assert canonical
    assert canonical["href"] == f"{where}/zh-cn/one/two.html"
    # A reader of a preview stays in the preview.
    assert [link["href"] for link in switches(page)[0]] == [
        "../../en/one/two.html",
        "two.html",
    ]


def test_home_of_a_known_site_names_its_root() -> None:
    known = [ENGLISH, CHINESE]
    where = "https://example.org/"
    assert default_address(known, CHINESE, "", home="", site=where) == where
    links = language_links(known, ENGLISH, "", where)
    assert [link.published for link in links] == [f"{where}en/", f"{where}zh-cn/"]
    assert [link.address for link in links] == ["./", "../zh-cn/"]


def test_one_edition_needs_no_switch(make_site: MakeSite) -> None:
    pages = {name: text for name, text in PAGES.items() if name.startswith("docs")}
    page = build(make_site(pages, **SETTINGS), "en")["index.html"]
    assert switches(page) == []


def test_three_editions_are_folded_away(make_site: MakeSite) -> None:
    pages = {**PAGES, "locales/ja/LC_MESSAGES/index.po": ""}
    page = build(make_site(pages, **SETTINGS), "zh_CN")["index.html"]
    summaries = page.select("nav.language-switch > details > summary")
    assert [summary.text for summary in summaries] == ["简体中文", "简体中文"]
    assert [link["lang"] for link in switches(page)[0]] == ["en", "ja", "zh-CN"]


def test_a_new_language_comes_into_the_switch_of_every_page(
    make_site: MakeSite,
) -> None:
    site = make_site(PAGES, **SETTINGS)
    build(site, "en")
    site.write({"locales/ja/LC_MESSAGES/index.po": ""})
    for address, page in build(site, "en").items():
        assert len(switches(page)[0]) == 3, address


def test_furo_frame_is_the_one_that_ours_was_made_for() -> None:
    """Compare docs/_templates/page.html and partials/ with furo's, then set FURO_PAGE.

    What the style and script of another furo ask for may have changed with its frame.
    """
    theme = files("furo") / "theme/furo"
    texts = [(theme / name).read_bytes() for name in ("page.html", "base.html")]
    assert hashlib.sha256(b"".join(texts)).hexdigest().startswith(FURO_PAGE)


@pytest.fixture(scope="module")
def address(
    site: Site,
    serve: Callable[[Path], str],
    english: dict[str, BeautifulSoup],
    chinese: dict[str, BeautifulSoup],
) -> str:
    """Serve both editions."""
    assert english
    assert chinese
    return serve(site.root / "html")


def test_place_on_the_page_goes_along(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/en/one/two.html#a-part")
    page.get_by_role("link", name="简体中文").locator("visible=true").click()
    page.wait_for_url(f"{address}/zh-cn/one/two.html#a-part")
    # Also a place that the reader went to on the page.
    page.evaluate("location.hash = '#two'")
    page.get_by_role("link", name="English").locator("visible=true").click()
    page.wait_for_url(f"{address}/en/one/two.html#two")
    page.close()


def test_search_goes_along(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/en/search.html?q=part")
    page.get_by_role("link", name="简体中文").locator("visible=true").click()
    page.wait_for_url(f"{address}/zh-cn/search.html?q=part")
    page.close()


def test_switch_works_without_scripts(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/en/one/two.html")
    page.get_by_role("link", name="简体中文").locator("visible=true").click()
    page.wait_for_url(f"{address}/zh-cn/one/two.html")
    context.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("language", ["en", "zh-cn"])
def test_switch_is_in_sight_at_every_width(
    browser: Browser, address: str, width: int, language: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(f"{address}/{language}/one/two.html")
    other = {"en": "简体中文", "zh-cn": "English"}[language]
    link = page.get_by_role("link", name=other).locator("visible=true")
    box = link.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
