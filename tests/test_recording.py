"""A recording is read whole, or named with what is wrong with it."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import nbformat
import pytest
from PIL import Image

from recordings.model import FILE, CodeBlock, Ingredients, Meaning, Recording, Run
from recordings.store.notebook import RecordingError, from_text, to_text

OUTPUT = {"output_type": "stream", "name": "stdout", "text": "one\ntwo\n"}
MEANING = Meaning("f", "a.b", "a", is_class=False, is_explicit=False)
RECORDING = Recording(
    recipe="recipes/one/good.py",
    key="some key",
    ingredients=Ingredients(("a digest",), {"threads": 2}, lines=(7,)),
    run=Run("2026-01-01T00:00:00Z", 1, 1, versions={"Python": "3.11.7"}),
    blocks=(CodeBlock("print('one\\ntwo')", (OUTPUT,), 0.5, 2**20),),
    names={
        "梯.f": (MEANING,),
        "x": (),
    },
)


def opened(recording: Recording = RECORDING) -> Any:
    """Give a notebook that can be edited: one from before recordings had seals."""
    notebook = json.loads(to_text(recording))
    del notebook["metadata"]["recording"]["seal"]
    return notebook


def test_what_is_written_is_read_again() -> None:
    text = to_text(RECORDING)
    nbformat.validate(nbformat.reads(text, as_version=4))
    assert from_text(text, "good.ipynb") == RECORDING
    assert to_text(from_text(text, "good.ipynb")) == text
    assert text.count('"module_short"') == 1
    assert '"module": "a.b", "module_short": "a"' in text, "a name is one line"


def test_what_was_recorded_before_there_were_names_is_read() -> None:
    notebook = opened()
    del notebook["metadata"]["recording"]["names"]
    before = replace(RECORDING, names={})
    assert from_text(json.dumps(notebook), "good.ipynb") == before
    assert '"names"' not in to_text(before)


@pytest.mark.parametrize(
    "text",
    ["", "null", "1", '"x"', "{}", "[1]", '{"cells": [', "<<<<< HEAD\n{}", "[" * 10**5],
    ids=range(9),
)
def test_what_is_no_notebook_is_named(text: str) -> None:
    with pytest.raises(RecordingError, match=r"^good\.ipynb: not a valid notebook: .+"):
        from_text(text, "good.ipynb")


def test_another_s_notebook_is_named() -> None:
    text = nbformat.writes(nbformat.v4.new_notebook())
    with pytest.raises(RecordingError, match=r"^good\.ipynb: a notebook, but not"):
        from_text(text, "good.ipynb")


def edit(*path: Any, to: object) -> Callable[[Any], None]:
    """Make an edit of one value in a notebook, by the path to it."""

    def apply(notebook: Any) -> None:
        *parents, last = path
        for each in parents:
            notebook = notebook[each]
        notebook[last] = to

    return apply


ABOUT = ("metadata", "recording")
DEEP: Any = []
for _ in range(100):
    DEEP = [DEEP]
EDITS = {
    "no version of notebooks": edit("nbformat", to=False),
    "a version that is no number": edit("nbformat_minor", to=float("nan")),
    "half a character": edit("cells", 0, "outputs", 0, "text", to="\ud800"),
    "half a character as a name": edit(*ABOUT, "names", "\udc00", to=[]),
    "more memory than there is": edit(*ABOUT, "run", "peak_memory", to=10**400),
    "a date of no year": edit(*ABOUT, "run", "date", to="0000-00-00"),
    "lists in lists": edit(*ABOUT, "ingredients", "settings", to={"a": DEEP}),
    "no metadata": edit("metadata", to=[]),
    "no cells": edit("cells", to={}),
    "another version of notebooks": edit("nbformat", to=3),
    "another format": edit(*ABOUT, "format", to=99),
    "no recording": edit(*ABOUT, to="mine"),
    "no run": edit(*ABOUT, "run", to=None),
    "an unknown field": edit(*ABOUT, "run", to={"weather": "fine"}),
    "no date": edit(*ABOUT, "run", "date", to="yesterday"),
    "no seconds": edit(*ABOUT, "run", "seconds", to=None),
    "endless seconds": edit(*ABOUT, "run", "seconds", to=float("inf")),
    "no seconds of a block, but nan": edit(
        "cells", 0, "metadata", "recording", "seconds", to=float("nan")
    ),
    "no number": edit(*ABOUT, "run", "peak_memory", to="lots"),
    "no versions": edit(*ABOUT, "run", "versions", to=None),
    "no key": edit(*ABOUT, "key", to=None),
    "no digests": edit(*ABOUT, "ingredients", "blocks", to=None),
    "no packages": edit(*ABOUT, "ingredients", "packages", to=["torch"]),
    "no names": edit(*ABOUT, "names", to=["a"]),
    "no meanings": edit(*ABOUT, "names", "x", to=[{"name": "a"}]),
    "meanings of no kind": edit(*ABOUT, "names", "梯.f", 0, "is_class", to="no"),
    "no lines": edit(*ABOUT, "ingredients", "lines", to=7),
    "no seconds of a block": edit("cells", 0, "metadata", "recording", to={"a": 1}),
    "no cell of code": edit("cells", 0, to=nbformat.v4.new_markdown_cell("Words.")),
}


@pytest.mark.parametrize("apply", EDITS.values(), ids=EDITS.keys())
def test_what_a_hand_broke_is_named(apply: Callable[[Any], None]) -> None:
    notebook = opened()
    apply(notebook)
    with pytest.raises(RecordingError, match=r"^good\.ipynb: "):
        from_text(json.dumps(notebook), "good.ipynb")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"one\\n"', '"two\\n"'),
        ('"seconds": 1,', '"seconds": 9,'),
        ('"key": "some key"', '"key": "another key"'),
        ("print(", "print( "),
    ],
)
def test_what_a_hand_changed_is_named(old: str, new: str) -> None:
    text = to_text(RECORDING)
    changed = text.replace(old, new, 1)
    assert changed != text
    cause = r"^good\.ipynb: it was changed after it was recorded"
    with pytest.raises(RecordingError, match=cause):
        from_text(changed, "good.ipynb")


def test_line_ends_are_nobody_s_change() -> None:
    text = to_text(RECORDING).replace("\n", "\r\n")
    assert from_text(text, "good.ipynb") == RECORDING


def test_half_of_a_character_is_written_as_python_writes_it() -> None:
    outputs = ({**OUTPUT, "text": "a \ud83d"},)
    block = replace(RECORDING.blocks[0], outputs=outputs)
    text = to_text(replace(RECORDING, blocks=(block,)))
    (read,) = from_text(text, "good.ipynb").blocks
    assert read.outputs[0]["text"] == r"a \ud83d"


def test_a_recording_that_builds_cannot_bear_is_named() -> None:
    outputs = ({**OUTPUT, "text": "x" * 2**25},)
    block = replace(RECORDING.blocks[0], outputs=outputs)
    text = to_text(replace(RECORDING, blocks=(block,)))
    with pytest.raises(RecordingError, match=r"^good\.ipynb: .* 32 MiB; it may have"):
        from_text(text, "good.ipynb")


def test_a_truncated_recording_is_named() -> None:
    text = to_text(RECORDING)
    for length in range(0, len(text) - 1, 37):
        with pytest.raises(RecordingError, match=r"^good\.ipynb: "):
            from_text(text[:length], "good.ipynb")


SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><path/></svg>\n'


def bitmap(kind: str) -> bytes:
    content = BytesIO()
    Image.new("RGB", (40, 30), "white").save(content, kind)
    return content.getvalue()


def with_picture(kind: str, data: object, alternative: object = "Nothing.") -> str:
    """Give a recording's text whose block drew a picture."""
    notebook = opened()
    notebook["cells"][0]["outputs"] = [
        {
            "output_type": "display_data",
            "data": {kind: data},
            "metadata": {"alt": alternative},
        }
    ]
    return json.dumps(notebook)


def encoded(content: bytes) -> str:
    return base64.encodebytes(content).decode()  # in lines, as Jupyter writes it


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp"])
def test_a_bitmap_is_read_if_it_is_whole(kind: str) -> None:
    content, mime = bitmap(kind), f"image/{kind}"
    from_text(with_picture(mime, encoded(content)), "good.ipynb")
    half = content[: len(content) // 2]
    for broken in (encoded(half), encoded(b"none"), encoded(b""), "é", "abc"):
        with pytest.raises(
            RecordingError, match=rf"^good\.ipynb: .*{mime}\) is broken"
        ):
            from_text(with_picture(mime, broken), "good.ipynb")


def test_a_drawing_is_read_if_it_is_whole() -> None:
    for whole in (SVG, SVG.splitlines(keepends=True), "<svg/>"):
        from_text(with_picture("image/svg+xml", whole), "good.ipynb")
    for broken in (SVG[:-10], "", "no drawing", "<html/>", f"{SVG}more"):
        with pytest.raises(
            RecordingError, match=r"^good\.ipynb: .*svg\+xml\) is broken"
        ):
            from_text(with_picture("image/svg+xml", broken), "good.ipynb")


def test_a_picture_is_of_the_kind_that_it_is_said_to_be() -> None:
    with pytest.raises(RecordingError, match="it is of the kind GIF"):
        from_text(with_picture("image/png", encoded(bitmap("gif"))), "good.ipynb")
    with pytest.raises(RecordingError, match="text alternative can't be 7"):
        from_text(with_picture("image/svg+xml", SVG, alternative=7), "good.ipynb")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("/etc/x", "AA=="),
        ("{images}/../../../x", "AA=="),
        ("..", "AA=="),
        (7, "AA=="),
        ("{page}001.mp4", "é"),
        ("{page}001.mp4", ["AA", 1]),
    ],
)
def test_a_file_is_written_whole_and_inside_of_the_site(
    name: object, content: object
) -> None:
    def text(name: object, content: object) -> str:
        notebook = json.loads(with_picture(FILE, content))
        notebook["cells"][0]["outputs"][0]["metadata"] = {"file": name}
        return json.dumps(notebook)

    from_text(text("{page}001.mp4", "AA==\n"), "good.ipynb")
    with pytest.raises(RecordingError, match=r"^good\.ipynb: "):
        from_text(text(name, content), "good.ipynb")
