"""Every page of the complete editions in a real browser: `nox -s browser`.

Of a language that was only begun, the home page and one recipe stand for all.

Not among the tests, since it takes minutes: each page is looked at on a wide and on a
narrow screen, in light and in dark.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe

from editions.edition import editions
from translation.catalogs.languages import complete_languages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

PROJECT: Final = Path(__file__).parents[2]
PARTIAL: Final = ("index.html", "recipes/gradients/zeroing_out_gradients.html")
"""What is looked at in a language that pyproject.toml doesn't list as complete."""
ANSWER: Final = """() => {
    const inShort = document.querySelector("#in-short");
    const bottom = (it) => (it ? it.getBoundingClientRect().bottom + scrollY : 0);
    return inShort && {
        words: bottom(inShort.previousElementSibling),
        output: bottom(inShort.querySelector(".sphx-glr-script-out, .cell_output")),
    };
}"""
"""How far down, in pixels, a page's answer ends, and what its smallest code printed."""
SECTIONS: Final = ("gradients", "training", "pitfalls")
TRANSLATED_ONLY: Final = (".untranslated", ".translation-progress", ".english-changed")
"""Parts of an article in a translation that English has not."""
LISTS: Final = {
    *("recipes/index.html", "guides/error_messages.html"),
    *(f"recipes/{section}/index.html" for section in SECTIONS),
}
"""Pages that lead to answers, and have none of their own."""


class Screen(NamedTuple):
    """What a page is looked at with."""

    width: int
    colors: Literal["light", "dark"]


WIDE: Final = 1360
NARROW: Final = 390
HEIGHT: Final = 900
SCREENS: Final = [
    Screen(WIDE, "light"),
    Screen(WIDE, "dark"),
    Screen(NARROW, "light"),
    Screen(NARROW, "dark"),
]


def names() -> list[str]:
    """Return the pages of an edition, by address."""
    recipes = [
        path.relative_to(PROJECT).with_suffix(".html").as_posix()
        for path in sorted(PROJECT.glob("recipes/*/*.py"))
    ]
    sections = sorted({f"{name.rpartition('/')[0]}/index.html" for name in recipes})
    written = [
        path.relative_to(PROJECT / "docs").with_suffix(".html").as_posix()
        for path in sorted(PROJECT.glob("docs/*/*.md"))
    ]
    lists = ["index.html", "recipes/index.html", "search.html", *sections]
    return [*lists, *written, *recipes]


@pytest.fixture(scope="session")
def address(own_site: Path, serve: Callable[[Path], str]) -> str:
    return serve(own_site)


@pytest.fixture(
    scope="session", params=SCREENS, ids=lambda it: f"{it.width}-{it.colors}"
)
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """Open a tab of one screen, which all pages are looked at with."""
    screen: Screen = request.param
    context = browser.new_context(
        viewport={"width": screen.width, "height": HEIGHT}, color_scheme=screen.colors
    )
    yield context.new_page()
    context.close()


def violations(page: Page, edition: str) -> list[dict[str, Any]]:
    """Return what axe finds on a page.

    Two thirds of its time go to colors. Those of an article are the same on a narrow
    screen as on a wide one, and in a translation as in English: elsewhere, colors are
    asked for only around the article, and of what only a translation has.
    """

    def found(options: dict[str, Any], context: Any = None) -> list[dict[str, Any]]:
        asked = {**options, "resultTypes": ["violations"]}
        return list(Axe().run(page, context, asked).response["violations"])

    if edition == "en" and page.viewport_size == {"width": WIDE, "height": HEIGHT}:
        return found({})
    colors = "color-contrast"
    own = [["body"], *([each] for each in TRANSLATED_ONLY)]
    around = {"include": own, "exclude": [["article"]]}
    return [
        *found({"rules": {colors: {"enabled": False}}}),
        *found({"runOnly": [colors]}, around),
    ]


def addresses() -> Iterator[tuple[str, str]]:
    """Yield what to look at: edition and page."""
    complete = {"en", *complete_languages(PROJECT)}
    for edition in editions(PROJECT):
        for name in names() if edition.language in complete else PARTIAL:
            yield edition.name, name


@pytest.mark.parametrize(("edition", "name"), [*addresses()])
def test_a_page_is_accessible_and_quiet(
    page: Page, address: str, edition: str, name: str
) -> None:
    told: list[str] = []
    asked: list[str] = []

    def on_console(message: object) -> None:
        kind = getattr(message, "type", "")
        if kind in {"error", "warning"}:
            told.append(str(getattr(message, "text", message)))

    def on_request(request: object) -> None:
        asked.append(str(getattr(request, "url", "")))

    page.on("console", on_console)
    page.on("request", on_request)
    page.on("pageerror", lambda error: told.append(str(error)))
    try:
        page.goto(f"{address}/{edition}/{name}")
        found = violations(page, edition)
    finally:
        page.remove_listener("console", on_console)
        page.remove_listener("request", on_request)
    serious = [
        f"{each['id']}: {each['help']}: {each['nodes'][0]['html'][:120]}"
        f" ({len(each['nodes'])} times)"
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]
    assert serious == []
    assert told == []
    own = (address, "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []
    headings = [
        int(each)
        for each in page.eval_on_selector_all(
            "article :is(h1,h2,h3,h4,h5,h6)", "all => all.map(it => it.tagName[1])"
        )
    ]
    assert headings.count(1) == 1, "one title"
    steps = pairwise(headings)
    assert all(after <= before + 1 for before, after in steps), f"order: {headings}"
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, "the page can be scrolled sideways"
    answer = page.evaluate(ANSWER)
    if name.startswith(("recipes/", "guides/")) and name not in LISTS:
        width = page.evaluate("innerWidth")
        assert answer, "the page has an answer, and below it In short"
        assert 0 < answer["words"] <= (1000 if width > 1000 else 1600)
        assert 0 < answer["output"] <= (1200 if width > 1000 else 1600)
    blank = page.eval_on_selector_all(
        "article img",
        "all => all.filter(it => it.complete && !it.naturalWidth).map(it => it.src)",
    )
    assert not [each for each in blank if not re.search(r"\.svg$", each)]
