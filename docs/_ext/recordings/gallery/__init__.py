"""The adapter: the only place that knows Sphinx-Gallery's internals.

Sphinx-Gallery runs recipes and makes pages; it keeps no outputs. Some of its functions
are wrapped here: in `capture`, to keep what each code block printed and drew, and in
`replay`, to put that into a page without running anything. `signatures` checks that
they are still what this was written for.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sphinx.errors import ConfigError
from sphinx_gallery import gen_gallery, gen_rst, py_source_parser, utils

from recordings.gallery.signatures import check
from recordings.model import Block

__all__ = [
    "as_given",
    "changes_output",
    "check",
    "failure_expected",
    "headers",
    "load",
    "scripts",
    "split",
]


def load(namespace: Mapping[str, Any], source: Path) -> dict[str, Any]:
    """Fill in Sphinx-Gallery's defaults for settings that were read without Sphinx.

    Args:
        namespace: What `conf.py` sets.
        source: Sphinx's source folder.
    """
    given = namespace.get("sphinx_gallery_conf", {})
    settings: dict[str, Any] = gen_gallery._fill_gallery_conf_defaults(given)
    plot = gen_gallery._bool_eval(settings["plot_gallery"])
    gen_gallery._update_gallery_conf_builder_inited(settings, source, plot)
    return settings


def as_given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give those of filled-in settings that can be filled in again.

    That is all that a project may set, but for those that read otherwise once they are
    filled in: then arguments are cut from `compress_images`.
    """
    known = gen_gallery.DEFAULT_GALLERY_CONF.keys() - {"compress_images"}
    return {name: each for name, each in settings.items() if name in known}


def scripts(settings: dict[str, Any], source: Path) -> Iterator[tuple[Path, str]]:
    """List the recipes that Sphinx-Gallery would run, each with its document name.

    Its switch `plot_gallery` does not count: it tells a build that nothing is to be
    run, and not which recipes there are.

    Raises:
        ConfigError: A setting of Sphinx-Gallery is on that recordings can't serve.
    """
    if settings["image_srcset"]:
        raise ConfigError(
            "recordings keeps one picture a figure: remove image_srcset from "
            "sphinx_gallery_conf, and let recipes draw SVG"
        )
    switched_on = {**settings, "plot_gallery": True}
    for folder, pages in _sections(settings, source):
        for name in sorted(utils._collect_gallery_files([folder], settings)):
            if gen_rst.executable_script(folder / name, switched_on):
                yield folder / name, (pages / name).with_suffix("").as_posix()


def headers(settings: dict[str, Any], source: Path) -> Iterator[tuple[Path, str]]:
    """List the headers of galleries and sections, each with its document name."""
    for folder, pages in _sections(settings, source):
        header = gen_rst._get_gallery_header(folder, settings, raise_error=False)
        if header:
            yield Path(header), (pages / "index").as_posix()


def _sections(settings: dict[str, Any], source: Path) -> Iterator[tuple[Path, Path]]:
    """List the folders of scripts, each with the folder of its pages."""
    for examples, pages in gen_gallery._prepare_sphx_glr_dirs(settings, source):
        root = Path(os.path.normpath(source / examples))
        if root.is_dir():
            for section in ("", *gen_gallery.get_subsections(source, root, settings)):
                yield root / section, Path(pages, section)


def split(script: Path) -> tuple[dict[str, Any], list[Block]]:
    """Read a recipe: its in-file settings, and its blocks as they stand in the file."""
    settings, blocks = py_source_parser.split_code_and_text_blocks(script)
    return settings, [Block(*block) for block in blocks]


def settings_of_block(block: Block) -> dict[str, Any]:
    """Read the settings that stand in one block."""
    return dict(py_source_parser.extract_file_config(block.content))


def failure_expected(script: Path, settings: dict[str, Any]) -> bool:
    """Tell whether a recipe is one of `expected_failing_examples`."""
    return str(script.resolve()) in gen_gallery._expected_failing_examples(settings)


def changes_output(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give the gallery's settings that change what a recording holds."""
    return {
        "capture_repr": list(settings["capture_repr"]),
        "ignore_repr_types": settings["ignore_repr_types"],
        "image_scrapers": [_name(each) for each in settings["image_scrapers"]],
        "matplotlib_animations": list(settings["matplotlib_animations"]),
    }


def _name(scraper: object) -> str:
    if isinstance(scraper, str):
        return scraper
    return str(getattr(scraper, "__qualname__", type(scraper).__qualname__))
