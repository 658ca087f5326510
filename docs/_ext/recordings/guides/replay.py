"""Have MyST-NB make pages from recordings, and run nothing.

MyST-NB takes outputs from jupyter-cache, which knows a page by the text of its code
cells, and starts a kernel for a page that it doesn't know. So, as Sphinx reads a page,
its cells as they stand now are put into a cache of its own: with the recorded outputs,
or, where there is no fresh recording, with none. Pages that MyST-NB treats in another
mode than "cache" are left to it.
"""

import copy
import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbformat import NotebookNode
from sphinx.application import Sphinx

from recordings.guides import GuideFailed, OtherCode
from recordings.guides.pages import Guide, as_python, code, is_of
from recordings.model import CodeBlock, Recording

LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}
"""What a kernel would tell MyST-NB, so that it can highlight the code."""


def prepare(app: Sphinx, page: str, text: str, recording: Recording | None) -> None:
    """Have MyST-NB make a page from its recording, or else without outputs.

    Call it at `source-read`, late: what other extensions do to the source counts.

    Args:
        app: Sphinx, with MyST-NB among its extensions.
        page: Document name.
        text: The page's source, as it will be parsed.
        recording: The page's fresh recording, if there is one.

    Raises:
        OtherCode: The recording is not one of this page.
    """
    env: Any = app.env
    if not hasattr(app, "recordings_mystnb_config"):
        app.recordings_mystnb_config = env.mystnb_config  # type: ignore[attr-defined]
    env.mystnb_config = plain = app.recordings_mystnb_config  # type: ignore[attr-defined]
    guide = Guide(Path(env.doc2path(page)), env.myst_config, plain)
    if guide.path.suffix != ".md":
        return
    try:
        notebook = guide.read(text)
    except GuideFailed:
        return  # plain Markdown, or MyST-NB will say itself why it can't be read
    if not guide.is_cached(notebook):
        return
    folder = Path(app.doctreedir, "recordings", f"{page}.cache")
    seed(recording, notebook, folder)
    env.mystnb_config = plain.copy(execution_cache_path=str(folder))


def seed(recording: Recording | None, page: NotebookNode, folder: Path) -> None:
    """Put a recording into a jupyter-cache of its own, unless it is there.

    Args:
        recording: A fresh one; None for a page that is to have no outputs.
        page: The page as MyST-NB reads it.
        folder: The cache's; anything else in it is removed.

    Raises:
        OtherCode: The recording is not one of this page.
    """
    if recording and not is_of(recording, [as_python(each) for each in code(page)]):
        raise OtherCode(recording.recipe)
    kept = asdict(recording) if recording else None
    digest = hashlib.sha256(json.dumps(kept).encode()).hexdigest()
    seconds = recording.run.seconds if recording else None
    cache = get_cache(folder)
    try:
        if not _holds(cache, page, digest):
            cache.db.dispose()
            cache.clear_cache()
            about = {"recording": digest, "execution_seconds": seconds}
            bundle = CacheBundleIn(_executed(page, recording), "recording", data=about)
            cache.cache_notebook_bundle(bundle)
    finally:
        cache.db.dispose()


def _holds(cache: Any, page: NotebookNode, digest: str) -> bool:
    """Tell whether MyST-NB will find these outputs in the cache."""
    try:
        match = cache.match_cache_notebook(page)
        cache.get_cache_bundle(match.pk)
        return bool(match.data.get("recording") == digest)
    except Exception:  # noqa: BLE001 - not there, or broken in whatever way
        return False


def _executed(page: NotebookNode, recording: Recording | None) -> NotebookNode:
    """Give the page's cells the recorded outputs."""
    executed = copy.deepcopy(page)
    present = code(executed)
    blocks = recording.blocks if recording else (CodeBlock(""),) * len(present)
    for number, (cell, block) in enumerate(zip(present, blocks, strict=True), 1):
        cell.execution_count = number
        cell.outputs = nbformat.from_dict(list(block.outputs))
    executed.metadata.setdefault("language_info", LANGUAGE)
    return executed
