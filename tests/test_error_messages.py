"""The index of error messages: what recipes printed, found by what readers paste."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import MakeSite, Site
    from playwright.sync_api import Browser, Page

DATA = Path(__file__).parent / "data"
PASTED: dict[str, dict[str, list[str]]] = tomllib.loads(
    (DATA / "pasted_messages.toml").read_text("utf-8")
)
"""Messages as people have them, by the anchor of the one that has to be found first."""
LEAST_MESSAGES = 30

RECIPE = '''"""
Failing
=======

It fails.
"""

print("before")
print("ValueError: it's 3 times too large")
print("RuntimeError: two lines:\\n\\tthe second\\nand what is not of it")
'''
INDEX = """\
# Messages

```{message-box}
```

```{message} it's … times too large
:recipe: recipes/a/failing

Divide it.
```

```{message} two lines:
:recipe: recipes/a/failing

Join them.
```
"""
FILES = {
    "recipes/a/failing.py": RECIPE,
    "docs/index.md": (
        "# Start\n\n```{toctree}\nrecipes/a/index\nguides/messages\n```\n"
    ),
    "docs/guides/messages.md": INDEX,
}


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    extensions = ["recipe_site", "myst_nb", "recordings"]
    exclude = ["_build", "**.ipynb"]
    return make_site(FILES, extensions=extensions, exclude_patterns=exclude)


def test_a_message_is_shown_as_it_was_printed(site: Site) -> None:
    site.write(FILES)
    build = site.build()
    assert build.status == 0, build.stderr
    page = BeautifulSoup(
        (build.folder / "guides/messages.html").read_text(), "html.parser"
    )
    first, second = page.select("section.message")
    assert first["id"] == "it-s-times-too-large"
    assert first.select("pre")[0].text == "ValueError: it's 3 times too large\n"
    assert second.select("pre")[0].text == "RuntimeError: two lines:\n\tthe second\n"
    assert "Divide it." in first.text
    link = first.select(".message-source a")[0]["href"]
    assert str(link).startswith("../recipes/a/failing.html")


def test_a_message_that_is_worded_differently_now_is_told(site: Site) -> None:
    site.write(FILES)
    site.build()
    site.write({"recipes/a/failing.py": RECIPE.replace("too large", "as large")})
    build = site.build(strict=False)
    said = "recipes/a/failing.py printed no message that begins with “it's … times too"
    assert f"docs/guides/messages.md:6: WARNING: {said}" in build.stderr
    assert "\n  it's 3 times as large" in build.stderr
    unlisted = "it prints “ValueError: it's 3 times as large”, which is not in the"
    assert f"recipes/a/failing.py:2: WARNING: {unlisted}" in build.stderr
    again = site.build(strict=False)
    assert f"recipes/a/failing.py:2: WARNING: {unlisted}" in again.stderr


def test_an_index_follows_what_its_recipes_print_and_are_called(site: Site) -> None:
    site.write(FILES)
    site.build()
    changed = RECIPE.replace("it's 3 times", "it's 4 times")
    site.write({"recipes/a/failing.py": changed})
    printed = (site.build().folder / "guides/messages.html").read_text()
    assert "it's 4 times too large" in printed.replace("&#39;", "'")
    retitled = changed.replace("Failing\n=======", "Falling\n=======")
    site.write({"recipes/a/failing.py": retitled})
    page = (site.build().folder / "guides/messages.html").read_text()
    shown = BeautifulSoup(page, "html.parser").select(".message-source a")
    assert {each.text for each in shown} == {"Falling"}


def test_an_index_shows_a_recipe_that_came_later(site: Site) -> None:
    recipe = "recipes/a/failing.py"
    other = {"recipes/a/other.py": RECIPE.replace("too large", "as large")}
    entry = INDEX.partition("```{message} two")[0].replace("too large", "as large")
    more = entry.partition("```{message} ")
    shown = INDEX + more[1] + more[2].replace(recipe[:-3], "recipes/a/other")
    site.write({**FILES, "docs/guides/messages.md": shown})
    site.build(strict=False)  # the link leads nowhere
    site.write(other)
    build = site.build(strict=False)
    page = (build.folder / "guides/messages.html").read_text().replace("&#39;", "'")
    assert "it's 3 times as large" in page
    (site.root / "recipes/a/other.py").unlink()


def test_an_index_is_left_alone_where_only_a_sentence_changes(site: Site) -> None:
    site.write(FILES)
    page = site.build().folder / "guides/messages.html"
    before = page.stat().st_mtime_ns
    site.write({"recipes/a/failing.py": RECIPE.replace("It fails.", "It still fails.")})
    recipe = (site.build().folder / "recipes/a/failing.html").read_text()
    assert "It still fails." in recipe
    assert page.stat().st_mtime_ns == before


def test_a_message_without_a_recipe_is_an_error(site: Site) -> None:
    site.write(
        {**FILES, "docs/guides/messages.md": "# M\n\n```{message} x\n\ny\n```\n"}
    )
    build = site.build(strict=False)
    assert "docs/guides/messages.md:3" in build.stderr
    assert "add the page that shows it, such as :recipe: recipes/" in build.stderr


# This site's own ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened(
    own_site: Path, serve: Callable[[Path], str], browser: Browser
) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(f"{serve(own_site)}/zh-cn/guides/error_messages.html")
    yield page
    page.close()


def found(page: Page, pasted: str) -> list[str]:
    page.get_by_role("textbox", name="粘贴").fill(pasted)
    links = page.locator(".message-box li a")
    return [str(link.get_attribute("href")) for link in links.all()]


def test_there_are_enough_messages(opened: Page) -> None:
    assert opened.locator("section.message").count() >= LEAST_MESSAGES


@pytest.mark.parametrize("anchor", PASTED)
def test_a_message_is_found_by_what_readers_paste(opened: Page, anchor: str) -> None:
    for pasted in PASTED[anchor]["pasted"]:
        assert found(opened, pasted)[:1] == [f"#{anchor}"], pasted
        shown = opened.locator(f"section.message[id='{anchor}']")
        assert shown.is_visible()


def test_what_is_no_message_leads_to_the_search(opened: Page) -> None:
    assert found(opened, "ModuleNotFoundError: No module named 'torchaudio'") == []
    assert opened.locator("section.message:visible").count() == 0
    link = opened.locator(".message-box a")
    assert "search.html?q=ModuleNotFoundError" in str(link.get_attribute("href"))
    assert found(opened, "") == []
    assert opened.locator("section.message:visible").count() >= LEAST_MESSAGES
