"""What `recordings` does in a build: record, tell what is missing, replay."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx.util import logging

from recordings import settings as config
from recordings.gallery import notebooks, signatures
from recordings.gallery.replay import Replay
from recordings.library import Library, is_of, open_library
from recordings.model import Block, CodeBlock, Entry, Recording
from recordings.page import links, run_card
from recordings.page import notebook_download as download
from recordings.page.markdown import to_markdown
from recordings.settings import Settings
from recordings.store.store import ReadOnlyError, StoreError

logger = logging.getLogger(__name__)


def check_gallery(_app: Sphinx, _config: Config) -> None:
    """Make sure, before anything is built, that this Sphinx-Gallery is known."""
    signatures.check()


def take_no_recording_for_a_page(app: Sphinx, conf: Config) -> None:
    """Have Sphinx pass recordings by, since MyST-NB takes every notebook for a page."""
    source, path = Path(app.srcdir), config.from_sphinx(conf).path
    folder = Path(os.path.normpath(app.confdir / path))
    if folder.is_relative_to(source):
        pattern = f"{folder.relative_to(source).as_posix()}/**.ipynb"
        conf.exclude_patterns = [*conf.exclude_patterns, pattern]


class Build:
    """What one build knows of recordings; kept on the application while it runs."""

    def __init__(self, library: Library, entries: Iterable[Entry]) -> None:
        """Keep the entries by page."""
        self.library = library
        self.entries = {entry.recipe.page: entry for entry in entries}

    def recording(self, page: str) -> Recording | None:
        """Return the recording that a page shows: a fresh one, or none."""
        entry = self.entries.get(page)
        return entry.recording if entry and entry.state == "fresh" else None

    def recorded_scripts(self) -> set[Path]:
        """Return the scripts whose recordings are shown."""
        pages = filter(self.recording, self.entries)
        return {self.entries[page].recipe.path for page in pages}

    def recording_of(self, page: str, blocks: Sequence[Block]) -> Recording | None:
        """Return the recording that a page shows, if it is of these blocks."""
        recording = self.recording(page)
        if recording is None:
            return None
        recipe = replace(self.entries[page].recipe, blocks=tuple(blocks))
        if is_of(recording, recipe):
            return recording
        self.withdraw(page)
        return None

    def withdraw(self, page: str) -> None:
        """Have a page show no output, since its code changed after the build began.

        The runner may have worked for a long time in between.
        """
        entry = self.entries[page]
        reasons = ("it was edited during the build; build again",)
        self.entries[page] = entry = replace(entry, state="stale", reasons=reasons)
        _warn(entry, self.library.settings.command)

    def digest(self, page: str) -> str:
        """Digest all that a page takes from its recording, and how it shows it."""
        entry, settings = self.entries[page], self.library.settings
        how = [str(settings.block_times), settings.path, entry.found_at or ""]
        text = "\0".join([entry.state, *entry.reasons, *how, repr(entry.recording)])
        return hashlib.sha256(text.encode()).hexdigest()


def build_of(app: Sphinx) -> Build:
    """Return what this build knows of recordings."""
    build: Build = app.recordings_build  # type: ignore[attr-defined]
    return build


def before_gallery(app: Sphinx) -> None:
    """Record what the mode asks for, and tell what is stale or missing.

    Raises:
        ConfigError: A setting is wrong, or the store can't be used.
    """
    settings = config.from_sphinx(app.config)
    try:
        build = _prepare(app, settings)
    except ReadOnlyError as error:
        raise ConfigError(
            f"recordings_path: {error}; nothing was run; to build from the recordings "
            "that are there, add: -D recordings_mode=replay"
        ) from error
    except StoreError as error:
        raise ConfigError(
            f"recordings_path: {error}; make sure that the address is right, and that "
            "it can be reached and read from here"
        ) from error
    app.recordings_build = build  # type: ignore[attr-defined]
    for entry in build.entries.values():
        if entry.state != "fresh":
            _warn(entry, settings.command)
    _forget_outdated_pages(app, build)


def replaying(app: Sphinx) -> AbstractContextManager[None]:
    """Have Sphinx-Gallery make its pages from recordings."""
    build = build_of(app)
    replay = Replay(
        build.recorded_scripts(),
        build.recording_of,
        partial(_notebook, app),
        block_times=build.library.settings.block_times,
    )
    return replay.installed(app.config.sphinx_gallery_conf)


def _prepare(app: Sphinx, settings: Settings) -> Build:
    """Find the recipes, and record what the mode asks for."""
    library = open_library(
        Path(app.confdir),
        Path(app.srcdir),
        conf={
            **{setting.name: setting.value for setting in app.config},
            "extensions": list(app.extensions),
            "tags": app.tags,
        },
        gallery_settings=app.config.sphinx_gallery_conf,
    )
    entries = library.entries()
    may_run = app.config.sphinx_gallery_conf["plot_gallery"]  # Sphinx-Gallery's switch
    anew = settings.mode == "run"
    current = all(each.state == "fresh" and not each.found_at for each in entries)
    if may_run and settings.mode != "replay" and (anew or not current):
        entries = _record(library, entries, anew=anew)
    return Build(library, entries)


def _record(library: Library, entries: list[Entry], *, anew: bool) -> list[Entry]:
    """Have `python -m recordings run` record what is not fresh, or all; compare again.

    It reads `conf.py` alone. What it says of its progress is on this build's standard
    error, and it ends with this process.

    Raises:
        ConfigError: It could not begin.
    """
    wanted = [each for each in entries if anew or each.state != "fresh"]
    library.store.check_writable(each.recipe.file for each in wanted)
    words = ["run", "--json", "--parent", str(os.getpid())]
    words += ["--conf", str(library.conf_dir), "--source", str(library.source)]
    words += ["--all"] if anew else []
    with subprocess.Popen(
        [sys.executable, "-m", "recordings", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as runner:
        try:
            document, _ = runner.communicate()
        except BaseException:
            runner.terminate()  # in order: it keeps what is finished
            raise
    try:
        results = {each["page"]: each for each in json.loads(document)["results"]}
    except ValueError as error:
        raise ConfigError(
            "recordings: nothing was recorded, as said above; to build from the "
            "recordings that are there, add: -D recordings_mode=replay"
        ) from error
    compared: list[Entry] = []
    for before in entries:
        result = results.get(before.recipe.page)
        entry = library.entry(before.recipe) if result else before
        if result and result["status"] == "failed":
            reason = f"its run failed: {result['reason']}"
            entry = _failed(entry, reason, was_to_be_new=anew)
        compared.append(entry)
    return compared


def _failed(entry: Entry, reason: str, *, was_to_be_new: bool) -> Entry:
    """Say of an entry that its recipe failed; what was recorded before won't do."""
    state = "stale" if was_to_be_new and entry.state == "fresh" else entry.state
    return replace(entry, state=state, reasons=(*entry.reasons, reason))


def _warn(entry: Entry, command: str) -> None:
    """Tell which recipe has no fresh recording, why, and what to type."""
    why = "; ".join(entry.reasons)
    logger.warning(
        "its recording is %s: %s. The page has no output. Type: %s %s",
        entry.state,
        why,
        command,
        entry.recipe.name,
        location=f"{os.path.relpath(entry.recipe.path)}:1",
        type="recordings",
        subtype=entry.state,
    )


def note_of(app: Sphinx, page: str) -> Path:
    """Return the file that notes from which recording a page is made.

    It is a dependency of the page, so Sphinx reads the page again when it changes.
    """
    return Path(app.doctreedir, "recordings", f"{page}.recording")


def _forget_outdated_pages(app: Sphinx, build: Build) -> None:
    """Have a page made again if its recording changed since last time.

    Sphinx-Gallery does so by itself only when the script changed.
    """
    for page, entry in build.entries.items():
        note, digest = note_of(app, page), build.digest(page)
        if not note.is_file() or note.read_text("utf-8") != digest:
            made = build.library.source / f"{page}{entry.recipe.path.suffix}.md5"
            made.unlink(missing_ok=True)
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(digest, encoding="utf-8")


def before_guide(app: Sphinx, page: str, source: list[str]) -> None:
    """Hand a guide's recording to MyST-NB, which would run the guide otherwise."""
    if "myst_nb" in app.extensions:
        from recordings.guides import rendering  # noqa: PLC0415 - it needs MyST-NB

        build = build_of(app)
        if not rendering.prepare(app, page, source[0], build.recording(page)):
            build.withdraw(page)


def _notebook(
    app: Sphinx,
    page: str,
    blocks: Sequence[Block],
    given: Sequence[CodeBlock | None],
) -> dict[str, Any]:
    """Make a page's notebook download."""
    build = build_of(app)
    recording = build.recording(page)
    texts = [block for block in blocks if block.kind == "text"]
    entry = build.entries.get(page)  # there is none of a script that is never run
    file = os.path.relpath(entry.recipe.path) if entry else page
    resolve = links.resolver(build.library.recipes, app.config.html_baseurl)
    language = app.config.language
    card = run_card.as_markdown(recording, language) if recording else None
    gallery, folder = app.config.sphinx_gallery_conf, Path(app.srcdir, page).parent
    markdown = notebooks.by_pandoc(texts, gallery, folder)
    if markdown is None:
        around = (app.config.rst_prolog, app.config.rst_epilog)
        markdown = to_markdown(
            texts,
            file,
            resolve,
            definitions="\n\n".join(filter(None, around)),
            default_role=app.config.default_role or "",
            show=lambda address: notebooks.picture(address, gallery, folder),
        )
    return download.notebook(
        blocks,
        given,
        markdown,
        card,
        first=gallery["first_notebook_cell"],
        last=gallery["last_notebook_cell"],
        promote_magic=gallery["promote_jupyter_magic"],
    )
