"""Each recipe is what docs/contributing/WRITING_RECIPES.md says.

Here stands what a machine can see of that. What recipes print is looked at in
`test_recipes.py`, what they claim in `test_recipe_claims.py`.
"""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import deprecated_calls
import pytest
from recipe_files import PROJECT, RECIPES, Recipe, is_text, read

from recipe_site import pitfalls as pitfall_table
from recordings.gallery import scripts as gallery
from recordings.running.dask import GPU
from recordings.settings import from_namespace
from recordings.settings import read as read_conf
from recordings.store.notebook import from_text
from translation.catalogs.catalog import Catalog
from translation.catalogs.languages import languages
from translation.sources.sources import recipe_pages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from translation.sources.sources import Page

each_recipe = pytest.mark.parametrize(
    "recipe", RECIPES, indirect=True, ids=lambda file: PurePosixPath(file).stem
)

OPENING = ["What you will learn", "What you need"]
CLOSING = ["What to remember", "Learn more"]
OF_A_PITFALL = [
    *("What it looks like", *OPENING, "The setting", "The mistake", "The repair"),
    *("Side by side", "How to notice it", "Sources", *CLOSING),
]

WIDTH = 88
"""Of a line, as the linter has it; that does not count prose, and here it does."""

LONGEST, ALL_TOGETHER = 60, 8 * 60
"""Seconds on a quiet machine with two cores."""
TOLERANCE = 3
"""How many times its cost a recipe may have taken when it was recorded.

The cost is what a reader on a quiet machine waits. A recording is made beside others,
one a core, and often on a machine that has more to do; that doubled times when it was
measured. What takes more than three times as long has not met a busy machine: its cost
is wrong, or it became slower.
"""


@pytest.fixture
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return read(request.param)


# Sections ----------------------------------------------------------------------------


@each_recipe
def test_sections_stand_in_their_order(recipe: Recipe) -> None:
    headings = list(recipe.parts)
    if recipe.section == "pitfalls":
        assert headings == OF_A_PITFALL
        return
    assert headings[:2] == OPENING
    assert headings[-2:] == CLOSING
    steps = headings[2:-2]
    assert steps, "there is something between what you need and what to remember"
    numbers = [
        int(found) for found in re.findall(r"(?m)^Step (\d+)\. ", "\n".join(steps))
    ]
    assert numbers == list(range(1, len(numbers) + 1)), "steps count from 1"


@each_recipe
def test_each_heading_opens_a_block(recipe: Recipe) -> None:
    for block in recipe.blocks[1:]:
        if is_text(block):
            found = re.findall(r"(?m)^(\S.*)\n-{4,}$", block.content)
            first = block.content.strip().partition("\n")[0]
            assert found in ([], [first]), f"line {block.line}: put # %% above {found}"


@each_recipe
def test_three_things_to_remember(recipe: Recipe) -> None:
    said = recipe.parts["What to remember"]
    assert len(re.findall(r"(?m)^# - ", said)) == 3, said


# Settings ----------------------------------------------------------------------------


@each_recipe
def test_settings_are_the_last_lines(recipe: Recipe) -> None:
    expected = ["position", "tags", "cost", "needs"]
    if recipe.section == "pitfalls":
        expected.append("pitfall")
    last = recipe.text.rstrip("\n").rpartition("\n\n")[2].split("\n")
    found = [re.match(r"# sphinx_gallery_(\w+) = ", line) for line in last]
    assert all(found), f"only settings, behind an empty line: {last}"
    names = [each[1] for each in found if each]
    assert names[: len(expected)] == expected
    assert recipe.settings.get("pitfall", {}).keys() == (
        {*pitfall_table.KNOWN, "symptom"} if "pitfall" in expected else set()
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
    assert re.fullmatch(r"[1-9]\d* s", settings["cost"])
    known = {*from_namespace(read_conf(PROJECT / "docs")).data, GPU}
    assert set(settings["needs"]) <= known
    if recipe.section == "pitfalls":
        said = pitfall_table.pitfall(recipe.page, settings)
        assert said["symptom"].endswith("."), "a sentence"


@pytest.mark.parametrize("section", sorted({read(file).section for file in RECIPES}))
def test_positions_count_from_one(section: str) -> None:
    """Each place is taken once, so the order is that of nobody's file names."""
    places = sorted(
        read(file).settings["position"]
        for file in RECIPES
        if read(file).section == section
    )
    assert places == list(range(1, len(places) + 1))


@each_recipe
def test_prose_says_what_the_settings_say(recipe: Recipe) -> None:
    need = " ".join(recipe.parts["What you need"].split())
    cost = recipe.settings["cost"].replace(" s", " seconds")
    assert f"About {cost} on two CPU cores" in need
    uses = "Fashion-MNIST" in recipe.settings["needs"]
    assert ("Fashion-MNIST" in need) == uses
    if recipe.section == "pitfalls":
        looks = recipe.parts["What it looks like"]
        for name in pitfall_table.KNOWN:
            line = f"- {name.capitalize()}: {recipe.settings['pitfall'][name]}"
            assert line in looks.split("\n")


# Code --------------------------------------------------------------------------------


@each_recipe
def test_an_assertion_is_reached_on_every_machine(recipe: Recipe) -> None:
    """At least one stands neither behind a condition nor in a function."""

    def reached(body: Sequence[ast.stmt]) -> bool:
        return any(
            isinstance(each, ast.Assert)
            or (isinstance(each, ast.For | ast.With) and reached(each.body))
            for each in body
        )

    assert reached(recipe.tree.body)


@each_recipe
def test_only_three_packages_are_imported(recipe: Recipe) -> None:
    allowed = {"torch", "torchvision", "matplotlib", *sys.stdlib_module_names}
    for node in ast.walk(recipe.tree):
        if isinstance(node, ast.Import):
            assert {alias.name.partition(".")[0] for alias in node.names} <= allowed
        elif isinstance(node, ast.ImportFrom):
            assert str(node.module).partition(".")[0] in allowed


@each_recipe
def test_the_data_set_is_named_in_one_line(recipe: Recipe) -> None:
    """So that a reader changes that line, and has another data set."""
    uses = "Fashion-MNIST" in recipe.settings["needs"]
    lines = recipe.text.split("\n")
    assert lines.count("dataset = datasets.FashionMNIST") == uses
    named = [
        node
        for node in ast.walk(recipe.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("datasets.")
    ]
    assert not named, "call dataset(…)"


@each_recipe
def test_every_figure_has_a_text_alternative(recipe: Recipe) -> None:
    for block in recipe.blocks:
        if is_text(block):
            continue
        where = f"the block at line {block.line}"
        shows = block.content.count("plt.show(")
        assert shows <= 1, f"{where}: one figure"
        alternative = gallery.settings_of_block(block).get("alt_block", "")
        assert bool(alternative) == bool(shows), f"{where}: a figure, an alternative"
        if shows:
            below = "\nplt.show()\n# sphinx_gallery_alt_block = "
            assert below in block.content, f"{where}: the alternative stands below it"
            assert re.fullmatch(r"[A-Z].{40,}\.", alternative), f"{where}: sentences"
    if recipe.section == "pitfalls":
        assert "plt.show()" in recipe.parts["Side by side"]


@each_recipe
def test_nothing_deprecated_is_called(recipe: Recipe) -> None:
    found = list(deprecated_calls.find(recipe.text))
    assert not found, "\n".join(found)


@each_recipe
def test_lines_are_no_longer_than_a_page_is_wide(recipe: Recipe) -> None:
    for number, line in enumerate(recipe.text.split("\n"), 1):
        if line.startswith("# sphinx_gallery_"):
            continue
        # An address cannot be broken, so it may begin a line and leave it.
        counted = re.sub(r"^(# +<)https?://[^>]+", r"\1", line)
        assert len(counted) <= WIDTH, f"line {number}: {len(line)} characters"


# Links -------------------------------------------------------------------------------


@each_recipe
def test_links_lead_to_pages_that_exist(recipe: Recipe) -> None:
    labels = {f"sphx_glr_{file.replace('/', '_')}": file for file in RECIPES}
    targets = re.findall(r":ref:`(?:[^`<]*<)?([^`>]+)>?`", recipe.text)
    for target in targets:
        assert labels.get(target, recipe.file) != recipe.file, f"no other: {target}"
    guides = re.findall(r":doc:`(?:[^`<]*<)?/([^`>]+)>?`", recipe.text)
    for guide in guides:
        assert (PROJECT / "docs" / f"{guide}.md").is_file(), f"no page: {guide}"
    more = recipe.parts["Learn more"]
    assert ":ref:`" in more or ":doc:`" in more, "a link to another page here"
    assert "<https://docs.pytorch.org/" in more, "a link to the official documentation"


# Languages ---------------------------------------------------------------------------


@cache
def pages() -> Mapping[str, Page]:
    return {page.name: page for page in recipe_pages(PROJECT)}


@each_recipe
def test_the_chinese_is_complete(recipe: Recipe) -> None:
    """Every message of the file is translated, its figures' alternatives too."""
    [chinese] = languages(PROJECT, "zh_CN", new=False)
    path = chinese.path(recipe.page)
    assert path.is_file(), "type: nox -s translate"
    known = Catalog.load(path).translations()
    missing = [
        f"line {source.line}: {source.msgid}"
        for source in pages()[recipe.page].sources
        if source.msgid not in known
    ]
    assert not missing, "missing or fuzzy:\n" + "\n".join(missing)


# Time --------------------------------------------------------------------------------


def declared(recipe: Recipe) -> int:
    return int(str(recipe.settings["cost"]).removesuffix(" s"))


def recorded(recipe: Recipe) -> float:
    path = PROJECT / "docs" / "recordings" / f"{recipe.page}.ipynb"
    return from_text(path.read_text("utf-8"), path.name).run.seconds


@each_recipe
def test_it_takes_as_long_as_it_says(recipe: Recipe) -> None:
    assert declared(recipe) <= LONGEST
    assert recorded(recipe) <= TOLERANCE * declared(recipe)


def test_all_together_take_eight_minutes_at_most() -> None:
    """One after the other: with two at once, as they are recorded, it is less."""
    recipes = [read(file) for file in RECIPES]
    assert sum(map(declared, recipes)) <= ALL_TOGETHER
    assert sum(map(recorded, recipes)) <= ALL_TOGETHER
