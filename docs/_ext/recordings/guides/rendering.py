"""Have MyST-NB make guides from recordings, and run nothing.

MyST-NB lets a format of notebooks have a reader of its own. As Sphinx reads a guide, it
becomes such a format: its reader adds the recorded outputs, or, without a fresh
recording, none; and execution is off. All other pages are left to MyST-NB.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from sphinx.application import Sphinx

from recordings.comparison.confirm import has_code
from recordings.guides import GuideFailed
from recordings.guides.reading import Guide, as_python, code, open_guide, source_of
from recordings.model import Output, Recording

LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}
"""What a kernel would tell MyST-NB, so that it can highlight the code."""


def prepare(app: Sphinx, page: str, text: str, recording: Recording | None) -> bool:
    """Have MyST-NB make a page, if it is a guide, from its recording.

    Args:
        app: Sphinx, at `source-read`, with MyST-NB among its extensions.
        page: Document name.
        text: The page's source, as it will be parsed.
        recording: The page's fresh recording, if there is one.

    Returns:
        Whether the recording can be shown; not if the page has other code by now.
    """
    env: Any = app.env
    plain = vars(app).setdefault("recordings_mystnb_config", env.mystnb_config)
    env.mystnb_config = plain
    guide = open_guide(Path(env.doc2path(page)), app.config)
    try:
        notebook = guide.read(text)
    except GuideFailed:
        return True  # it is plain Markdown, or MyST-NB says what is wrong with it
    if guide.path.suffix != ".md" or not guide.is_run(notebook):
        return True
    cells = code(notebook)
    outputs: list[Sequence[Output]] = [()] * len(cells)
    sources = [source_of(each) for each in cells]
    is_shown = recording is None or has_code(recording, sources, as_python)
    if recording and is_shown:
        outputs = [block.outputs for block in recording.blocks]
    reader = f"{__name__}.{read.__name__}", {"guide": guide, "outputs": outputs}, False
    env.mystnb_config = plain.copy(
        custom_formats={**plain.custom_formats, str(guide.path): reader},
        execution_mode="off",
    )
    return is_shown


def read(text: str, guide: Guide, outputs: Sequence[Sequence[Output]]) -> NotebookNode:
    """Read a guide, and give its cells their outputs."""
    page = guide.read(text)
    for number, (cell, given) in enumerate(zip(code(page), outputs, strict=True), 1):
        cell.execution_count = number
        cell.outputs = nbformat.from_dict(list(given))
    page.metadata.setdefault("language_info", LANGUAGE)
    own = page.metadata.get(guide.notebooks.metadata_key)
    if isinstance(own, dict):
        own.pop("execution_mode", None)
    return page
