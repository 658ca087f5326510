"""What `recordings` does in a build: record, tell what is missing, replay."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx.util import logging

from recordings import settings as config
from recordings.gallery import made_pages, notebooks, scripts, signatures
from recordings.gallery.replay import Replay
from recordings.library import LOGS, Library, open_library
from recordings.model import Block, CodeBlock, Entry, Failure, Recording
from recordings.page import links, renewal, run_card
from recordings.page import notebook_download as download
from recordings.page.markdown import to_markdown
from recordings.settings import Settings
from recordings.shelf import is_of
from recordings.store.store import ReadOnlyError, StoreError
from recordings.store.svg_scripts import without_scripts

logger = logging.getLogger(__name__)


def check_gallery(_app: Sphinx, _config: Config) -> None:
    """Make sure, before anything is built, that this Sphinx-Gallery is known."""
    signatures.check()


def take_no_recording_for_a_page(app: Sphinx, conf: Config) -> None:
    """Have Sphinx pass recordings by, since MyST-NB takes every notebook for a page."""
    source, path = Path(app.srcdir), config.from_sphinx(conf).path
    for each in (path, LOGS):
        folder = Path(os.path.normpath(app.confdir / each))
        if folder.is_relative_to(source):
            pattern = f"{folder.relative_to(source).as_posix()}/**.ipynb"
            conf.exclude_patterns = [*conf.exclude_patterns, pattern]


class Build:
    """What one build knows of recordings; kept on the application while it runs."""

    def __init__(self, library: Library, entries: Iterable[Entry]) -> None:
        """Keep the entries by page."""
        self.library = library
        shown = (
            entries if library.settings.svg_scripts else map(_without_scripts, entries)
        )
        self.entries = {entry.recipe.page: entry for entry in shown}

    @cached_property
    def targets(self) -> links.Targets:
        """What notebooks may link to."""
        return links.targets(self.library.recipes)

    def recording(self, page: str) -> Recording | None:
        """Return the recording that a page shows: a fresh one, or none."""
        entry = self.entries.get(page)
        return entry.recording if entry and entry.state == "fresh" else None

    def recorded_scripts(self) -> set[Path]:
        """Return the scripts that a page shows some output of."""
        return {
            entry.recipe.path
            for page, entry in self.entries.items()
            if self.recording(page) or (entry.failure and entry.failure.recording)
        }

    def shown(self, page: str, blocks: Sequence[Block]) -> Recording | Failure | None:
        """Return what a page shows, if it is of these blocks."""
        entry = self.entries.get(page)
        shown = entry.failure or self.recording(page) if entry else None
        recording = shown.recording if isinstance(shown, Failure) else shown
        if entry is None or recording is None:
            return shown
        if is_of(recording, replace(entry.recipe, blocks=tuple(blocks))):
            return shown
        self.withdraw(page)
        return None

    def unknown(self) -> set[Path]:
        """Return the recipes of which is not known whether they fail."""
        entries = self.entries.values()
        not_run = (it for it in entries if it.state != "fresh" and not it.failure)
        return {each.recipe.path.resolve() for each in not_run}

    def withdraw(self, page: str) -> None:
        """Have a page show no output, since its code changed after the build began.

        The runner may have worked for a long time in between.
        """
        entry = self.entries[page]
        reasons = ("it was edited during the build; build again",)
        entry = replace(entry, state="stale", reasons=reasons, failure=None)
        self.entries[page] = entry
        _warn(entry, self.library)

    def digest(self, page: str) -> str:
        """Digest all that a page takes from its recording, and how it shows it."""
        entry, settings = self.entries[page], self.library.settings
        how = [str(settings.block_times), settings.path, entry.found_at or ""]
        if entry.variant:  # the page says whether they agree
            how.append(repr(self.library.rules(entry.recipe)))
        shown = repr((entry.recording, entry.failure, entry.variant))
        text = "\0".join([entry.state, *entry.reasons, *how, shown])
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
        # Of what a page shows of a failure, Sphinx-Gallery tells.
        if entry.state != "fresh" and not (entry.failure and entry.failure.recording):
            _warn(entry, build.library)
    gallery = app.config.sphinx_gallery_conf
    # Sphinx-Gallery judges by it when all is built.
    gallery["expected_failing_examples"] = scripts.still_expected(
        gallery, build.unknown()
    )
    _forget_outdated_pages(app, build)


def replaying(app: Sphinx) -> AbstractContextManager[None]:
    """Have Sphinx-Gallery make its pages from recordings."""
    build = build_of(app)
    replay = Replay(
        build.recorded_scripts(),
        build.shown,
        partial(_notebook, app),
        block_time=partial(run_card.block_time, build.library.settings),
        command=build.library.settings.command,
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
        entries = renewal.renew(library, entries, anew=anew)
    return Build(library, entries)


def _without_scripts(entry: Entry) -> Entry:
    """Return an entry whose pictures run nothing, whether its run went well or not."""
    failure = entry.failure
    if failure and failure.recording:
        failure = replace(failure, recording=without_scripts(failure.recording))
    recording = entry.recording and without_scripts(entry.recording)
    return replace(entry, recording=recording, failure=failure)


def _warn(entry: Entry, library: Library) -> None:
    """Tell which recipe has no fresh recording, why, and what to type."""
    log = library.conf_dir.absolute() / LOGS / f"{entry.recipe.page}.log"
    partial = log.with_suffix(".ipynb")  # there only after a run that failed
    failed = (
        f"Its last run failed: see {os.path.relpath(log)}, mend that, and then type"
    )
    logger.warning(
        "its recording is %s: %s. The page has no output. %s: %s %s",
        entry.state,
        "; ".join(entry.reasons),
        failed if _is_newer(partial, entry.recipe.path) else "Type",
        library.settings.command,
        entry.recipe.typed,
        location=f"{os.path.relpath(entry.recipe.path)}:1",
        type="recordings",
        subtype=entry.state,
    )


def _is_newer(file: Path, other: Path) -> bool:
    return file.is_file() and file.stat().st_mtime > other.stat().st_mtime


def note_of(app: Sphinx, page: str) -> Path:
    """Return the file that notes from which recording a page is made.

    It is a dependency of the page, so Sphinx reads the page again when it changes.
    """
    return Path(app.doctreedir, "recordings", f"{page}.recording")


def _forget_outdated_pages(app: Sphinx, build: Build) -> None:
    """Have a page made again if its recording changed, or a part of it was lost.

    Sphinx-Gallery does so by itself only when the script changed.
    """
    source = build.library.source
    for page, entry in build.entries.items():
        script = source / f"{page}{entry.recipe.path.suffix}"
        # Notebooks name the site's address.
        address = app.config.html_baseurl or ""
        note, digest = note_of(app, page), build.digest(page) + address
        if not note.is_file() or note.read_text("utf-8") != digest:
            made_pages.forget(script)
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(digest, encoding="utf-8")
        elif entry.recipe.kind == "recipe" and not made_pages.is_whole(script, source):
            made_pages.forget(script)


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
    if recording is None:
        given = [None] * len(given)  # a failed run's outputs are for its page alone
    texts = [block for block in blocks if block.kind == "text"]
    entry = build.entries.get(page)  # there is none of a script that is never run
    file = os.path.relpath(entry.recipe.path) if entry else page
    resolve = links.resolver(build.targets, app.config.html_baseurl)
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
