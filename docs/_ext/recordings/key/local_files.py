"""Find the files of the repository that a recipe's code imports or names."""

import ast
import glob
import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from recordings import syntax_tree
from recordings.machine import git as repository


def digests(
    trees: Iterable[ast.AST], folder: Path, patterns: Iterable[str] = ()
) -> dict[str, str]:
    """Digest the files that a recipe's output depends on.

    Those are the modules beside the recipe that it imports, the files that a string in
    its code names, what these modules import and name in turn, and the files that a
    pattern names, for names that are put together at run time. What git ignores doesn't
    count: data sets, and files that recipes write, are not there in a fresh clone.

    Args:
        trees: The recipe's code.
        folder: The recipe's folder.
        patterns: Globs, relative to the folder.

    Returns:
        SHA-256 by path relative to the folder, with `/`.

    Raises:
        ValueError: A pattern is an absolute path.
    """
    found = set(_matches(patterns, folder))
    todo = [(tree, folder) for tree in trees]
    todo += [(_tree(path), path.parent) for path in found]
    while todo:
        tree, home = todo.pop()
        for path in _used(tree, folder, home):
            if path not in found:
                found.add(path)
                todo.append((_tree(path), path.parent))
    counted = found - _not_in_repository(found, folder)
    return {
        Path(os.path.relpath(path, folder)).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(counted)
    }


def _matches(patterns: Iterable[str], folder: Path) -> Iterator[Path]:
    # `Path.glob` gives other files on other Python versions.
    for pattern in patterns:
        if Path(pattern).is_absolute():
            raise ValueError(f"{pattern}: must be relative to the recipe's folder")
        for name in glob.glob(pattern, root_dir=folder, recursive=True):  # noqa: PTH207
            yield from _file(folder, name)


def _tree(path: Path) -> ast.AST:
    """Parse a module; any other file, or a broken one, uses nothing."""
    if path.suffix == ".py":
        try:
            return syntax_tree.parse(path.read_bytes())
        except syntax_tree.PARSE_ERRORS:
            pass
    return ast.Module(body=[], type_ignores=[])


def _used(tree: ast.AST, folder: Path, home: Path) -> Iterator[Path]:
    """Yield the files that code uses: of a recipe in `folder`, in a file in `home`."""
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                for alias in node.names:
                    yield from _modules(folder, alias.name)
            case ast.ImportFrom():
                base = folder
                if node.level:
                    base = [home, *home.parents][: node.level][-1]
                for alias in node.names:
                    names = filter(None, (node.module, alias.name))
                    yield from _modules(base, ".".join(names))
            case ast.Constant(value=str(name)) if not Path(name).is_absolute():
                yield from _file(folder, name)
                if home != folder:
                    yield from _file(home, name)


def _modules(base: Path, dotted: str) -> Iterator[Path]:
    """Yield the files that importing a module runs; none if it isn't below a folder."""
    place = base
    for name in dotted.split("."):
        place /= name
        if found := [*_file(place, "__init__.py")]:
            yield from found
        elif found := [*_file(place.parent, f"{name}.py")]:
            yield from found
            return
        elif not place.is_dir():
            return


def _file(folder: Path, name: str) -> Iterator[Path]:
    """Yield the file of this name, if it is one."""
    # Unlike those of `Path`, these take any text, however long, and soon.
    path = os.path.normpath(os.path.join(folder, name))  # noqa: PTH118
    if os.path.isfile(path):  # noqa: PTH113
        yield Path(path)


def _not_in_repository(paths: Collection[Path], folder: Path) -> set[Path]:
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
