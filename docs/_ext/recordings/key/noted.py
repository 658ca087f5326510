"""What a run that has just ended depends on, from the files that it was seen to use."""

import ast
import importlib.util
import math
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

from recordings import syntax_tree
from recordings.key import local_files
from recordings.key.place import Place
from recordings.machine.reads import INSTALLED, STARTED, Note

Notes = tuple[Sequence[Note], Sequence[Note]]
"""What was read while a recipe ran, and before."""
_LINE_NUMBERS = re.compile(r"%\(lineno\)|\{(?:\w+\.)?lineno|\bf_lineno")
SYSTEM = tuple(f"/{name}/" for name in ("dev", "etc", "usr", "lib", "lib64", "run"))
"""Folders whose files, unless a project is in there, belong to versions."""
WRITES = {"made", "wrote"}
SHORTEST_QUOTE = 5
"""Characters of a line of code that an output has to have, to be a quotation."""


_installed: frozenset[str] = frozenset()
"""Modules that are none of a project's, as far as that was seen."""


def see_installed() -> None:
    """See which modules are installed: a fork that looked would copy them all."""
    global _installed  # noqa: PLW0603 - as `sys.modules` is of the process
    _installed = frozenset(it for it in [*sys.modules] if _own_file(it) is None)


@dataclass(slots=True)
class Noted:
    """The files that a run used, and what its outputs make of their text."""

    files: dict[str, str] = field(default_factory=dict)
    """Digests by path relative to the recipe's folder."""
    changed: bool = False
    """Whether one of them was changed after it had been read."""
    quoted: bool = False
    """Whether an output quotes the recipe's own code."""
    counts_lines: bool = False
    """Whether a module of the project knows the line numbers of its callers."""
    outside: list[str] = field(default_factory=list)
    """Files outside the project."""


def collect(
    place: Place,
    notes: Notes,
    trees: Iterable[ast.AST],
    texts: Sequence[str],
    also: Iterable[Path] = (),
) -> Noted:
    """Find out which files count, and in which way each does.

    Args:
        place: The recipe's.
        notes: What was read; before it ran, `conf.py` was read, too.
        trees: The recipe's code.
        texts: What it printed.
        also: Modules that Sphinx-Gallery had loaded for it.
    """
    found, result = _Used(place, notes[1]), Noted()
    written = {Path(note.real) for note in notes[0] if note.how in WRITES}
    made = {note.path: note.time for note in notes[0] if note.how == "made"}
    for note in notes[0]:
        if note.time < made.get(note.path, math.inf):
            found.add(note)
    for path in also:
        found.add_path(str(path))
    found.add_loaded(trees)
    script = place.script
    own = found.how.pop(script, set())
    if "text" in own:
        found.how[script] = own
    # The lines of a guide's cells are shown from no file.
    may_quote = "quote" in own or script.suffix != ".py"
    result.quoted = may_quote and shows_comments(texts, script)
    folder = script.parent
    ignored = local_files.not_in_repository([*found.how], folder)
    for path in sorted(found.how.keys() - ignored):
        how = found.how[path]
        name = local_files.relative(path, folder)
        kind = _kind(path, how, texts)
        if "names" in how and path.is_dir():
            name, kind = f"{name}/", "names"
        result.files[name] = local_files.digest(path, kind)
        result.changed |= found.is_changed(path) and path.resolve() not in written
        result.counts_lines |= _counts_lines(path)
    result.outside = sorted(found.outside)
    return result


def quotes(texts: Sequence[str], file: Path) -> bool:
    """Tell whether an output has a whole line of a file."""
    with suppress(OSError):
        source = file.read_text("utf-8", "replace")
        return any(
            len(line) >= SHORTEST_QUOTE and any(line in text for text in texts)
            for line in map(str.strip, source.splitlines())
        )
    return False


def shows_comments(texts: Sequence[str], file: Path) -> bool:
    """Tell whether an output has a comment of a file, or lines where one may be added.

    A traceback has single lines. Without a comment, the syntax tree covers them, and a
    translation may have other comments.
    """
    with suppress(OSError):
        lines = file.read_text("utf-8", "replace").splitlines()
        for line, following in pairwise([*map(str.rstrip, lines), ""]):
            short = line.strip()
            found = short if "#" in short else f"{short}\n{following}"
            long = len(short) >= SHORTEST_QUOTE and (following or found == short)
            if long and any(found in text for text in texts):
                return True
    return False


def _kind(path: Path, how: set[str], texts: Sequence[str]) -> local_files.Kind:
    """Tell how a file is digested: Python code by its tree, unless its text shows."""
    shown = "text" in how or ("quote" in how and quotes(texts, path))
    if shown or any(path.name in text for text in texts) or _counts_lines(path):
        return "text"
    return local_files.default_kind(path)


@cache
def _counts_lines(path: Path) -> bool:
    """Tell whether a module knows its line numbers, or those of its callers."""
    if path.suffix != ".py" or not path.is_file():
        return False
    return bool(_LINE_NUMBERS.search(path.read_text("utf-8", "replace")))


class _Used:
    """The files that count, as they are found."""

    def __init__(self, place: Place, earlier: Sequence[Note]) -> None:
        self.how: dict[Path, set[str]] = {}
        """In which ways each was read."""
        self.outside: set[str] = set()
        self._place = place
        self._opened: dict[Path, list[Note]] = {}
        """What was read before the run, by the code that did so."""
        names = {note.opener for note in earlier if note.opener}
        openers = {it: place.find(it, os.path.realpath(it)) for it in names}
        for note in earlier:
            if note.opener:
                self._opened.setdefault(openers[note.opener], []).append(note)
        self._read: dict[Path, float] = {}
        self._earlier: dict[Path, float] = {}
        for note in earlier:
            self._earlier.setdefault(place.find(note.path, note.real), note.time)
        self._home = Path.home()

    def add(self, note: Note) -> None:
        """Add what was read, if it was there in the project before."""
        path = self._place.find(note.path, note.real)
        if note.how in WRITES:
            return
        if self._place.holds(path):
            if note.existed and not path.exists():
                return  # the run made it, in its copy
            if (note.how == "names") != path.is_dir():
                return
            self.how.setdefault(path, set()).add(note.how)
            # The copies are as old as the copy.
            is_copy = path.parent == self._place.script.parent
            when = min(note.time, self._place.made) if is_copy else note.time
            self._read[path] = min(when, self._read.get(path, when))
            return
        if path.is_relative_to(self._place.project):
            path = path.resolve()
        if note.how in {"text", "module"} and self._is_told(path) and path.is_file():
            self.outside.add(
                f"~/{path.relative_to(self._home).as_posix()}"
                if path.is_relative_to(self._home)
                else path.as_posix()
            )

    def add_path(self, name: str) -> None:
        """Add a module, if it is one of the project."""
        path = self._place.find(name, os.path.realpath(name))
        if self._place.holds(path):
            self.how.setdefault(path, set()).add("module")
            self._read.setdefault(path, self._earlier.get(path, STARTED))

    def add_loaded(self, trees: Iterable[ast.AST]) -> None:
        """Add modules that were loaded before the run and that its code names.

        What one of them read as it was loaded counts, too.
        """
        loaded = _loaded()
        todo, seen, known = [*trees], set[Path](), set[str]()
        while True:
            while new := self.how.keys() - seen:
                seen |= new
                for path in new:
                    todo.append(_tree(path))
                    for note in self._opened.get(path, ()):
                        self.add(note)
            if not todo:
                return
            names = {*_names(todo.pop(), loaded)}
            named = {name.partition(".")[0] for name in names}
            # Of those that are named, `conf.py` may have put others in their place.
            for file in filter(None, map(_own_file, names | named)):
                self.add_path(file)
            for name, file in loaded.items():
                if name.partition(".")[0] in named - known:
                    self.add_path(file)
            known |= named

    def is_changed(self, path: Path) -> bool:
        """Tell whether a file was changed after it was read."""
        try:
            about = path.stat()
        except OSError:
            return False
        changed = max(about.st_mtime, about.st_ctime)
        return path.is_file() and changed > self._read.get(path, changed)

    def _is_told(self, path: Path) -> bool:
        """Tell whether a file is data: no program, in no cache, and not the run's."""
        own = filter(None, (self._place.copy.parents[1], self._place.workspace))
        return (
            not path.as_posix().startswith(SYSTEM)
            and ".cache" not in path.parts
            and not any(path.is_relative_to(each) for each in own)
            and not os.access(path, os.X_OK)
        )


def _loaded() -> Mapping[str, str]:
    """Return the files of the modules of this process that are not installed."""
    files = {name: _own_file(name) for name in sys.modules.keys() - _installed}
    return {name: file for name, file in files.items() if file}


def _own_file(name: str) -> str | None:
    """Return the file of a module that was imported, unless it is installed."""
    module, file = sys.modules.get(name), None
    with suppress(AttributeError, TypeError):
        file = object.__getattribute__(module, "__dict__").get("__file__")
    # One that is loaded when it is first used would be, if it were asked itself; what
    # a module puts in its own place may know its file only so.
    if file is None and type(module) is not importlib.util._LazyModule:  # type: ignore[attr-defined] # noqa: SLF001
        with suppress(Exception):
            file = getattr(module, "__file__", None)
    is_own = isinstance(file, str) and not file.startswith(INSTALLED)
    return file if is_own else None


def _tree(path: Path) -> ast.AST:
    """Parse a module; any other file, or a broken one, names nothing."""
    if path.suffix == ".py":
        with suppress(OSError, *syntax_tree.PARSE_ERRORS):
            return syntax_tree.parse(path.read_bytes())
    return ast.Module(body=[], type_ignores=[])


def _names(tree: ast.AST, loaded: Mapping[str, str]) -> Iterator[str]:
    """Name the modules that code imports, or has the names of."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=str(name), names=parts, level=0):
                yield name
                yield from (f"{name}.{each.name}" for each in parts)
            case ast.Constant(value=str(text)) if text in loaded:
                yield text
