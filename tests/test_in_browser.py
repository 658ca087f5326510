"""What readers do on the site, done in a real browser."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

RECIPE = "recipes/gradients/zeroing_out_gradients.html"
PITFALLS = [
    path.read_text("utf-8")
    for path in Path(__file__).parents[1].glob("recipes/pitfalls/*.py")
]


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
    for language, title in (
        ("zh-CN", "为什么会这样"),
        ("ja", "なぜそうなるのか"),
        ("en", "Why it happens"),
    ):
        switch = page.locator(".language-switch-content")
        switch.locator("summary").click()
        switch.locator(f"a[lang='{language}']").click()
        place = f"{language.lower()}/{RECIPE}#why-it-happens"
        expect(page).to_have_url(f"{address}/{place}")
        expect(page.locator("#why-it-happens h2")).to_contain_text(title)
        assert page.locator("html").get_attribute("lang") == language


def test_the_root_page_sends_readers_to_their_language(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(locale="zh-TW")
    page = context.new_page()
    page.goto(f"{address}/")
    expect(page).to_have_url(f"{address}/zh-cn/index.html")
    context.close()


def test_pitfalls_are_chosen_by_words_and_kinds(page: Page, address: str) -> None:
    pitfalls = f"{address}/zh-cn/recipes/pitfalls/index.html"
    page.goto(pitfalls)
    rows, groups = (
        page.locator(f".pitfalls {it}:visible") for it in ("tbody tr", "h2")
    )
    everything = len(PITFALLS)
    of_memory = sum('"effect": "memory"' in text for text in PITFALLS)
    expect(rows).to_have_count(everything)
    expect(groups).to_have_count(5)
    page.get_by_label("影响", exact=True).select_option(label="占用内存")
    expect(rows).to_have_count(of_memory)
    expect(page).to_have_url(f"{pitfalls}?effect=memory")
    page.reload()
    expect(rows).to_have_count(of_memory)
    switch = page.locator(".language-switch-content")
    switch.locator("summary").click()
    switch.locator("a[lang='en']").click()
    expect(page).to_have_url(
        re.compile(r"/en/recipes/pitfalls/index.html\?effect=memory")
    )
    expect(rows).to_have_count(of_memory)
    rows.first.locator("a.chip-effect").click()  # a chip that is on is switched off
    expect(rows).to_have_count(everything)
    page.get_by_label("Find in this list").fill("GROWS slowly")
    expect(rows).to_have_count(1)
    page.get_by_label("Find in this list").fill("there is no such pitfall")
    expect(page.get_by_text("Nothing here is of this kind.")).to_be_visible()
    expect(groups).to_have_count(0)


def test_a_tag_chooses_among_a_sections_recipes(page: Page, address: str) -> None:
    page.goto(f"{address}/en/{RECIPE}")
    page.locator(".page-top .chip", has_text="zero_grad").click()
    shown = page.locator(".recipe-cards > li:visible")
    assert 1 < shown.count() < page.locator(".recipe-cards > li").count()
    for card in shown.all():
        assert "zero_grad" in card.inner_text()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """Open a page as narrow as a phone's."""
    context = browser.new_context(viewport={"width": 390, "height": 800})
    yield context.new_page()
    context.close()


def test_a_narrow_pages_drawers_open_by_keyboard(phone: Page, address: str) -> None:
    phone.goto(f"{address}/en/{RECIPE}")
    pages, contents = (phone.locator(f".{each}-drawer") for each in ("sidebar", "toc"))
    expect(pages).not_to_be_visible()
    expect(contents).not_to_be_visible()
    phone.keyboard.press("Tab")
    expect(phone.get_by_role("link", name="Skip to content")).to_be_focused()
    phone.keyboard.press("Tab")
    phone.keyboard.press("Space")
    expect(pages).to_be_visible()
    phone.keyboard.press("Space")
    expect(pages).not_to_be_visible()
    phone.keyboard.press("Tab")
    phone.keyboard.press("Space")
    expect(contents).to_be_visible()


def test_code_that_is_wider_than_the_page_scrolls_by_keyboard(
    phone: Page, address: str
) -> None:
    phone.goto(f"{address}/en/{RECIPE}")
    wide = phone.locator("article pre[tabindex]").first
    wide.focus()
    phone.keyboard.press("ArrowRight")
    phone.wait_for_function("document.activeElement.scrollLeft > 0")


def test_downloads_are_saved_under_the_recipes_name(page: Page, address: str) -> None:
    page.goto(f"{address}/zh-cn/{RECIPE}")
    for label, suffix in (("下载脚本", ".py"), ("下载 notebook", ".ipynb")):
        with page.expect_download() as waited:
            page.get_by_role("link", name=label).click()
        assert waited.value.suggested_filename == f"zeroing_out_gradients{suffix}"
        text = waited.value.path().read_text("utf-8")
        if suffix == ".py":
            compile(text, label, "exec")
        else:
            assert json.loads(text)["nbformat"] == 4


def test_print_has_text_and_addresses_and_no_controls(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(f"{address}/en/{RECIPE}")
    page.emulate_media(media="print")
    for gone in (".skip-to-content", ".sidebar-drawer", ".page-actions", ".copybtn"):
        expect(page.locator(gone).first).not_to_be_visible()
    colors = page.locator(".highlight pre").first.evaluate(
        "it => [getComputedStyle(it).color, getComputedStyle(document.body).color]"
    )
    assert colors == ["rgb(0, 0, 0)"] * 2
    link = page.locator("#learn-more a[href^=http]").first
    after = link.evaluate("it => getComputedStyle(it, '::after').content")
    assert "https://docs.pytorch.org" in after
    assert page.pdf()[:4] == b"%PDF"
    context.close()


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
