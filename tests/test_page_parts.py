"""What this site adds to pages: rows at the top, folded claims, solutions, cards."""

import ast
import json
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from conftest import MakeSite

RECIPE = '''"""
Adding numbers
==============

Two numbers make a third. There is more.
"""

# %%
# One
# ---
#
# A sum and its claims.

total = 1 + 1
print("total:", total)

# What is claimed of it.
assert total == 2, "the sum is right"
if total:
    assert total > 1

# %%
# What is checked alone:

assert total < 3, "the sum is small"

# %%
# Try it
# ------
#
# **1.** Add other numbers.
#
# **Solution**

print("other:", 2 + 2)

# %%
# They make four.
#
# **2.** There is no solution of this one.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_sums_third.py`
# - `Python <https://www.python.org>`__

# sphinx_gallery_tags = ["sum", "two words"]
'''
OTHER = '''"""
{}
=====

It is short.
"""

print(1)

# sphinx_gallery_tags = ["sum"]
'''


@pytest.fixture(scope="module")
def pages(make_site: MakeSite) -> Path:
    site = make_site(
        {
            "recipes/sums/adding.py": RECIPE,
            "recipes/sums/other.py": OTHER.format("Other"),
            "recipes/sums/third.py": OTHER.format("Third"),
        },
        extensions=["recipe_site", "recordings"],
        repository="me/sums",
    )
    build = site.build()
    assert build.status == 0, build.stderr
    return build.folder


def parsed(pages: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((pages / name).read_text("utf-8"), "html.parser")


@pytest.fixture(scope="module")
def page(pages: Path) -> BeautifulSoup:
    return parsed(pages, "recipes/sums/adding.html")


def one(page: BeautifulSoup | Tag, selector: str) -> Tag:
    (found,) = page.select(selector)
    return found


def test_a_page_can_be_taken_along(page: BeautifulSoup, pages: Path) -> None:
    links = {link.text: link for link in page.select(".page-actions a")}
    downloads = ["Download script", "Download notebook"]
    assert [*links] == ["Run in Colab", *downloads, "Source"]
    colab = "https://colab.research.google.com/github/me/sums/blob/notebooks"
    notebook = "downloads/sums/adding.ipynb"
    assert links["Run in Colab"]["href"] == f"{colab}/en/{notebook}"
    for label, suffix in zip(downloads, (".py", ".ipynb"), strict=True):
        assert links[label]["download"] == f"adding{suffix}"
        assert (pages / "recipes/sums" / str(links[label]["href"])).is_file()
    source = "https://github.com/me/sums/blob/main/recipes/sums/adding.py"
    assert links["Source"]["href"] == source


def test_the_top_says_when_it_ran_and_what_it_is_about(page: BeautifulSoup) -> None:
    assert one(page, ".page-run").text.startswith("Ran on ")
    assert one(page, ".page-run a")["href"] == "#run-card"
    assert page.select("#run-card")
    chips = {chip.text: chip["href"] for chip in page.select(".page-top .chip")}
    assert chips == {
        "sum": "index.html?tag=sum",
        "two words": "index.html?tag=two+words",
    }


def test_assertions_are_claims_that_open(page: BeautifulSoup, pages: Path) -> None:
    first, second = page.select("details.claims")
    assert one(first, "summary").text == "2 claims checked when this ran"
    assert one(second, "summary").text == "1 claim checked when this ran"
    claims = [" ".join(item.text.split()) for item in first.select("li")]
    assert claims == ["The sum is right: total == 2", "total > 1"]
    assert one(first, ".claims-run").text.startswith("Checked on ")
    code = "".join(block.text for block in page.select(".highlight-Python"))
    assert "total = 1 + 1" in code
    assert "assert" not in code
    assert "What is claimed of it" not in code
    # Below the output, which belongs to the code above.
    output = page.find(string="total: 2\n")
    assert output
    assert output.find_next("details") is first
    script = (pages / "downloads/sums/adding.py").read_text("utf-8")
    assert script.count("assert") == 3


def test_a_solution_is_folded_up_to_the_next_exercise(page: BeautifulSoup) -> None:
    solution = one(page, "details.solution")
    assert one(solution, "summary").text == "Solution"
    assert "other: 4" in solution.text
    assert "They make four." in solution.text
    assert "There is no solution" not in solution.text
    assert "There is no solution" in one(page, "#try-it").text


def test_what_is_related_joins_the_list_and_is_there_once(page: BeautifulSoup) -> None:
    listed = [item.text for item in page.select("#learn-more li")]
    assert listed == ["Third", "Other", "Python"]


def test_a_section_lists_its_recipes_with_their_answers(pages: Path) -> None:
    index = parsed(pages, "recipes/sums/index.html")
    titles = [title.text for title in index.select(".recipe-card-title")]
    assert titles == ["Adding numbers", "Other", "Third"]
    card = index.select(".recipe-cards > li")[0]
    assert "Two numbers make a third." in card.text
    assert "There is more." not in card.text
    assert not index.select(".sphx-glr-thumbcontainer")
    words = json.loads(one(index, "#filter-words").text)
    assert words["label"]["tag"] == "Tag"


def test_a_guide_can_be_taken_along_in_both_languages(own_site: Path) -> None:
    codes = []
    for edition, title in (
        ("en", "How autograd works"),
        ("zh-cn", "autograd 的工作原理"),
    ):
        place = own_site / edition / "downloads/guides/how_autograd_works"
        notebook = json.loads(place.with_suffix(".ipynb").read_text("utf-8"))
        assert f"# {title}" in "".join(notebook["cells"][0]["source"])
        cells = [it for it in notebook["cells"] if it["cell_type"] == "code"]
        assert any(cell["outputs"] for cell in cells)
        codes.append(["".join(cell["source"]) for cell in cells])
        script = place.with_suffix(".py").read_text("utf-8")
        assert title in script
        ast.parse(script)
    assert codes[0] == codes[1]


def test_without_a_repository_nothing_leads_to_one(own_site: Path) -> None:
    page = parsed(own_site, "en/recipes/pitfalls/missing_zero_grad.html")
    labels = [link.text for link in page.select(".page-actions a")]
    assert labels == ["Download script", "Download notebook"]
    chips = [chip.text for chip in page.select(".page-top .chip")]
    assert chips[:3] == ["API-specific", "training", "wrong result"]


def test_pictures_have_a_size_and_come_when_needed(own_site: Path) -> None:
    for name in ("recipes/gradients/zeroing_out_gradients.html", "index.html"):
        for picture in parsed(own_site, f"en/{name}").select("article img"):
            assert picture["loading"] == "lazy"
            assert int(str(picture["width"])) > int(str(picture["height"])) > 100
