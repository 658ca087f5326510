"""What comes out the same is confirmed, and stays to the byte; what differs is new."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from stores import printed

from recordings.comparison.confirm import KEPT, merged
from recordings.comparison.verify import Rules
from recordings.key.ingredients import make_key
from recordings.model import (
    CodeBlock,
    Confirmation,
    Ingredients,
    Meaning,
    Recording,
    Run,
)
from recordings.store.notebook import from_text, to_text

SVG = '<svg width="4" height="3"><path d="M {} 2.0"/></svg>'
MEANING = Meaning("f", "a.b", "a", is_class=False, is_explicit=False)
OLD = Ingredients(
    ("digest",),
    settings={"image_scrapers": ["figures.scrape"]},
    packages={"torch": "2.14.1"},
    files={"helper.py": "aa"},
)


def recording(
    loss: str = "0.500",
    *,
    figure: str = "1.0",
    ingredients: Ingredients = OLD,
    year: int = 2026,
    source: str = "print(loss)",
    **run: Any,
) -> Recording:
    """Make a recording of a block that printed a loss and drew a figure."""
    drawn = {
        "output_type": "display_data",
        "data": {"image/svg+xml": SVG.format(figure)},
        "metadata": {"alt": "A line."},
    }
    given = {"seconds": year / 1000, "versions": dict(ingredients.packages), **run}
    return Recording(
        "recipes/first.py",
        make_key(ingredients),
        ingredients,
        Run(f"{year}-07-03T00:00:00Z", threads=1, **given),
        (CodeBlock(source, (printed(f"loss {loss}\n"), drawn), year / 1000),),
    )


def test_outputs_that_agree_stay_and_are_confirmed() -> None:
    upgraded = replace(OLD, packages={"torch": "2.15.0"})
    old = recording()
    new = recording("0.510", figure="7.0", ingredients=upgraded, year=2027, gpu="A GPU")
    new = replace(new, names={"a": (MEANING,)})
    kept = merged(old, new, Rules())
    confirmation = Confirmation(new.run.date, {"torch": "2.15.0"}, gpu="A GPU")
    assert kept == replace(
        old,
        key=new.key,
        ingredients=upgraded,
        confirmations=(confirmation,),
        names=new.names,
    )


DIFFERENT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a number": ({"loss": "0.530"}, {}),
    "a word": ({"loss": "nan"}, {}),
    "the code": ({"ingredients": replace(OLD, blocks=("another",))}, {}),
    "the code, by hand": ({"source": "print(lost)"}, {}),
    "a number, within the project's tolerance": ({"loss": "0.51"}, {"tolerance": 0}),
    "a figure, with a setting": (
        {"figure": "7.0", "ingredients": replace(OLD, settings={"image_scrapers": []})},
        {},
    ),
    "a module": ({"ingredients": replace(OLD, files={"helper.py": "bb"})}, {}),
    "a data set": ({"ingredients": replace(OLD, data={"Numbers": "aa"})}, {}),
    "lines that an output names": ({"ingredients": replace(OLD, lines=(4,))}, {}),
    "nothing that can be compared": ({}, {"settings": {"tolerance": "none"}}),
}


@pytest.mark.parametrize(("given", "rules"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_differs_is_recorded_anew(
    given: dict[str, Any], rules: dict[str, Any]
) -> None:
    old, new = recording(), recording(year=2027, **given)
    assert merged(old, new, Rules(**rules)) is new


def test_without_a_recording_the_new_one_is_kept() -> None:
    assert merged(None, new := recording(), Rules()) is new


SAME: dict[str, dict[str, Any]] = {
    "time and memory": {"peak_memory": 2**30},
    "a comment": {"source": "print( loss )  # said better"},
    "the look of a figure, without a setting": {"figure": "7.0"},
    "a rounding error in a figure, with a setting": {
        "figure": "1.000001",
        "ingredients": replace(OLD, settings={"image_scrapers": ["new.name"]}),
    },
}


@pytest.mark.parametrize("given", SAME.values(), ids=SAME)
def test_what_changed_no_output_changes_no_recorded_one(given: dict[str, Any]) -> None:
    old, new = recording(), recording(year=2027, **given)
    kept = merged(old, new, Rules())
    assert (kept.blocks, kept.run) == (old.blocks, old.run)
    assert (kept.key, kept.ingredients) == (new.key, new.ingredients)
    before, after = (to_text(each).splitlines() for each in (old, kept))
    added = [line for line in after if line not in before]
    removed = [line for line in before if line not in after]
    assert len(added) + len(removed) <= 10, "lines of a difference"


def test_of_each_environment_the_newest_confirmation_is_kept() -> None:
    kept = recording()
    for year in range(2027, 2030):
        for processor in ("AMD", "Intel"):
            kept = merged(kept, recording(year=year, processor=processor), Rules())
    found = [(each.date[:4], each.processor) for each in kept.confirmations]
    assert found == [("2029", "Intel"), ("2029", "AMD")]
    for number in range(2 * KEPT):
        kept = merged(kept, recording(year=2030, processor=f"No. {number}"), Rules())
    assert len(kept.confirmations) == KEPT
    assert kept.confirmations[0].processor == f"No. {2 * KEPT - 1}"
    assert kept.run == recording().run


def test_confirmations_are_read_as_they_were_written() -> None:
    old = recording()
    once = merged(old, recording(year=2027, gpu="é"), Rules())
    kept = merged(once, recording(year=2028), Rules())
    text = to_text(kept)
    assert from_text(text, "first.ipynb") == kept
    assert '"confirmations"' not in to_text(old), "those from before stay as they are"
    lines = [line for line in text.splitlines() if '"2027-07-03' in line]
    assert len(lines) == 1
    assert all(f'"{word}"' in lines[0] for word in ("commit", "gpu", "versions", "é"))
