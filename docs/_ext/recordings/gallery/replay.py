"""Make pages and notebook downloads from recordings, without running anything."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from functools import wraps
from io import StringIO
from pathlib import Path
from shlex import quote
from types import SimpleNamespace
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ConfigError
from sphinx_gallery import gen_gallery, gen_rst, py_source_parser
from sphinx_gallery.utils import get_md5sum

from recordings.gallery import failures, hooks, names, pictures, signatures
from recordings.key.ingredients import is_code
from recordings.model import Block, CodeBlock, Failure, Recording

Find = Callable[[str, Sequence[Block]], Recording | Failure | None]
"""Returns the recording for a page, by its document name and the blocks of its script
as it is now, or how its recipe failed; None: it has no output."""

MakeNotebook = Callable[
    [str, Sequence[Block], Sequence[CodeBlock | None]], dict[str, Any]
]
"""Makes the notebook download, from the document name, the blocks of the page, and what
was recorded of each that held code; the page may hide that code."""

ZIP_YEARS = range(1981, 2107)
"""Years that a zip file knows in every time zone; a machine's clock may be wrong."""

SHORTEST = 0.001
"""Seconds that are said of a run that took none, when rounded; else none would be."""


def surround_gallery(
    app: Sphinx, around: Callable[[Sphinx], AbstractContextManager[None]]
) -> None:
    """Have something done around the making of pages, and around nothing else.

    Other extensions act on the same event, and some look at Sphinx-Gallery's functions.

    Raises:
        ConfigError: Pages are made in another way, in which recipes would run.
    """
    listeners = app.events.listeners["builder-inited"]
    make_pages = gen_gallery.generate_gallery_rst

    @wraps(make_pages)
    def surrounded(app: Sphinx) -> None:
        with around(app):
            make_pages(app)

    for place, each in enumerate(listeners):
        if each.handler is make_pages:
            listeners[place] = each._replace(handler=surrounded)
            return
    raise ConfigError(
        "recordings: another extension took Sphinx-Gallery's generate_gallery_rst from "
        "the event builder-inited; remove that extension, or name it after recordings"
    )


class Replay:
    """Takes the place of the functions with which Sphinx-Gallery runs and writes."""

    def __init__(
        self,
        recorded: Collection[Path],
        find: Find,
        make_notebook: MakeNotebook,
        *,
        block_time: Callable[[CodeBlock], str],
        command: str,
    ) -> None:
        """Keep which scripts have output, and what finds it and makes notebooks."""
        self._recorded = recorded
        self._find = find
        self._command = command
        self._make_notebook = make_notebook
        self._block_time = block_time
        self._page, self._target, self._failed = "", Path(), False
        self._recording: Recording | None = None
        self._given: list[CodeBlock | None] = []
        self._pictures: list[Path] = []
        self._run_nothing = gen_rst.execute_script
        self._executable_script = gen_rst.executable_script
        self._identify_names = gen_rst.identify_names
        self._zip_files = gen_rst.zip_files

    @contextmanager
    def installed(self, settings: dict[str, Any]) -> Iterator[None]:
        """Take the place of Sphinx-Gallery's functions for a while.

        Args:
            settings: Sphinx-Gallery's, of which some are others in that while.
        """
        own = {
            # Its own processes would not know of the replacement, and run recipes.
            "parallel": False,
            # A replay does not run anything, but needs it to be on.
            "plot_gallery": True,
            "reset_modules": _hooks(settings["reset_modules"]),
        }
        before = {name: settings[name] for name in own}
        both = vars(type(self)).keys() & vars(gen_rst).keys()
        functions = {n: getattr(self, n) for n in both if not n.startswith("__")}
        give_back = signatures.replace(functions)
        settings.update(own)
        try:
            yield
        finally:
            settings.update(before)
            give_back()

    def executable_script(self, script: str, settings: dict[str, Any]) -> bool:
        """Tell whether a page has output; without a recording it is as if not run."""
        is_run: bool = self._executable_script(script, settings)
        return is_run and Path(script) in self._recorded

    def execute_script(
        self,
        blocks: list[Any],
        variables: dict[str, Any],
        settings: dict[str, Any],
        in_file: dict[str, Any],
    ) -> tuple[list[str], float]:
        """Return the reST of each block's recorded output, and the recorded seconds."""
        target = Path(variables["target_file"])
        page = target.relative_to(settings["src_dir"]).with_suffix("")
        self._page, self._target, self._failed = page.as_posix(), target, False
        script = [Block(*block) for block in blocks]
        self._given = [None] * len(blocks)
        found = self._find(self._page, script)
        failure = found if isinstance(found, Failure) else None
        recording = found.recording if isinstance(found, Failure) else found
        self._recording = recording
        self._pictures, template = [], variables["image_path_iterator"].image_path
        if recording is None or not variables["execute_script"]:
            variables["execute_script"] = False
            pictures.remove_others(template, self._pictures)
            output, _ = self._run_nothing(blocks, variables, settings, in_file)
            # One that was killed did not fail as it was expected to.
            if failure and not failures.is_expected(variables, settings):
                self._fail(failure.reason, failure.reason, variables, settings)
            return output, 0.0
        recorded = iter(recording.blocks)
        self._given = [next(recorded) if is_code(each) else None for each in script]
        output = [
            self._rest(given, block, variables, settings, in_file) if given else ""
            for given, block in zip(self._given, blocks, strict=True)
        ]
        pictures.remove_others(template, self._pictures)
        variables["example_globals"] = {}
        peak = recording.run.peak_memory if settings["show_memory"] else 0
        variables["memory_delta"] = (peak or 0) / 2**20
        # Sphinx-Gallery counts failures as it makes pages, so it makes these each time.
        if not self._failed:
            variables["passing"] = True
        return output, recording.run.seconds or SHORTEST

    def identify_names(self, *arguments: Any) -> names.Found:
        """Return what names on a page stand for: in its code, as the run knew."""
        found: names.Found = self._identify_names(*arguments)
        return (
            names.with_known(found, self._recording.names) if self._recording else found
        )

    def jupyter_notebook(
        self, blocks: Sequence[Any], _settings: Any, _target_dir: Any
    ) -> dict[str, Any]:
        """Make the notebook of the page that is being written."""
        shown = [Block(*block) for block in blocks]
        # Sphinx-Gallery leaves out a last block that it emptied.
        return self._make_notebook(self._page, shown, self._given[: len(shown)])

    def zip_files(self, files: Sequence[str], *rest: Any) -> Any:
        """Zip a page's downloads, dated as its recording, so equal ones zip equally."""
        if self._recording:
            date = datetime.fromisoformat(self._recording.run.date)
            for file in files if date.year in ZIP_YEARS else ():
                os.utime(file, (date.timestamp(), date.timestamp()))
        zipped = self._zip_files(files, *rest)
        # Note that the page is made, as Sphinx-Gallery does of those that it ran.
        if self._recording and not self._failed:
            digest = get_md5sum(self._target, mode="t")
            Path(f"{self._target}.md5").write_text(digest, encoding="utf-8")
        return zipped

    def _rest(
        self,
        recorded: CodeBlock,
        block: Any,
        variables: dict[str, Any],
        settings: dict[str, Any],
        in_file: dict[str, Any],
    ) -> str:
        if self._failed:
            return ""  # nothing ran after the failure
        in_block = py_source_parser.extract_file_config(block.content)
        shown, files = pictures.write(
            recorded.outputs,
            iter(variables["image_path_iterator"]),
            variables["image_path_iterator"].image_path,
            settings["src_dir"],
            single=pictures.keeps_single(in_file, in_block),
            alternative=in_block.get("alt_block"),
        )
        self._pictures += files
        printed, result = "", {}
        for output in recorded.outputs:
            match output["output_type"]:
                case "stream":
                    printed += output["text"]
                case "execute_result":
                    result = output["data"]
                case "error":
                    traceback = "\n".join(output["traceback"]) + "\n"
                    self._fail(traceback, output["evalue"], variables, settings)
                    return failures.as_rest(traceback)
        rest: str = gen_rst._get_code_output(
            bool(result),
            {"___": _Shown(result)},
            {**settings, "ignore_repr_types": ""},
            SimpleNamespace(output=StringIO(printed)),
            shown,
            ("_repr_html_",) if "text/html" in result else ("__repr__",),
        )
        if time := self._block_time(recorded):
            rest += BLOCK_TIME.format(time)
        return rest

    def _fail(
        self,
        traceback: str,
        message: str,
        variables: dict[str, Any],
        settings: dict[str, Any],
    ) -> None:
        """Tell Sphinx-Gallery of a failure: what follows from it is its to judge."""
        self._failed = True
        typed = f"{self._command} {quote(self._page + self._target.suffix)}"
        failures.tell(traceback, message, variables, settings, typed)


def _hooks(given: Any) -> list[Callable[..., Any]]:
    """Return the reset hooks that `conf.py` defines: they may change what is written.

    Those given by name reset what recipes use, which nothing here does.
    """
    return [
        _where_possible(hook)
        for hook in hooks.listed(given)
        if not isinstance(hook, str)
    ]


def _where_possible(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Have a hook do nothing where what it resets is not installed."""

    @wraps(hook)
    def call(*arguments: Any, **options: Any) -> None:
        with suppress(ImportError):
            hook(*arguments, **options)

    return call


BLOCK_TIME = """
.. container:: recording-block-time

   {}

"""


class _Shown:
    """A value that shows itself as it was recorded."""

    def __init__(self, data: dict[str, str]) -> None:
        self._data = data

    def __repr__(self) -> str:
        return self._data.get("text/plain", "")

    def _repr_html_(self) -> str:
        return self._data["text/html"]
