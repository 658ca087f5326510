"""Each recipe is what docs/contributing/WRITING_RECIPES.md says it has to be.

`test_recipes.py` looks at what recipes print, `test_recipe_claims.py` at their claims.
"""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from recipe_site import chips as pitfall_table
from recipe_site import pitfalls
from recipe_site.assertions import claims, split
from recordings.gallery import scripts as gallery
from recordings.key.in_file_settings import GPU
from recordings.library import open_library
from recordings.store.notebook import from_text

if TYPE_CHECKING:
    from recordings.library import Library
    from recordings.model import Recipe

PROJECT = Path(__file__).parents[1]
PAGES = [
    path.relative_to(PROJECT).with_suffix("").as_posix()
    for path in sorted(PROJECT.glob("recipes/*/*.py"))
]
each_recipe = pytest.mark.parametrize(
    "recipe", PAGES, indirect=True, ids=lambda page: page.rpartition("/")[2]
)

FIRST, LAST = "In short", ["In your own code", "Try it", "Remember", "Learn more"]
SOURCES, LEAST_SOURCES = "Sources", 2
MOST_WORDS, MOST_LINES, MOST_LINES_TRAINED, MOST_LINES_IN_SHORT = 900, 80, 120, 15


WIDTH = 88
"""Of a line, as the linter has it; that does not count prose, and here it does."""

WIDEST = 5.0
"""Inches of a figure: its labels then have 10 pixels on a phone."""
LONGEST, ALL_TOGETHER = 60, 8 * 60
"""Seconds on a quiet machine with two cores."""
TOLERANCE = 3
"""How many times its cost a recipe may have taken when it was recorded.

Recordings are made side by side, often on a busy machine, which doubles their time. A
recipe that takes three times its cost became slower, or its cost is wrong.
"""


@cache
def library() -> Library:
    return open_library(PROJECT / "docs")


@cache
def recipes() -> dict[str, Recipe]:
    return {each.page: each for each in library().recipes if each.kind == "recipe"}


@pytest.fixture
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return recipes()[request.param]


@pytest.fixture
def text(recipe: Recipe) -> str:
    return recipe.path.read_text("utf-8")


@pytest.fixture
def tree(text: str) -> ast.Module:
    return ast.parse(text)


@pytest.fixture
def parts(text: str) -> dict[str, str]:
    """Return code and prose below each heading, in their order."""
    _before, *found = re.split(r"(?m)^(?:# )?(\S.*)\n(?:# )?-{4,}$", text)
    assert len(found[::2]) == len(set(found[::2])), "each heading is there once"
    return dict(zip(found[::2], found[1::2], strict=True))


def is_pitfall(recipe: Recipe) -> bool:
    return recipe.path.parent.name == "pitfalls"


# Sections ----------------------------------------------------------------------------


@each_recipe
def test_sections_are_in_order(recipe: Recipe, parts: dict[str, str]) -> None:
    headings = list(parts)
    assert headings[0] == FIRST, recipe.page
    if headings[-1] == SOURCES:
        headings.pop()
        threads = re.findall(r"(?m)<https://\S+>`__", parts[SOURCES])
        assert len(threads) >= LEAST_SOURCES, "threads where people met it"
    assert headings[-len(LAST) :] == LAST
    assert "Why it happens" in headings
    found = re.findall(r"(?m)^Step (\d+)\. ", "\n".join(headings))
    numbers = [int(each) for each in found]
    assert numbers == list(range(1, len(numbers) + 1)), "steps count from 1"


@each_recipe
def test_a_page_is_short(recipe: Recipe, parts: dict[str, str]) -> None:
    """As a reader sees it: with assertions folded."""
    words, lines = 0, 0
    for block in recipe.blocks:
        if block.kind == "text":
            links = r"<http\S+>|[=-]{4,}|:ref:`\S+`"
            words += len(re.sub(links, "", block.content).split())
        else:
            shown, _claims = split(block.content.strip("\n"))
            lines += len(re.findall(r"(?m)^(?!# sphinx_gallery_).*\S", shown))
    assert words <= MOST_WORDS, f"{words} words"
    trains = "optimizer.step()" in recipe.path.read_text("utf-8")
    assert lines <= (MOST_LINES_TRAINED if trains else MOST_LINES), f"{lines} lines"
    code = [line for line in parts[FIRST].split("\n") if line and line[0] not in "#a"]
    assert len(code) <= MOST_LINES_IN_SHORT, f"{len(code)} lines in short"


@each_recipe
def test_each_heading_opens_a_block(recipe: Recipe) -> None:
    for block in recipe.blocks[1:]:
        if block.kind == "text":
            found = re.findall(r"(?m)^(\S.*)\n-{4,}$", block.content)
            first = block.content.strip().partition("\n")[0]
            assert found in ([], [first]), f"line {block.line}: put # %% above {found}"


@each_recipe
def test_three_things_to_remember(recipe: Recipe, parts: dict[str, str]) -> None:
    said = parts["Remember"]
    assert len(re.findall(r"(?m)^# - ", said)) == 3, recipe.page


@each_recipe
def test_nothing_is_left_to_write(recipe: Recipe, text: str) -> None:
    left = [
        f"{recipe.page}.py:{number}: {line}"
        for number, line in enumerate(text.split("\n"), 1)
        if "TODO" in line
    ]
    assert not left


# Settings ----------------------------------------------------------------------------


@each_recipe
def test_settings_are_the_last_lines(recipe: Recipe, text: str) -> None:
    expected = ["position", "tags", "cost", "needs"]
    if is_pitfall(recipe):
        expected.append("pitfall")
    last = text.rstrip("\n").rpartition("\n\n")[2].split("\n")
    found = [re.match(r"# sphinx_gallery_(\w+) = ", line) for line in last]
    assert all(found), f"only settings, below an empty line: {last}"
    names = [each[1] for each in found if each]
    assert names[: len(expected)] == expected
    assert recipe.settings.get("pitfall", {}).keys() == (
        {*pitfall_table.KNOWN, "group", "symptom"} if is_pitfall(recipe) else set()
    )


@each_recipe
def test_settings_are_well_formed(recipe: Recipe) -> None:
    settings = recipe.settings
    tags = settings["tags"]
    assert 3 <= len(tags) <= 5
    assert len(set(tags)) == len(tags)
    for tag in tags:
        assert tag == tag.strip() != ""
        assert not tag.endswith("_"), f"{tag}: reST takes it for a reference"
    assert re.fullmatch(r"[1-9]\d* s", settings.get("cost", "")), "as in 2 s"
    assert set(settings["needs"]) <= {*library().settings.data, GPU}
    if is_pitfall(recipe):
        said = pitfalls.pitfall(recipe.page, settings)
        assert said["symptom"].endswith("."), "a sentence"


def test_each_position_is_taken_once() -> None:
    """So file names never set the order."""
    taken: dict[tuple[Path, int], str] = {}
    for each in recipes().values():
        place = each.path.parent, each.settings["position"]
        other = taken.setdefault(place, each.name)
        assert other == each.name, f"{other} and {each.name} have place {place[1]}"


# Code --------------------------------------------------------------------------------


@each_recipe
def test_claims_are_folded_and_have_words(recipe: Recipe) -> None:
    for block in recipe.blocks:
        if block.kind != "code":
            continue
        shown, asserted = split(block.content.strip("\n"))
        where = f"{recipe.page}.py:{block.line}"
        if found := re.search(r"(?m)^(for .*\n +)?assert .*", shown):
            line = block.line + shown[: found.start()].count("\n")
            pytest.fail(
                f"{recipe.page}.py:{line}: put assertions at the end of their code "
                f"block, which is folded on the page: {found[0]}"
            )
        silent = [each.code for each in claims(asserted) if not each.words]
        assert not silent, f"{where}: say in plain words what is claimed"


@each_recipe
def test_an_assertion_is_reached_on_every_machine(
    recipe: Recipe, tree: ast.Module
) -> None:
    """At least one is neither behind a condition nor in a function."""

    def is_reached(body: list[ast.stmt]) -> bool:
        return any(
            isinstance(each, ast.Assert)
            or (isinstance(each, ast.For | ast.With) and is_reached(each.body))
            for each in body
        )

    assert is_reached(tree.body), recipe.page


@each_recipe
def test_only_three_packages_are_imported(recipe: Recipe, tree: ast.Module) -> None:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(str(node.module))
    allowed = {"torch", "torchvision", "matplotlib", *sys.stdlib_module_names}
    assert {name.partition(".")[0] for name in names} <= allowed, recipe.page


@each_recipe
def test_the_data_set_is_named_in_one_line(recipe: Recipe, text: str) -> None:
    """So that a reader changes that line, and has a different data set."""
    uses = "Fashion-MNIST" in recipe.settings["needs"]
    assert text.split("\n").count("dataset = datasets.FashionMNIST") == uses
    assert not re.search(r"(?m)^[^#\n]*\bdatasets\.\w+\(", text), "call dataset(…)"


@each_recipe
def test_every_figure_has_a_text_alternative(recipe: Recipe) -> None:
    for block in recipe.blocks:
        if block.kind == "text":
            continue
        where = f"the block at line {block.line}"
        shows = block.content.count("plt.show(")
        assert shows <= 1, f"{where}: one figure"
        alternative = gallery.settings_of_block(block).get("alt_block", "")
        assert bool(alternative) == bool(shows), f"{where}: a figure, an alternative"
        for width in re.findall(r"figsize=\(([\d.]+)", block.content):
            assert float(width) <= WIDEST, f"{where}: its labels are small on a phone"
        if shows:
            below = "\nplt.show()\n# sphinx_gallery_alt_block = "
            assert below in block.content, f"{where}: the alternative is below it"
            assert re.fullmatch(r"[A-Z].{40,}\.", alternative), f"{where}: sentences"


@each_recipe
def test_lines_are_no_longer_than_a_page_is_wide(recipe: Recipe, text: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("# sphinx_gallery_"):
            continue
        # An address cannot be broken, so it may begin a line and leave it.
        counted = re.sub(r"^(# +<)https?://[^>]+", r"\1", line)
        assert len(counted) <= WIDTH, f"{recipe.page}.py:{number}"


# Links -------------------------------------------------------------------------------


@each_recipe
def test_links_lead_to_other_pages(
    recipe: Recipe, text: str, parts: dict[str, str]
) -> None:
    labels = {f"sphx_glr_{page.replace('/', '_')}.py": page for page in PAGES}
    for target in re.findall(r":ref:`(?:[^`<]*<)?([^`>]+)>?`", text):
        assert labels.get(target, recipe.page) != recipe.page, f"no other: {target}"
    for guide in re.findall(r":doc:`(?:[^`<]*<)?/([^`>]+)>?`", text):
        assert (PROJECT / "docs" / f"{guide}.md").is_file(), f"no page: {guide}"
    more = parts["Learn more"]
    assert ":ref:`" in more or ":doc:`" in more, "a link to another page here"
    assert "<https://docs.pytorch.org/" in more, "a link to the official documentation"


# Time --------------------------------------------------------------------------------


def test_recipes_take_as_long_as_they_say() -> None:
    """One after the other: with two at once, as they are recorded, it is less."""
    declared, recorded = [], []
    for recipe in recipes().values():
        path = PROJECT / "docs" / "recordings" / recipe.file
        declared.append(int(recipe.settings["cost"].removesuffix(" s")))
        recorded.append(from_text(path.read_text("utf-8"), path.name).run.seconds)
        assert declared[-1] <= LONGEST, recipe.page
        assert recorded[-1] <= TOLERANCE * declared[-1], recipe.page
    assert sum(declared) <= ALL_TOGETHER
    assert sum(recorded) <= ALL_TOGETHER
