"""Every page links to itself in the other editions; the reader keeps the place."""

from __future__ import annotations

import hashlib
import shutil
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from conftest import PROJECT

from editions.edition import Edition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bs4.element import Tag
    from conftest import MakeSite, Site
    from playwright.sync_api import Browser, Page

LANGUAGES = {"en": "en", "zh-CN": "zh_CN"}
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
}
# Of furo's frame, which docs/_templates/page.html stands in for.
FURO_PAGE = "a9af6a88f2a5730d"


def build(site: Site, language: str, builder: str = "html") -> dict[str, BeautifulSoup]:
    """Build an edition where it belongs; return its pages by address."""
    done = site.build("-D", f"language={language}", builder=builder)
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
    return make_site({**PAGES, "locales/zh_CN/LC_MESSAGES/index.po": ""}, **SETTINGS)


@pytest.fixture(scope="module")
def editions(site: Site) -> dict[str, dict[str, BeautifulSoup]]:
    return {tag: build(site, language) for tag, language in LANGUAGES.items()}


def alternates(page: BeautifulSoup) -> dict[str, str]:
    """Return what a page's head says of its languages."""
    return {
        str(link["hreflang"]): str(link["href"])
        for link in page.select("head link[rel=alternate][hreflang]")
    }


def switches(page: BeautifulSoup) -> list[list[Tag]]:
    """Return the links of each language switch of a page."""
    return [nav.select("a") for nav in page.select("nav.language-switch[aria-label]")]


def check_links(root: Path, tag: str, address: str, links: list[Tag]) -> None:
    """Check one switch of a page."""
    assert [link["lang"] for link in links] == [*LANGUAGES], address
    current = [link["lang"] for link in links if link.get("aria-current")]
    assert current == [tag], address
    for link in links:
        own = Edition(LANGUAGES[tag]).name
        target = ((root / own / address).parent / str(link["href"])).resolve()
        if target.is_dir():
            target /= "index.html"
        other = Edition(LANGUAGES[str(link["hreflang"])]).name
        assert target == root / other / address, (address, link)
        assert target.is_file(), (address, link)


def test_every_page_has_switches_that_lead_to_the_same_page(
    site: Site, editions: dict[str, dict[str, BeautifulSoup]]
) -> None:
    for tag, pages in editions.items():
        assert pages.keys() >= {"index.html", "one/two.html", "search.html"}
        for address, page in pages.items():
            wide, narrow = switches(page)
            for links in (wide, narrow):
                check_links(site.root / "html", tag, address, links)


def test_pages_may_be_folders(site: Site) -> None:
    built = {tag: build(site, each, "dirhtml") for tag, each in LANGUAGES.items()}
    for tag, pages in built.items():
        for address in ("index.html", "one/two/index.html"):
            page = pages[address]
            check_links(site.root / "dirhtml", tag, address, switches(page)[0])


def test_search_engines_are_told_nothing_where_the_address_is_unknown(
    editions: dict[str, dict[str, BeautifulSoup]],
) -> None:
    # They ask for whole addresses.
    for name in ("index.html", "one/two.html"):
        page = editions["zh-CN"][name]
        assert alternates(page) == {}
        assert not page.select("link[rel=canonical]")


def test_languages_come_into_the_switch_of_a_site_whose_address_is_known(
    make_site: MakeSite,
) -> None:
    where = "https://example.org/recipes"
    site = make_site(PAGES, **SETTINGS, html_baseurl=where)
    assert switches(build(site, "en")["one/two.html"]) == []  # there is no choice
    added = {f"locales/{name}/LC_MESSAGES/index.po": "" for name in ("zh_CN", "ja")}
    site.write(added)
    pages = build(site, "en")
    for address, page in pages.items():
        # More than two are folded away.
        summary = page.select_one("nav.language-switch > details > summary")
        assert summary, address
        assert summary.text == "English"
        assert [link["lang"] for link in switches(page)[0]] == ["en", "ja", "zh-CN"]
    page = pages["one/two.html"]
    assert alternates(page) == {
        "en": f"{where}/en/one/two.html",
        "ja": f"{where}/ja/one/two.html",
        "zh-CN": f"{where}/zh-cn/one/two.html",
        "x-default": f"{where}/en/one/two.html",
    }
    assert alternates(pages["index.html"])["x-default"] == f"{where}/"
    canonical = page.select_one("link[rel=canonical]")
    assert canonical
    assert canonical["href"] == f"{where}/en/one/two.html"
    # A reader of a preview stays in the preview.
    hrefs = [link["href"] for link in switches(page)[0]]
    assert hrefs == ["two.html", "../../ja/one/two.html", "../../zh-cn/one/two.html"]


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
    editions: dict[str, dict[str, BeautifulSoup]],
) -> str:
    """Serve both editions."""
    assert editions
    return serve(site.root / "html")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def follow(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).locator("visible=true").click()


def test_place_and_search_go_along(page: Page, address: str) -> None:
    page.goto(f"{address}/en/one/two.html#a-part")
    follow(page, "简体中文")
    page.wait_for_url(f"{address}/zh-cn/one/two.html#a-part")
    # Also a place that the reader went to on the page.
    page.evaluate("location.hash = '#two'")
    follow(page, "English")
    page.wait_for_url(f"{address}/en/one/two.html#two")
    page.goto(f"{address}/en/search.html?q=part")
    follow(page, "简体中文")
    page.wait_for_url(f"{address}/zh-cn/search.html?q=part")


def test_switch_works_without_scripts(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/en/one/two.html")
    follow(page, "简体中文")
    page.wait_for_url(f"{address}/zh-cn/one/two.html")
    context.close()


@pytest.mark.parametrize(
    ("folder", "other"), [("en", "简体中文"), ("zh-cn", "English")]
)
def test_switch_is_in_sight_at_every_width(
    page: Page, address: str, folder: str, other: str
) -> None:
    page.goto(f"{address}/{folder}/one/two.html")
    for width in (320, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        link = page.get_by_role("link", name=other).locator("visible=true")
        box = link.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
