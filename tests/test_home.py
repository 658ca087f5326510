"""The home page: its question box, the questions asked most, how a page begins."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

EXAMPLE = "recipes/gradients/zeroing_out_gradients.html"
PLACEHOLDERS = {
    "en": "Your question, or an error message",
    "zh-cn": "输入问题或报错信息",
    "ja": "質問またはエラーメッセージを入力",
}
each_edition = pytest.mark.parametrize("edition", PLACEHOLDERS)


def parsed(page: Path) -> BeautifulSoup:
    return BeautifulSoup(page.read_text("utf-8"), "html.parser")


def one(page: BeautifulSoup | Tag, selector: str) -> Tag:
    [found] = page.select(selector)
    return found


def words(tag: Tag) -> str:
    return " ".join(tag.get_text().split())


@each_edition
def test_a_question_leads_to_the_search(own_site: Path, edition: str) -> None:
    form = one(parsed(own_site / edition / "index.html"), "form.home-search")
    assert (own_site / edition / str(form["action"])).is_file()
    field = one(form, "input[name=q][data-search-open]")
    assert field["placeholder"] == PLACEHOLDERS[edition]
    assert field["aria-label"]


@each_edition
def test_six_questions_lead_to_their_answers(own_site: Path, edition: str) -> None:
    links = parsed(own_site / edition / "index.html").select(".home-questions a")
    assert len({str(link["href"]) for link in links}) == 6
    for link in links:
        file, _, anchor = str(link["href"]).partition("#")
        page = parsed(own_site / edition / file)
        assert not anchor or page.find(id=anchor), f"no {anchor} in {file}"


@each_edition
def test_it_shows_how_a_page_begins(own_site: Path, edition: str) -> None:
    """With the words of the edition, and what the recipe printed when it ran."""
    frame = one(parsed(own_site / edition / "index.html"), ".first-screen")
    page = parsed(own_site / edition / EXAMPLE)
    assert one(frame, "a")["href"] == EXAMPLE
    title, answer = frame.select("p")[:2]
    assert words(page.select("h1")[0]).startswith(words(title))
    assert answer in page.select("h1 ~ p")
    output = page.select(".sphx-glr-script-out")[0]
    assert words(one(frame, ".sphx-glr-script-out")) == words(output)
    last = frame.find_all(recursive=False)[-1]
    assert "sphx-glr-script-out" in str(last.get("class")), "the output ends it"
