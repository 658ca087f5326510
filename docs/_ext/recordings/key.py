"""What a recording depends on, the key made from it, and why a recording is stale."""

import ast
import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from packaging.dependency_groups import resolve_dependency_groups
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from recordings import in_file, local_files, syntax_tree
from recordings.recording import Ingredients

FILE_SETTINGS = ("capture_repr", "multi_image", "threads")
"""In-file settings that change what a recipe prints or draws. (`dummy_images` stand in
where nothing runs; tags, cost, position, alternatives, thumbnails are of the page.)"""
BLOCK_SETTINGS = ("capture_repr_block", "multi_image_block")
"""The same, of one code block."""
BLOCK_FLAGS = ("defer_figures",)
"""The same, without a value."""

# A line `# sphinx_gallery_<name> = <literal>`, or a flag: `# sphinx_gallery_<name>`.
_SETTING = re.compile(
    r"^[ \t]*#[ \t]*sphinx_gallery_(?P<name>\w+)(?:[ \t]*=[ \t]*(?P<value>.+))?",
    re.MULTILINE,
)
_LINE = re.compile(r"\blines? \d", re.IGNORECASE)


class CodeError(ValueError):
    """A code block is not Python, so the recipe has no key. The message says where."""

    def __init__(self, line: int, reason: str) -> None:
        """Word the message; `line` is the line of the file."""
        super().__init__(f"line {line}: {reason}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a recipe, as it stands in the file."""

    kind: Literal["text", "code"]
    content: str
    line: int
    """The line of the file, from 1, where the block starts."""


def ingredients(  # noqa: PLR0913 - one for each thing that a recording depends on
    blocks: Sequence[Block],
    settings: Mapping[str, Any],
    folder: Path,
    *,
    gallery: Mapping[str, Any] = {},
    packages: Mapping[str, str] = {},
    data: Mapping[str, str] = {},
    with_lines: bool = False,
) -> Ingredients:
    """Collect all that a recipe's recording depends on.

    Args:
        blocks: The recipe's blocks, text and code, with their setting comments.
        settings: Its in-file settings, without `sphinx_gallery_`. `needs` names its
            data sets, `files` gives globs of files that its code reads.
        folder: Where its file stands; local modules and data files are looked for here.
        gallery: The gallery's settings that change output; an in-file one wins.
        packages: Pinned versions by package.
        data: Published digests of data sets by name; those that are needed count.
        with_lines: Whether an output names lines of the recipe, so that they count.

    Raises:
        CodeError: A code block is not Python.
        ValueError: A setting can't be used.
    """
    code = [(block, tree) for block in blocks if (tree := _code(block)) is not None]
    of_file = {name: settings[name] for name in FILE_SETTINGS if name in settings}
    needs = in_file.names(settings, "needs")
    return Ingredients(
        blocks=tuple(
            _digest(
                [
                    syntax_tree.digest(tree, with_lines=with_lines),
                    _plain(_settings_of_block(block)),
                ]
            )
            for block, tree in code
        ),
        settings=_plain({**gallery, **of_file}),
        packages=dict(packages),
        files=local_files.digests(
            (tree for _, tree in code), folder, in_file.names(settings, "files")
        ),
        data={name: digest for name, digest in data.items() if name in needs},
        lines=tuple(block.line for block, _ in code) if with_lines else None,
    )


def key(ingredients: Ingredients) -> str:
    """Digest all that a recording depends on."""
    return _digest(asdict(ingredients))


def differences(
    recorded: Ingredients, present: Ingredients, blocks: Sequence[Block]
) -> list[str]:
    """Say what has changed since a recipe was recorded, a sentence each.

    Args:
        recorded: The recording's ingredients.
        present: The recipe's ingredients now.
        blocks: The recipe's blocks now.

    Returns:
        Nothing if the keys are equal, and only then.
    """
    lines = [block.line for block in blocks if is_code(block)]
    settings = _changes(recorded.settings, present.settings, "not set")
    packages = _changes(recorded.packages, present.packages, "not pinned")
    files = _changes(recorded.files, present.files)
    data = _changes(recorded.data, present.data)
    return [
        *_block_changes(recorded, present, lines),
        *_line_changes(recorded.lines, present.lines),
        *(f"setting {name}: {old} → {new}" for name, old, new in settings),
        *(f"{name} {old} → {new}" for name, old, new in packages),
        *(f"{name} {_news(old, new)}" for name, old, new in files),
        *(f"data set {name}: its digest {_news(old, new)}" for name, old, new in data),
    ]


def is_code(block: Block) -> bool:
    """Tell whether a block holds code: more than comments.

    Only such blocks are run and recorded. A block of comments has no output, and
    writing one must not make a recording stale.
    """
    try:
        return _code(block) is not None
    except CodeError:
        return True


def names_lines(texts: Iterable[str], filename: str) -> bool:
    """Tell whether an output names lines of the recipe, as tracebacks and warnings do.

    Args:
        texts: What the recipe printed.
        filename: The recipe's file name, or a path to it.
    """
    name = Path(filename).name
    return any(name in text or _LINE.search(text) for text in texts)


def pins(requirements: Iterable[str]) -> dict[str, str]:
    """Give the versions that `==` pins, by package; other requirements are left out.

    An environment marker is kept beside the version and not evaluated, since the key is
    the same on every machine.

    Raises:
        packaging.requirements.InvalidRequirement: One is not a requirement.
    """
    found: dict[str, list[str]] = {}
    for requirement in map(Requirement, requirements):
        marker = f" ; {requirement.marker}" if requirement.marker else ""
        for specifier in requirement.specifier:
            if specifier.operator == "==" and not specifier.version.endswith(".*"):
                versions = found.setdefault(canonicalize_name(requirement.name), [])
                versions.append(specifier.version + marker)
    return {name: ", ".join(sorted(set(found[name]))) for name in sorted(found)}


def pins_of_group(pyproject: Path, group: str) -> dict[str, str]:
    """Give the versions that a dependency group of a `pyproject.toml` pins.

    Groups that it includes count.

    Raises:
        OSError: The file can't be read.
        ValueError: It is not TOML, has no such group, or the group is malformed.
    """
    table = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    try:
        wanted = resolve_dependency_groups(table.get("dependency-groups", {}), group)
    except ExceptionGroup as errors:
        raise ValueError(f"{pyproject}: {errors.exceptions[0]}") from errors
    return pins(wanted)


@cache  # one build asks many times
def _code(block: Block) -> ast.Module | None:
    """Parse a block; None if it holds no code."""
    if block.kind != "code":
        return None
    try:
        tree = syntax_tree.parse(block.content)
    except syntax_tree.PARSE_ERRORS as error:
        line = getattr(error, "lineno", None) or 1
        reason = getattr(error, "msg", None) or str(error) or type(error).__name__
        raise CodeError(block.line + line - 1, reason) from error
    return tree if tree.body else None


def _settings_of_block(block: Block) -> dict[str, Any]:
    """Read the settings in a block that change its output.

    Of two settings of one name the last counts, and one whose value is no literal
    counts as not there, as in Sphinx-Gallery.
    """
    found: dict[str, Any] = {}
    for name, value in _SETTING.findall(block.content):
        if name in BLOCK_FLAGS:
            found[name] = True
        elif name in BLOCK_SETTINGS and value:
            with suppress(SyntaxError, ValueError):
                found[name] = ast.literal_eval(value)
    return found


def _plain(value: Any) -> Any:
    """Give a setting's value as it comes back from JSON, where recordings keep it."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list() | tuple():
            return [_plain(item) for item in value]
        case set() | frozenset():
            return sorted(map(_plain, value), key=json.dumps)
        case dict():
            return {str(name): _plain(item) for name, item in value.items()}
    raise ValueError(f"a setting that changes output can't be {value!r}")


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _block_changes(
    recorded: Ingredients, present: Ingredients, lines: Sequence[int]
) -> Iterator[str]:
    """Say which code blocks changed; where their number did, only the first."""
    then, now = recorded.blocks, present.blocks
    pairs = zip(then, now, lines, strict=False)
    changed = [
        f"code block {number} (line {line})"
        for number, (old, new, line) in enumerate(pairs, 1)
        if old != new
    ]
    if len(then) != len(now):
        start = f", from {changed[0]} on" if changed else ""
        yield f"code blocks: {len(then)} recorded, {len(now)} now{start}"
    else:
        moved = ", or lines moved in it (an output names them)" if present.lines else ""
        yield from (f"{block} changed{moved}" for block in changed)


def _line_changes(
    recorded: tuple[int, ...] | None, present: tuple[int, ...] | None
) -> Iterator[str]:
    if recorded is None or present is None:
        if recorded != present:
            yield "line numbers count in only one of the two keys"
    elif recorded != present:
        yield "line numbers moved (an output names them)"


def _changes(
    recorded: Mapping[str, Any], present: Mapping[str, Any], absent: str | None = None
) -> Iterator[tuple[str, Any, Any]]:
    """Yield each name whose value changed, with both values."""
    for name in sorted({**recorded, **present}):
        old, new = recorded.get(name, absent), present.get(name, absent)
        if _digest(old) != _digest(new):  # for JSON, unlike Python, 1 is not true
            yield name, old, new


def _news(old: object, new: object) -> str:
    return "is new" if old is None else "is gone" if new is None else "changed"
