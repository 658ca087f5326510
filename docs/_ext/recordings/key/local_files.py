"""Digest files of the project that a recording depends on, each in its own way.

A digest begins with what it is of: the `tree` of Python code, a `text` whatever its
line ends, or the `names` in a folder. That of a file that was looked for in vain is
empty. One without such a word is of all bytes: older recordings have those.
"""

import glob
import hashlib
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from stat import S_ISREG
from typing import Literal

from recordings import syntax_tree
from recordings.machine import git as repository
from recordings.machine.copies import LEFT_OUT

Kind = Literal["tree", "text", "names", "bytes"]
KINDS: Mapping[str, Kind] = {"tree": "tree", "text": "text", "names": "names"}
LOOKED_FOR = ""
SETTLED = 2.0
"""Seconds after which a file's time tells whether it was changed."""
ALGORITHM = hashlib.sha256(Path(syntax_tree.__file__).read_bytes()).hexdigest()[:8]
"""Of syntax trees' digests."""
trees: Path | None = None
"""Folder for digests of syntax trees by those of their texts: a recipe's process would
spend more time on a library's trees than the recipe takes."""


def digests(
    recorded: Mapping[str, str], folder: Path, patterns: Iterable[str] = ()
) -> dict[str, str]:
    """Digest the files of a recording as they are now.

    Args:
        recorded: Their digests then, by path relative to the recipe's folder.
        folder: The recipe's folder.
        patterns: Globs, relative to the folder, for what can't be noted as it is read.
            What git ignores doesn't count: datasets, and files that recipes write,
            are not there in a fresh clone.

    Raises:
        ValueError: A pattern is an absolute path, or there is no such file.
    """
    matched = {each for pattern in patterns for each in _matches(pattern, folder)}
    found = {
        name: digest(folder / name, kind_of(old)) for name, old in recorded.items()
    }
    for path in matched - not_in_repository(matched, folder):
        name = relative(path, folder)
        found.setdefault(name, digest(path, default_kind(path)))
    return found


def kind_of(recorded: str) -> Kind:
    """Tell of what a recorded digest is."""
    word, colon, _ = recorded.partition(":")
    return KINDS[word] if colon else "text" if recorded == LOOKED_FOR else "bytes"


def default_kind(path: Path) -> Kind:
    """Tell how a file is digested where nothing else is known of its use."""
    return "tree" if path.suffix == ".py" else "text"


def digest(path: Path, kind: Kind) -> str:
    """Digest a file or a folder's names; empty if it is not there."""
    try:
        if kind == "names":
            names = "\0".join(_names(path))
            return f"names:{_sha(names.encode('utf-8', 'surrogateescape'))}"
        about = path.stat()
        if not S_ISREG(about.st_mode):
            return LOOKED_FOR
        # A file may be written twice before its time changes.
        settled = time.time() - about.st_mtime > SETTLED
        once = _digest_once if settled else _digest
        return once(path, kind, about.st_mtime_ns, about.st_size)
    except OSError:
        return LOOKED_FOR


def _digest(path: Path, kind: Kind, _time: int, _size: int) -> str:
    content = path.read_bytes()
    if kind == "bytes":
        return _sha(content)
    if b"\0" not in content:
        content = content.replace(b"\r\n", b"\n")
    as_text = _sha(content)
    return f"tree:{_tree(content, as_text)}" if kind == "tree" else f"text:{as_text}"


_digest_once = cache(_digest)  # many recipes use one module


def _tree(content: bytes, as_text: str) -> str:
    """Digest a syntax tree; of a text that was seen before, look that up."""
    kept = trees / ALGORITHM / as_text if trees else None
    with suppress(OSError):
        if kept and len(known := kept.read_text("ascii")) == len(as_text):
            return known
    try:
        found = syntax_tree.digest(syntax_tree.parse(content))
    except syntax_tree.PARSE_ERRORS:
        return as_text
    with suppress(OSError):
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(found, "ascii")
    return found


def relative(path: Path, folder: Path) -> str:
    """Return how a path is seen from a recipe's folder, with `/`."""
    return Path(os.path.relpath(path, folder)).as_posix()


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _names(folder: Path) -> list[str]:
    """List what a fresh clone has in a folder."""
    paths = {each for each in folder.iterdir() if each.name not in LEFT_OUT}
    return sorted(
        os.fsdecode(each.name) for each in paths - not_in_repository(paths, folder)
    )


def _matches(pattern: str, folder: Path) -> Iterator[Path]:
    if Path(pattern).is_absolute():
        raise ValueError(f"{pattern}: must be relative to the recipe's folder")
    # `Path.glob` gives other files on other Python versions.
    names = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207
    paths = [Path(os.path.normpath(folder / name)) for name in names]
    files = [path for path in paths if path.is_file()]
    if not files:
        raise ValueError(
            f"sphinx_gallery_files: no file matches {pattern!r} in {folder.name}/; "
            "correct the pattern, or remove it"
        )
    yield from files


def not_in_repository(paths: Collection[Path], folder: Path) -> set[Path]:
    """List the files that git ignores, or that are outside the folder's repository.

    Outside of any repository, or in a folder that is itself ignored, all files count.
    """
    root = repository.top(folder) if paths else None
    if root is None:
        return set()
    real = {path: path.resolve() for path in paths}
    inside = [path for path in real.values() if path.is_relative_to(root)]
    asked = b"\0".join(os.fsencode(path) for path in (folder.resolve(), *inside))
    answer = repository.git(folder, "check-ignore", "-z", "--stdin", given=asked)
    ignored = {Path(os.fsdecode(path)) for path in answer.split(b"\0") if path}
    if folder.resolve() in ignored:
        return set()
    return {
        path
        for path, target in real.items()
        if target in ignored or not target.is_relative_to(root)
    }
