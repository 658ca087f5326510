"""What readers do on the site, done in a real browser."""

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

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


def test_pitfalls_are_chosen_and_sorted(page: Page, address: str) -> None:
    page.goto(f"{address}/zh-cn/recipes/pitfalls/index.html")
    rows = page.locator(".pitfalls tbody tr:visible")
    expect(rows).to_have_count(12)
    page.get_by_label("后果", exact=True).select_option("占用内存")
    expect(rows).to_have_count(1)
    page.get_by_label("后果", exact=True).select_option("")
    page.get_by_role("button", name="阶段").click()
    stages = page.locator(".pitfalls tbody tr td:nth-child(3)").all_inner_texts()
    runs = [stage for stage, _group in groupby(stages)]
    assert len(runs) == len(set(stages)), "equal stages are together"


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
    assert added in copied
    assert copied.startswith("def ")
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
