"""What `python -m recordings diff` does; see `recordings.cli`."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sphinx.errors import ConfigError

from recordings.comparison.verify import Rules
from recordings.library import Library
from recordings.machine.git import branch_point, changed_files, git
from recordings.model import Entry, Recording
from recordings.report.changes import Change, change
from recordings.report.markdown import to_markdown
from recordings.report.page import to_html
from recordings.report.text import to_text
from recordings.shelf import main_name
from recordings.store.notebook import ForeignError, RecordingError, from_text


def diff(library: Library, _: list[Entry], options: Namespace) -> int:
    """Tell what changed in recordings since a commit, and show figures in HTML."""
    folder = Path(library.store.address)
    if not folder.is_dir():
        raise ConfigError(f"{library.store.address} is no folder, so git knows nothing")
    commit = branch_point(folder, options.base)
    if commit is None:
        raise ConfigError(_unknown(folder, options.base))
    found = [*changes(library, commit, options.tolerance)]
    untouched = len(library.store.names()) - sum(
        each.after is not None for each in found
    )
    said = (found, untouched)
    print(to_text(*said))  # noqa: T201 - a command line prints
    if options.html:
        words = git(folder, "show", "-s", "--format=%h (%s, %cs)", commit).decode()
        _write(options.html, to_html(*said, words.strip()))
    if options.markdown:
        page = options.html.name if options.html else ""
        _write(options.markdown, to_markdown(*said, page))
    return 0


def changes(
    library: Library, commit: str, tolerance: float | None = None
) -> Iterator[Change]:
    """Yield what became of each recording that is not as a commit has it."""
    rules = {each.file: library.rules(each, tolerance) for each in library.recipes}
    for name, content in changed_files(Path(library.store.address), commit).items():
        if not name.endswith(".ipynb"):
            continue
        was = None if content is None else content.decode("utf-8", "replace")
        before = None if was is None else _read(was, name)
        try:
            text = library.store.read(name)
        except RecordingError as error:
            sys.stderr.write(f"recordings: left out: {error}\n")
            continue
        after = None if text is None else _read(text, name)
        if before or after:
            main = None if name in rules else main_name(name)
            found = change(before, after, rules.get(main or name, Rules()))
            device = Path(name).stem.rpartition(".")[2]
            yield replace(found, name=f"{found.name} on {device}") if main else found


def _read(text: str, name: str) -> Recording | None:
    """Read a recording; of what is none, or none any more, say so."""
    try:
        return from_text(text, name)
    except ForeignError:
        return None
    except RecordingError as error:
        sys.stderr.write(f"recordings: left out: {error}\n")
        return None


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}") from error


def _unknown(folder: Path, base: str | None) -> str:
    """Say why there is nothing to compare with, and what helps."""
    if not git(folder, "rev-parse", "HEAD"):
        return f"{folder} is in no git repository with a commit"
    known = git(
        folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}"
    )
    if known:
        return (
            f"{base} has no commit in common with HEAD; git fetch --unshallow gets it"
        )
    return f"git knows no revision {base}; git log --oneline shows what it knows"
