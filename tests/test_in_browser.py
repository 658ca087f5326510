"""What readers do on the site, done in a real browser."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

RECIPE = "recipes/gradients/zeroing_out_gradients.html"


@pytest.fixture(scope="module")
def address(own_site: Path, serve: Callable[[Path], str]) -> str:
    """Serve the site on this machine alone."""
    return serve(own_site)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("words", "recipe"),
    [
        ("梯度", "zeroing_out_gradients"),
        ("梯度累积", "accumulating_gradients"),
        ("DataLoader", "loading_data"),
        ("优化器 momentum", "new_optimizer_every_step"),
    ],
)
def test_search_finds_chinese_and_english_words(
    page: Page, address: str, words: str, recipe: str
) -> None:
    page.goto(f"{address}/zh-cn/search.html?q={quote(words)}")
    results = page.locator("ul.search li a")
    expect(
        results.filter(
            has=page.locator(f"xpath=self::*[contains(@href, '{recipe}')]")
        ).first
    ).to_be_visible()


def test_search_for_what_is_nowhere_says_so(page: Page, address: str) -> None:
    page.goto(f"{address}/zh-cn/search.html?q={quote('龘')}")
    expect(page.locator("#search-results p.search-summary")).to_contain_text("没有")
    assert page.locator("ul.search li").count() == 0


def test_the_switch_keeps_page_and_place(page: Page, address: str) -> None:
    page.goto(f"{address}/en/{RECIPE}#why-it-happens")
    page.locator(".language-switch-content a[lang='zh-CN']").click()
    expect(page).to_have_url(f"{address}/zh-cn/{RECIPE}#why-it-happens")
    expect(page.locator("#why-it-happens h2")).to_contain_text("为什么会这样")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.locator(".language-switch-content a[lang='en']").click()
    expect(page).to_have_url(f"{address}/en/{RECIPE}#why-it-happens")


def test_the_root_page_sends_readers_to_their_language(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(locale="zh-TW")
    page = context.new_page()
    page.goto(f"{address}/")
    expect(page).to_have_url(f"{address}/zh-cn/index.html")
    context.close()


def test_pitfalls_are_chosen_by_words_and_kinds_and_sorted(
    page: Page, address: str
) -> None:
    pitfalls = f"{address}/zh-cn/recipes/pitfalls/index.html"
    page.goto(pitfalls)
    rows = page.locator(".pitfalls tbody tr:visible")
    expect(rows).to_have_count(12)
    page.get_by_label("影响", exact=True).select_option(label="占用内存")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(f"{pitfalls}?effect=memory")
    page.reload()
    expect(rows).to_have_count(1)
    page.locator(".language-switch-content a[lang='en']").click()
    expect(page).to_have_url(
        re.compile(r"/en/recipes/pitfalls/index.html\?effect=memory")
    )
    expect(rows).to_have_count(1)
    rows.locator("a.chip-effect").click()  # a chip that is on is switched off
    expect(rows).to_have_count(12)
    page.get_by_label("Find in this list").fill("the GRAPH memory")
    expect(rows).to_have_count(1)
    page.get_by_label("Find in this list").fill("there is no such pitfall")
    expect(page.get_by_text("Nothing here is of this kind.")).to_be_visible()
    page.get_by_label("Find in this list").fill("")
    page.get_by_role("button", name="Pitfall").click()
    titles = page.locator(".pitfalls tbody tr td:first-child").all_inner_texts()
    assert [title.lower() for title in titles] == sorted(map(str.lower, titles))


def test_a_tag_chooses_among_a_sections_recipes(page: Page, address: str) -> None:
    page.goto(f"{address}/en/{RECIPE}")
    page.locator(".page-top .chip", has_text="zero_grad").click()
    shown = page.locator(".recipe-cards > li:visible")
    assert 1 < shown.count() < page.locator(".recipe-cards > li").count()
    for card in shown.all():
        assert "zero_grad" in card.inner_text()


def test_a_diff_is_copied_as_the_new_code(browser: Browser, address: str) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{address}/en/recipes/pitfalls/clipping_after_step.html")
    diff = page.locator(".highlight-diff").first
    assert diff.locator(".diff-removed").count() >= 1
    diff.hover()
    diff.locator("button.copybtn").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    added = diff.locator(".diff-added").first.inner_text().strip()
    assert copied.count(added) == 1, "the removed line has the same words"
    assert copied.startswith("optimizer.zero_grad()")
    compile(copied, "copied", "exec")
    context.close()


def test_no_page_asks_another_host_for_anything(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in (
        "en/index.html",
        f"zh-cn/{RECIPE}",
        "en/guides/how_autograd_works.html",
    ):
        page.goto(f"{address}/{name}", wait_until="networkidle")
    strange = [url for url in asked if not url.startswith((address, "data:"))]
    assert asked
    assert not strange
