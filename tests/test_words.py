"""Words that sound translated are on no page: see the style guide's part on words."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PLACES = (
    "recipes/*.rst",
    "recipes/*/*.rst",
    "recipes/*/*.py",
    "docs/*.md",
    "docs/*/*.md",
    "*.md",
)
PAGES = sorted(
    file
    for place in PLACES
    for file in PROJECT.glob(place)
    if not {"_build", "recordings"} & {*file.parts}
)
OF_A_NOUN = "run|loop|set|step|image|batch|mode|example|script|data|network|loss"
WORDS = {
    rf"a (whole )?training(?! ({OF_A_NOUN}))": "training, or a training run",
    "nobody|somebody": "say who",
    "shall": "should, or must",
    "is no (leaf|view|copy|tensor)": "is not a leaf",
    "belongs? into": "belongs in",
    "takes? apart|taken apart": "splits, or reads",
    "spoils?": "ruins, or breaks",
    "what becomes of": "what happens to",
    "hold(s|ing)? (the|this) page": "check",
    "stands?(?! in for)|lies|lives": "is",
    "all the same": "even so, or anyway",
    "takes? along": "carries",
}
"""What is not written, as patterns, and what to write."""


@pytest.mark.parametrize("page", PAGES, ids=lambda it: f"{it.parent.name}/{it.stem}")
def test_a_page_has_no_translated_english(page: Path) -> None:
    for number, line in enumerate(page.read_text("utf-8").split("\n"), 1):
        for words, instead in WORDS.items():
            found = re.search(rf"\b({words})\b", line, re.IGNORECASE)
            assert not found, f"{page}:{number}: {found}: write {instead}"
