"""Search finds what readers type: the site's index and scripts, in a real browser."""

from __future__ import annotations

import gzip
import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from sphinx.errors import ExtensionError

from recipe_site.search.synonyms import read_synonyms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import MakeSite, Site
    from playwright.sync_api import Browser, BrowserContext, Page

TWICE = "Trying to backward through the graph a second time"
PASTED = f"""RuntimeError: {TWICE} (or directly access saved
tensors after they have already been freed). Saved intermediate values of the graph
are freed when you call .backward() or autograd.grad()."""
IN_PLACE = """RuntimeError: one of the variables needed for gradient computation has
been modified by an inplace operation: [torch.cuda.FloatTensor [64, 10]], which is
output 0 of AsStridedBackward0, is at version 3; expected version 2 instead."""
NO_GRAD = "element 0 of tensors does not require grad and does not have a grad_fn"

ZEROING = "gradients/zeroing_out_gradients"
CLIPPING = "gradients/clipping_gradients"
ACCUMULATING = "gradients/accumulating_gradients"
TWICE_PAGE = "pitfalls/backward_twice"
IN_PLACE_PAGE = "pitfalls/in_place_on_a_needed_tensor"
RUNNING_LOSS = "pitfalls/running_loss_keeps_the_graph"
PITFALLS = "pitfalls/index"
MESSAGES = "guides/error_messages"
DEBUGGING = "guides/debugging_a_training_run"
NO_GRAD_PAGE = "pitfalls/loss_that_needs_no_grad"
QUESTIONS: dict[str, list[str]] = tomllib.loads(
    (Path(__file__).parent / "data/questions.toml").read_text("utf-8")
)
"""What people ask most, and the page that has to come first, or one of them."""

FIRST = {
    "en": {
        "zero_grad": {ZEROING},
        "optimizer.zero_grad()": {ZEROING},
        "zerograd": {ZEROING},
        "zero grad": {ZEROING},
        "clip_grad_norm_": {CLIPPING},
        "clip grad norm": {CLIPPING},
        "exploding gradients": {CLIPPING},
        "accumulate": {ACCUMULATING},
        "acumulating": {ACCUMULATING},
        TWICE: {TWICE_PAGE},
        PASTED: {TWICE_PAGE, MESSAGES},
        IN_PLACE: {IN_PLACE_PAGE, MESSAGES},
        "does not require grad": {NO_GRAD_PAGE},
        NO_GRAD: {NO_GRAD_PAGE},
        "memory grows": {RUNNING_LOSS},
        "memory leak": {RUNNING_LOSS},
        "loss does not decrease": {DEBUGGING},
        "dataloader": {"training/loading_data"},
        "retain_graph": {TWICE_PAGE},
    },
    "ja": {
        "zero_grad": {ZEROING},
        "ゼロクリア": {ZEROING},
        "勾配のゼロクリア": {ZEROING},
        "勾配爆発": {CLIPPING},
    },
    "zh-cn": {
        "zero_grad": {ZEROING},
        "清零": {ZEROING},
        "梯度清零": {ZEROING},
        "梯度怎么清零": {ZEROING},
        "梯度爆炸": {CLIPPING},
        "exploding gradients": {CLIPPING},
        "梯度累积": {ACCUMULATING},
        "累积梯度": {ACCUMULATING},
        "损失不下降": {DEBUGGING},
        "叶子张量": {"pitfalls/grad_of_a_non_leaf"},
        "显存": {RUNNING_LOSS, "gradients/stopping_gradient_tracking"},
        "内存泄漏": {RUNNING_LOSS},
        "优化器 momentum": {"pitfalls/new_optimizer_every_step"},
        "DataLoader": {"training/loading_data"},
        TWICE: {TWICE_PAGE},
    },
}
"""The page that has to come first, or one of them, by edition and query."""
NOWHERE = ["AMD", "kubernetes", "龘", "。", "", "%", "hasOwnProperty", "<AMD>"]
BUDGET = 160_000
"""Bytes over the wire, compressed, of all that one search loads: 2,500 for a page."""
RECIPE = "recipes/gradients/zeroing_out_gradients.html"


@pytest.fixture(scope="module")
def address(own_site: Path, serve: Callable[[Path], str]) -> str:
    """Serve the site on this machine alone."""
    return serve(own_site)


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Open a page; an error in its script is an error of the test."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert errors == []


def search_all(page: Page, address: str, edition: str, queries: list[str]) -> Any:
    """Return the names of the pages found for each query, best first."""
    page.goto(f"{address}/{edition}/search.html")
    return page.evaluate(
        """async (queries) => {
            const { Engine } = await import("./_static/search/engine.js");
            const engine = new Engine(await (await fetch("search-index.json")).json());
            return queries.map((query) =>
                engine.search(query).map(({ page }) => page.name));
        }""",
        queries,
    )


@pytest.mark.parametrize("edition", FIRST)
def test_the_right_page_comes_first(page: Page, address: str, edition: str) -> None:
    wanted = FIRST[edition]
    found = search_all(page, address, edition, [*wanted])
    first = {
        query: names[0].removeprefix("recipes/") if names else None
        for query, names in zip(wanted, found, strict=True)
    }
    wrong = {query: name for query, name in first.items() if name not in wanted[query]}
    assert not wrong


def test_what_people_ask_most_is_answered_by_the_first_page(
    page: Page, address: str
) -> None:
    found = search_all(page, address, "en", [*QUESTIONS])
    first = dict(zip(QUESTIONS, (names[:1] for names in found), strict=True))
    assert not {
        query: names
        for query, names in first.items()
        if not {*names} & {*QUESTIONS[query]}
    }


@pytest.mark.parametrize("edition", FIRST)
def test_what_is_nowhere_is_not_found(page: Page, address: str, edition: str) -> None:
    assert search_all(page, address, edition, NOWHERE) == [[]] * len(NOWHERE)


def test_a_typo_finds_pages_about_the_word(page: Page, address: str) -> None:
    [found] = search_all(page, address, "en", ["graidents"])
    assert "gradients" in found[0]


def test_an_excerpt_shows_what_was_found(page: Page, address: str) -> None:
    page.goto(f"{address}/en/search.html")
    excerpts = page.evaluate(
        """async () => {
            const { ofProse } = await import("./_static/search/excerpt.js");
            const filler = "A sentence about other things … and more. ".repeat(20);
            const texts = ["Seed it. " + filler, filler + "Seed it. " + filler,
                filler + "Seed it.", filler + "\\nSeed it."];
            return texts.map((text) => ofProse(text, new Map([["seed", 1]])));
        }"""
    )
    for excerpt in excerpts:
        assert [text for text, is_marked in excerpt if is_marked] == ["Seed"]
        assert len("".join(text for text, _is_marked in excerpt)) < 250


@pytest.mark.parametrize("edition", FIRST)
def test_a_search_is_small(own_site: Path, edition: str) -> None:
    folder = own_site / edition
    loaded = [folder / "search-index.json", *folder.glob("_static/search/*")]
    assert len(loaded) > 5
    assert sum(len(gzip.compress(each.read_bytes())) for each in loaded) < BUDGET
    assert not (folder / "searchindex.js").exists()


def test_keys_open_move_and_close(page: Page, address: str) -> None:
    page.goto(f"{address}/en/{RECIPE}")
    dialog = page.locator("dialog.search-dialog")
    field = dialog.locator("input")
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("/")
    page.keyboard.type("a/b")
    expect(field).to_have_value("a/b")
    field.fill("clip_grad_norm_")
    expect(dialog.get_by_role("status")).to_have_text(re.compile(r"\d pages found"))
    links = dialog.locator(".search-results a")
    page.keyboard.press("ArrowDown")
    expect(links.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(links.nth(1)).to_be_focused()
    section = links.nth(1).get_attribute("href")
    assert section
    assert section.startswith(f"{address}/en/recipes/{CLIPPING}.html#")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{address}/en/recipes/{CLIPPING}.html")


@pytest.mark.parametrize(("width", "place"), [(320, "header"), (1360, "sidebar")])
def test_a_box_opens_the_search_at_every_width(
    page: Page, address: str, width: int, place: str
) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(f"{address}/zh-cn/{RECIPE}")
    page.locator(f".search-opener-{place} button").click()
    dialog = page.locator("dialog.search-dialog")
    dialog.locator("input").fill("清零")
    expect(dialog.locator(".search-result mark").first).to_have_text("清零")
    edges = dialog.evaluate("it => [it.scrollWidth, it.clientWidth, innerWidth]")
    assert edges[0] <= edges[1] <= edges[2]
    # A result on this page is in sight once it is chosen.
    dialog.locator(f"a[href*='{RECIPE}#']").first.click()
    expect(dialog).to_be_hidden()
    assert "#" in page.url


def test_nothing_found_offers_the_pitfalls(page: Page, address: str) -> None:
    page.goto(f"{address}/zh-cn/{RECIPE}")
    page.keyboard.press("/")
    page.keyboard.insert_text("<AMD>")
    dialog = page.locator("dialog.search-dialog")
    expect(dialog.get_by_role("status")).to_contain_text("<AMD>")
    elsewhere = dialog.locator(".search-elsewhere a:visible")
    expect(elsewhere).to_have_count(2)
    elsewhere.first.click()
    expect(page).to_have_url(f"{address}/zh-cn/recipes/{PITFALLS}.html")


def test_the_search_page_answers_a_link(page: Page, address: str) -> None:
    page.goto(f"{address}/zh-cn/search.html?q=%E6%B8%85%E9%9B%B6")
    expect(page.locator(".search-results a").first).to_have_attribute(
        "href", f"{address}/zh-cn/{RECIPE}"
    )
    page.locator("input[name=q]").fill("DataLoader")
    expect(page).to_have_url(f"{address}/zh-cn/search.html?q=DataLoader")


def test_without_javascript_the_box_leads_to_the_search_page(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/en/{RECIPE}")
    page.locator(".search-opener-sidebar button").click()
    expect(page).to_have_url(f"{address}/en/search.html?")
    expect(page.locator("noscript p")).to_be_visible()
    context.close()


def test_an_index_that_cannot_be_loaded_is_said(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.route("**/search-index.json", lambda route: route.abort())
    page.goto(f"{address}/en/{RECIPE}")
    page.keyboard.press("/")
    status = page.locator("dialog.search-dialog").get_by_role("status")
    expect(status).to_contain_text("could not be loaded")
    page.keyboard.press("Escape")
    page.unroute("**/search-index.json")
    page.keyboard.press("/")
    page.keyboard.insert_text("momentum")
    expect(status).to_contain_text("pages found")
    page.close()


PAGES = {
    "docs/index.rst": "Home\n====\n\n.. toctree::\n\n   one\n   left/out\n",
    "docs/one.rst": """\
One
===

What it *is* about.

A part
------

Said by :doc:`/left/out`.

:doc:`/left/out`

.. container:: run-card

   Made on a machine.

.. code-block:: python

   import torch

   total = torch.ones(2)
   assert total.sum() == 2
   other = torch.ones(3)

.. container:: sphx-glr-script-out

   .. code-block:: none

      the total
      2
      ValueError:   it is wrong

Learn more
----------

Elsewhere.
""",
    "docs/left/out.rst": "Left out\n========\n\nText.\n",
    "locales/en/synonyms.csv": 'searched,finds\nsum,total\nstart,/one\n"how, why",\n',
}
EXTENSION = {"only_search.py": "from recipe_site.search import setup_search as setup\n"}


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """Make a small site that has nothing of this one but its search."""
    left_out = ["left/*"]
    files = {**PAGES, **EXTENSION}
    return make_site(files, extensions=["only_search"], search_leaves_out=left_out)


def index(site: Site, *, strict: bool = True) -> Any:
    """Build a site, and return its index."""
    build = site.build(strict=strict)
    assert build.status == 0, build.stderr
    return json.loads((build.folder / "search-index.json").read_text("utf-8"))


def test_sections_have_prose_and_code_apart_and_nothing_else(site: Site) -> None:
    made = index(site)
    assert [page["name"] for page in made["pages"]] == ["index", "one", "recipes/index"]
    one = made["pages"][1]
    assert one["address"] == "one.html"
    assert one["sections"] == [
        {"anchor": "", "title": "One", "prose": "What it is about."},
        {
            "anchor": "a-part",
            "title": "A part",
            "prose": "Said by Left out.",
            "code": "total = torch.ones(2)",
            "output": "ValueError: it is wrong",
        },
    ]
    assert ["sum", "total"] in made["synonyms"]


def test_pages_that_are_not_built_again_stay_and_those_removed_go(site: Site) -> None:
    before = index(site)
    site.write({"docs/left/out.rst": "Left out\n========\n\nAnother text.\n"})
    assert index(site) == before
    site.write({"docs/index.rst": "Home\n====\n\nA new text.\n"})
    (site.root / "docs/one.rst").unlink()
    site.write({"locales/en/synonyms.csv": "searched,finds\n"})
    after = index(site, strict=False)
    assert [page["name"] for page in after["pages"]] == ["index", "recipes/index"]
    assert after["pages"][0]["sections"][0]["prose"] == "A new text."


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("from,to\n", "synonyms.csv:1: the first line must be searched,finds"),
        ("searched,finds\nmemory\n", "synonyms.csv:2: write what readers type"),
        ("searched,finds\na,b\nc,/two\n", "synonyms.csv:3: there is no page /two"),
    ],
)
def test_a_wrong_row_of_synonyms_is_named(
    tmp_path: Path, table: str, said: str
) -> None:
    file = tmp_path / "synonyms.csv"
    file.write_text(table, "utf-8")
    with pytest.raises(ExtensionError, match=said):
        read_synonyms(file, {"one"})


def test_what_a_recipe_ran_is_code_and_output(own_site: Path) -> None:
    made = json.loads((own_site / "zh-cn/search-index.json").read_text("utf-8"))
    pages = {page["name"]: page for page in made["pages"]}
    page = pages["recipes/pitfalls/backward_twice"]
    sections = {each["anchor"]: each for each in page["sections"]}
    assert page["group"] == "陷阱"
    assert "torch.nn.RNN" in sections["in-short"]["code"]
    assert TWICE in sections["in-short"]["output"]
    assert "detach()" in sections["in-short"]["code"], "a diff is code"
    guide = pages["guides/how_autograd_works"]["sections"]
    assert sum("code" in each for each in guide) > 5
    assert sum("output" in each for each in guide) > 2
    assert not [name for name in pages if name.startswith("contributing")]
    assert "EPYC" not in json.dumps(made)
