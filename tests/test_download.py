"""The notebook download: what is in it, and that it runs."""

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

import nbformat
import pytest
from conftest import MakeSite
from nbclient import NotebookClient

from recordings.model import Block, CodeBlock, Output
from recordings.page.notebook_download import notebook

PICTURE: Output = {
    "output_type": "display_data",
    "data": {"image/svg+xml": "<svg/>", "text/x-rst": ".. image:: {picture-1}"},
    "metadata": {"alt": "Nothing."},
}
REST: Output = {
    "output_type": "display_data",
    "data": {"text/x-rst": ".. raw:: html"},
    "metadata": {},
}
FAILURE: Output = {
    "output_type": "error",
    "ename": "ZeroDivisionError",
    "evalue": "division by zero",
    "traceback": ["ZeroDivisionError: division by zero"],
}


def printed(text: str) -> Output:
    return {"output_type": "stream", "name": "stdout", "text": text}


def result(text: str) -> Output:
    return {
        "output_type": "execute_result",
        "data": {"text/plain": text},
        "metadata": {},
    }


def gave(*outputs: Output) -> CodeBlock:
    return CodeBlock("", outputs)


def page(*blocks: str) -> list[Block]:
    """Make blocks: a text block is `"…"`, code is anything else."""
    return [
        Block("text" if content.startswith('"') else "code", content, line)
        for line, content in enumerate(blocks, 1)
    ]


def outputs_of(made: dict[str, Any]) -> list[tuple[str, list[Output]]]:
    return [
        (cell["source"], cell["outputs"])
        for cell in made["cells"]
        if cell["cell_type"] == "code"
    ]


RECIPE = page(
    '"Title"', "\nx = 1\nprint(x)\n\n", '"Next"', "x + 1\n", "# the end\n", "1 / 0"
)
GIVEN = (
    None,
    gave(printed("1\n")),
    None,
    gave(result("2")),
    None,
    gave(FAILURE),
)
NOTHING = (None,) * len(RECIPE)
CARD = "**How this output was made**\n\n| | |\n| --- | --- |\n| Run time | 1 s |\n"


def test_a_notebook_has_prose_code_outputs_and_run_card() -> None:
    made = notebook(RECIPE, GIVEN, ["# Title\n", "Next"], CARD)
    cells = [(cell["cell_type"], cell["source"]) for cell in made["cells"]]
    assert cells == [
        ("markdown", "# Title"),
        ("code", "x = 1\nprint(x)"),
        ("markdown", "Next"),
        ("code", "x + 1"),
        ("code", "# the end"),
        ("code", "1 / 0"),
        ("markdown", CARD.strip()),
    ]
    assert [outputs for _, outputs in outputs_of(made)] == [
        [printed("1\n")],
        [result("2") | {"execution_count": 2}],
        [],
        [FAILURE],
    ]
    counts = [cell.get("execution_count") for cell in made["cells"]]
    assert counts == [None, 1, None, 2, 3, 4, None]
    tags = [cell["metadata"].get("tags", []) for cell in made["cells"]]
    assert tags == [[], [], [], [], [], ["raises-exception"], []]
    assert made["metadata"]["kernelspec"]["name"] == "python3"


def test_a_gallery_may_have_cells_of_its_own() -> None:
    texts = ["# Title\n\n```bash\n%%bash\nls\n```\nmore", "```\n%%time\n```"]
    own = {"first": "%matplotlib inline\n", "last": "# end"}
    made = notebook(RECIPE, GIVEN, texts, CARD, **own, promote_magic=True)
    nbformat.validate(made)
    cells = [(cell["cell_type"], cell["source"]) for cell in made["cells"]]
    assert cells[:5] == [
        ("code", "%matplotlib inline"),
        ("markdown", "# Title"),
        ("code", "%%bash\nls"),
        ("markdown", "more"),
        ("code", "x = 1\nprint(x)"),
    ]
    assert ("code", "%%time") in cells
    assert cells[-2:] == [("code", "# end"), ("markdown", CARD.strip())]
    counts = [cell.get("execution_count") for cell in made["cells"]]
    assert counts == [None, None, None, None, 1, None, 2, 3, 4, None, None]
    assert notebook(RECIPE, GIVEN, texts, CARD)["cells"][0]["source"] == texts[0]


@pytest.mark.parametrize("given", [GIVEN, NOTHING], ids=["recorded", "missing"])
def test_a_notebook_is_valid_and_always_the_same(
    given: Sequence[CodeBlock | None],
) -> None:
    made = notebook(RECIPE, given, ["# Title", ""], CARD)
    nbformat.validate(made)  # also that names of cells are unique
    text = json.dumps(made)
    assert text == json.dumps(made, sort_keys=True)
    assert text == json.dumps(notebook(RECIPE, given, ["# Title", ""], CARD))
    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)


def test_without_a_recording_there_is_no_output() -> None:
    made = notebook(RECIPE, NOTHING, ["# Title", "Next"], None)
    assert [outputs for _, outputs in outputs_of(made)] == [[], [], [], []]
    assert not any(cell.get("execution_count") for cell in made["cells"])
    assert made["cells"][-1]["source"] == "1 / 0"


DRAWN = [{**PICTURE, "data": {"image/svg+xml": "<svg/>"}}]
ONE = [printed("1")]
# Code blocks of a page, what was recorded of each, and the cells: comments are not
# recorded, the page leaves out settings and hidden code, and reST is for the page.
CELLS = [
    (("# comment", "print(1)"), (None, ONE), [("# comment", []), ("print(1)", ONE)]),
    (("\n\n", "print(1)"), (None, ONE), [("print(1)", ONE)]),
    (("\n\n", "print(1)"), ([], ONE), [("print(1)", ONE)]),
    (("\n\n", "print(1)"), ([PICTURE], ONE), [("", DRAWN), ("print(1)", ONE)]),
    (("# seen\n", "print(1)"), (ONE, []), [("# seen", ONE), ("print(1)", [])]),
    (
        ("draw()", "print(1)"),
        ([PICTURE, REST], []),
        [("draw()", DRAWN), ("print(1)", [])],
    ),
]


@pytest.mark.parametrize(("code", "outputs", "expected"), CELLS)
def test_outputs_are_under_their_code(
    code: Sequence[str],
    outputs: Sequence[list[Output] | None],
    expected: list[tuple[str, list[Output]]],
) -> None:
    given = [None if each is None else gave(*each) for each in outputs]
    made = notebook(page('"T"', *code), [None, *given], ["# T"], None)
    assert outputs_of(made) == expected
    counts = count(1)
    for cell in made["cells"][1:]:
        assert cell["execution_count"] == (next(counts) if cell["source"] else None)
    nbformat.validate(made)


def test_a_notebook_runs_from_top_to_bottom_and_gives_the_same() -> None:
    made = notebook(RECIPE, GIVEN, ["# Title", "Next"], CARD)
    again = nbformat.from_dict(made)
    NotebookClient(again, timeout=60, kernel_name="python3").execute()
    for (source, before), (_, after) in zip(
        outputs_of(made), outputs_of(again), strict=True
    ):
        for output in (*before, *after):
            output.pop("traceback", None)  # Jupyter's own style
        assert after == before, source


def test_a_new_address_of_the_site_reaches_every_notebook(make_site: MakeSite) -> None:
    words = (
        '"""\n{0}\n===\n\nSee :ref:`sphx_glr_recipes_all_{1}.py`.\n"""\n\nprint(1)\n'
    )
    pages = {"one": "two", "two": "one"}
    site = make_site(
        {f"recipes/all/{a}.py": words.format(a, b) for a, b in pages.items()},
        extensions=["recordings"],
    )
    for address in ("https://one.example/", "https://two.example/"):
        done = site.build("-D", f"html_baseurl={address}")
        assert done.status == 0, done.stderr
        for name, other in pages.items():
            text = (site.root / f"docs/recipes/all/{name}.ipynb").read_text("utf-8")
            assert f"{address}recipes/all/{other}.html" in text
