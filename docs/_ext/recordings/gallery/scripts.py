"""The recipes of a project as Sphinx-Gallery's settings say, and their parts."""

import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sphinx.errors import ConfigError, SphinxError
from sphinx_gallery import gen_gallery, gen_rst, py_source_parser, utils

from recordings.gallery import hooks
from recordings.key import first_imports
from recordings.model import Block, Recipe
from recordings.syntax_tree import PARSE_ERRORS, parse


def load(
    namespace: Mapping[str, Any], source: Path, *, runs: bool = False
) -> dict[str, Any]:
    """Fill in Sphinx-Gallery's defaults for settings that were read without Sphinx.

    Args:
        namespace: Everything that `conf.py` sets.
        source: Sphinx's source folder.
        runs: Whether recipes run in this process.
    """
    given = namespace.get("sphinx_gallery_conf", {})
    import_matplotlib = gen_gallery._import_matplotlib
    try:
        if not runs:  # it takes as long as all the rest
            gen_gallery._import_matplotlib = lambda: None
        settings: dict[str, Any] = gen_gallery._fill_gallery_conf_defaults(given)
    finally:
        gen_gallery._import_matplotlib = import_matplotlib
    settings["default_role"] = namespace.get("default_role") or ""
    plot = gen_gallery._bool_eval(settings["plot_gallery"])
    gen_gallery._update_gallery_conf_builder_inited(settings, source, plot)
    return settings


def imported_first() -> tuple[str, ...]:
    """Return what Sphinx-Gallery imports, where it can, before it runs any recipe.

    NumPy is imported for it, less its random numbers, which come when first asked for.
    """
    if find_spec("matplotlib") is None:
        return ()
    return "matplotlib.pyplot", "matplotlib.backends.backend_agg", "numpy.random"


def known_packages() -> frozenset[str]:
    """Name the packages of `imported_first`, and what those import."""
    return frozenset({"matplotlib", "numpy"} if imported_first() else ())


def preload(recipe: Recipe, modules: Sequence[str]) -> tuple[str, ...]:
    """Return modules that are imported beforehand, if a recipe begins with them."""
    known = known_packages()
    first = first_imports.come_first(recipe.blocks, modules, known)
    return tuple(modules) if recipe.kind == "recipe" and first else ()


def pages(settings: dict[str, Any], source: Path) -> Iterator[tuple[Path, str]]:
    """Yield each script that Sphinx-Gallery would run, with its document name.

    Its switch `plot_gallery` does not count: with it a build runs nothing, and has the
    same recipes.
    """
    switched_on = {**settings, "plot_gallery": True}
    for folder, gallery in _sections(settings, source):
        for name in sorted(utils._collect_gallery_files([folder], settings)):
            if gen_rst.executable_script(folder / name, switched_on):
                yield folder / name, (gallery / name).with_suffix("").as_posix()


def in_order(found: Iterable[Path], settings: dict[str, Any]) -> list[Path]:
    """Sort scripts of one folder as Sphinx-Gallery's setting has it."""
    paths = {path.name: path for path in found}
    folder = next(iter(paths.values())).parent
    (key,) = gen_rst._get_callables(settings, "within_subsection_order", folder)
    return [paths[name] for name in sorted(paths, key=key)]


def headers(settings: dict[str, Any], source: Path) -> Iterator[tuple[Path, str]]:
    """Yield the header of each gallery and section, with its document name."""
    for folder, gallery in _sections(settings, source):
        header = gen_rst._get_gallery_header(folder, settings, raise_error=False)
        if header:
            yield Path(header), (gallery / "index").as_posix()


def _sections(settings: dict[str, Any], source: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each folder of scripts, with the folder of its pages."""
    for examples, gallery in gen_gallery._prepare_sphx_glr_dirs(settings, source):
        root = Path(os.path.normpath(source / examples))
        if root.is_dir():
            header = gen_rst._get_gallery_header(root, settings, raise_error=False)
            # A gallery with an index of its own has sections without headers.
            sections = gen_gallery.get_subsections(
                source, root, settings, check_for_header=header is not None
            )
            for section in ("", *sections):
                yield root / section, Path(gallery, section)


def read(script: Path, page: str) -> Recipe:
    """Read a recipe; one that can't be read says why in its `fault`."""
    try:
        settings, blocks = split(script)
    except (OSError, SphinxError, TypeError, *PARSE_ERRORS) as error:
        # Whoever reads this knows which recipe it is about.
        cause = str(error) or f"{type(error).__name__}, so it is nested too deeply"
        fault = " ".join(cause.split()).replace(str(script), script.name)
        return Recipe(script, page, "recipe", fault=fault)
    return Recipe(script, page, "recipe", tuple(blocks), settings)


def syntax_error(recipe: Recipe) -> str:
    """Say where a recipe can't be parsed; nothing if it can, or is no script."""
    if recipe.kind != "recipe" or recipe.fault:
        return ""
    try:
        parse(recipe.path.read_bytes())
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (OSError, *PARSE_ERRORS):
        pass  # it is said elsewhere
    return ""


def split(script: Path) -> tuple[dict[str, Any], list[Block]]:
    """Return a script's in-file settings, and its blocks as they are in the file."""
    settings, blocks = _split(script, script.read_bytes())
    return dict(settings), [*blocks]


@cache
def _split(script: Path, _content: bytes) -> tuple[dict[str, Any], list[Block]]:
    """Split a script, once for each content that it has had."""
    settings, blocks = py_source_parser.split_code_and_text_blocks(script)
    return settings, [Block(*block) for block in blocks]


def settings_of_block(block: Block) -> dict[str, Any]:
    """Return the settings that one block sets."""
    return dict(py_source_parser.extract_file_config(block.content))


def failure_expected(script: Path, settings: dict[str, Any]) -> bool:
    """Tell whether a recipe is one of `expected_failing_examples`."""
    return str(script.resolve()) in gen_gallery._expected_failing_examples(settings)


def still_expected(settings: dict[str, Any], unknown: Container[Path]) -> list[str]:
    """Return the expected failures less those of which is not known how they end."""
    source = Path(settings["src_dir"])
    expected = settings["expected_failing_examples"]
    return [it for it in expected if (source / it).resolve() not in unknown]


OPTIONAL = ("image_srcset", "inspect_global_variables")
"""Settings of the gallery that are off or change what a recording holds."""


def changes_output(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the gallery's settings that change what a recording holds."""
    return {
        "capture_repr": list(settings["capture_repr"]),
        "ignore_repr_types": settings["ignore_repr_types"],
        "image_scrapers": [*map(hooks.name, settings["image_scrapers"])],
        "matplotlib_animations": list(settings["matplotlib_animations"]),
        # Where they are off, they change nothing.
        **{name: value for name in OPTIONAL if (value := settings[name])},
    }


def in_turn(
    folder: Path, found: Sequence[tuple[Path, str]], settings: dict[str, Any]
) -> Iterator[tuple[str, Recipe | None]]:
    """Yield the pages of a folder's recipes in order, each with the recipe before.

    Raises:
        ConfigError: It has none.
    """
    own = folder.resolve()
    pages = {path: page for path, page in found if path.parent.resolve() == own}
    if not pages:
        raise ConfigError(
            f"recordings_shared_folders: {folder} is no folder of recipes; give each "
            "as seen from conf.py, such as '../examples/io'"
        )
    earlier = None
    for path in in_order(pages, settings):
        yield pages[path], earlier
        earlier = read(path, pages[path])
