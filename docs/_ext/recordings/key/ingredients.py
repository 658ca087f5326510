"""What a recording depends on, and the key that is made from it."""

import ast
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from typing import Any

from recordings import syntax_tree
from recordings.key import in_file_settings, local_files
from recordings.key.known_digests import known
from recordings.model import Block, Ingredients, Recipe

FILE_SETTINGS = ("capture_repr", "threads")
"""In-file settings that change what a recipe prints or draws."""
BLOCK_SETTINGS = ("capture_repr_block",)
"""The same, of one code block."""
BLOCK_FLAGS = ("defer_figures",)
"""The same, without a value."""

# A line `# sphinx_gallery_<name> = <literal>`, or a flag: `# sphinx_gallery_<name>`.
_SETTING = re.compile(
    r"^[ \t]*#[ \t]*sphinx_gallery_(?P<name>\w+)(?:[ \t]*=[ \t]*(?P<value>.+))?",
    re.MULTILINE,
)
_LINE = re.compile(r"\blines? \d", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])\d{1,6}(?![\w.]*\w)")
LINE_NUMBERS = re.compile(r"lineno|\bdis\b|getframeinfo|getsourcelines")
"""What code has in it that may print the numbers of its lines and no word with them."""


NOTHING = Ingredients(())
"""What a recording depends on of which nothing is known."""


def collect_ingredients(
    recipe: Recipe,
    *,
    gallery: Mapping[str, Any] = {},
    packages: Mapping[str, str] = {},
    data: Mapping[str, str] = {},
    like: Ingredients = NOTHING,
) -> Ingredients:
    """Collect all that a recipe's recording depends on.

    Args:
        recipe: Its in-file setting `needs` names its datasets, `files` gives globs of
            files that its code reads.
        gallery: The gallery's settings that change output; an in-file one wins.
        packages: Pinned versions by package.
        data: Published digests of datasets by name; those that are needed count.
        like: The ingredients that these are compared with: its files count, and its
            lines or comments if that says so.

    Raises:
        ValueError: A setting can't be used.
    """
    settings = recipe.settings
    code = [each for each in recipe.blocks if is_code(each)]
    of_file = {name: settings[name] for name in FILE_SETTINGS if name in settings}
    needs = in_file_settings.names(settings, "needs")
    for name in needs:
        if name not in {*data, in_file_settings.GPU}:
            raise ValueError(
                f"sphinx_gallery_needs names {name!r}, which is no dataset in "
                'recordings_data of conf.py, and not "gpu"'
            )
    with_lines = like.lines is not None
    return Ingredients(
        blocks=tuple(
            digest(
                [
                    _digest_with_lines(block) if with_lines else _digest(block),
                    _plain(_settings_of_block(block)),
                    *([_text(block)] if like.quoted else []),
                ]
            )
            for block in code
        ),
        settings=_plain({**gallery, **of_file}),
        packages=dict(packages),
        files=local_files.digests(
            like.files, recipe.path.parent, in_file_settings.names(settings, "files")
        ),
        data={name: digest for name, digest in data.items() if name in needs},
        lines=tuple(block.line for block in code) if with_lines else None,
        noted=like.noted,
        quoted=like.quoted,
    )


def make_key(ingredients: Ingredients) -> str:
    """Digest all that a recording depends on."""
    parts = asdict(ingredients)
    # Older recordings have keys that were made without these.
    also = ("noted", "quoted")
    return digest({it: parts[it] for it in parts if it not in also or parts[it]})


def is_code(block: Block) -> bool:
    """Tell whether a block holds more than comments; only such blocks are run."""
    return bool(_digest(block))


def code_blocks(recipe: Recipe) -> list[Block]:
    """Return the blocks that a recording has a cell for: of a guide, empty ones too."""
    is_guide = recipe.kind == "guide"
    return [each for each in recipe.blocks if is_guide or is_code(each)]


def code_trees(recipe: Recipe) -> Iterator[ast.Module]:
    """Yield the syntax trees of a recipe's code."""
    yield from filter(None, map(_code, recipe.blocks))


def names_lines(
    texts: Sequence[str], recipe: Recipe, *, by_number: bool = False
) -> bool:
    """Tell whether what a recipe printed names its lines, as tracebacks do.

    Args:
        texts: What it printed.
        recipe: The recipe.
        by_number: Whether a number alone may be a line's, as in a log.
    """
    name = recipe.path.name
    if any(name in text or _LINE.search(text) for text in texts):
        return True
    code = [each for each in recipe.blocks if each.kind == "code"]
    if not by_number and not any(LINE_NUMBERS.search(it.content) for it in code):
        return False
    lines = {it.line + n for it in code for n in range(it.content.count("\n") + 1)}
    return any(int(it) in lines for text in texts for it in _NUMBER.findall(text))


def code_digest(source: str) -> str:
    """Digest a code's syntax tree; if it is none, but comments, it is empty."""

    def make() -> str:
        tree = _tree(source)
        return "" if tree is None else syntax_tree.digest(tree)

    return known(source.strip("\n"), make)


@cache  # one build asks many times
def _digest(block: Block) -> str:
    """Digest a block's syntax tree; of one that holds no code, it is empty."""
    return code_digest(block.content) if block.kind == "code" else ""


def _digest_with_lines(block: Block) -> str:
    tree = _code(block)
    return "" if tree is None else syntax_tree.digest(tree, with_lines=True)


def _code(block: Block) -> ast.Module | None:
    """Parse a block; None if it holds no code."""
    return _tree(block.content) if block.kind == "code" else None


@cache
def _tree(source: str) -> ast.Module | None:
    """Parse code; None if there is none. What is not Python, its text stands for.

    To be that may be what a recipe is there to show.
    """
    try:
        tree = syntax_tree.parse(source)
    except syntax_tree.PARSE_ERRORS:
        tree = syntax_tree.parse(repr(source.strip("\n")))
    return tree if tree.body else None


def _text(block: Block) -> str:
    """Return a block as an output quotes it, less the lines that only set things."""
    lines = map(str.rstrip, _SETTING.sub("", block.content).splitlines())
    return "\n".join(lines).strip("\n")


def _settings_of_block(block: Block) -> dict[str, Any]:
    """Return the settings in a block that change its output.

    Of two with one name the last counts, and one whose value is not a literal does not,
    as in Sphinx-Gallery.
    """
    found: dict[str, Any] = {}
    for name, value in _SETTING.findall(block.content):
        if name in BLOCK_FLAGS:
            found[name] = True
        elif name in BLOCK_SETTINGS and value:
            with suppress(TypeError, *syntax_tree.PARSE_ERRORS):
                found[name] = ast.literal_eval(value)
    return found


def _plain(value: Any) -> Any:
    """Return a setting's value as it comes back from JSON, which keeps it."""
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


def digest(value: Any) -> str:
    """Return the SHA-256 of a plain value, the same on every machine."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
