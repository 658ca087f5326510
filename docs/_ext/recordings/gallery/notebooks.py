"""What Sphinx-Gallery's settings say of the text in notebook downloads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sphinx_gallery import notebook

from recordings.model import Block


def picture(address: str, settings: dict[str, Any], folder: Path) -> str | None:
    """Return a picture's address in a notebook; None if it can't be seen there.

    Args:
        address: As in the prose.
        settings: Sphinx-Gallery's; `notebook_images` says what to do.
        folder: Of the page.
    """
    found: str = notebook.generate_image_src(address, settings, folder)
    return None if found.startswith("file:") else found


def by_pandoc(
    texts: Sequence[Block], settings: dict[str, Any], folder: Path
) -> list[str] | None:
    """Return the Markdown of text blocks, if the project has pandoc write it."""
    if settings["pypandoc"] is False:
        return None
    made = notebook.jupyter_notebook_skeleton()
    blocks = [(block.kind, block.content, block.line) for block in texts]
    each_a_cell = {**settings, "promote_jupyter_magic": False}
    notebook.fill_notebook(made, blocks, each_a_cell, folder)
    return ["".join(cell["source"]) for cell in made["cells"]]
