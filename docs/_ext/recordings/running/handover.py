"""Hand the settings that the runner knows to the processes that run recipes.

A process that runs a recipe reads `conf.py` anew, and that alone does not tell all: a
build knows `-D` and `-t` of its command line, and what `setup` in `conf.py` and other
extensions set. So all settings that are plain data (text, numbers, lists, dictionaries)
are handed over and win over what `conf.py` sets there; it is read with the same tags.

Not handed over are functions, classes and other objects, such as an image scraper that
is no string: there, they are as `conf.py` itself sets them. Where recordings would have
another key for that, no recipe is run, and the reason says which setting it is.
"""

import math
from ast import literal_eval
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import NoneType
from typing import Any, cast

from sphinx_gallery import gen_gallery

from recordings import settings as config
from recordings.gallery import scripts as gallery
from recordings.key.differences import differences as changes
from recordings.library import Library, open_library
from recordings.model import Ingredients
from recordings.running.job import Handover, Job


class SettingsDiffer(Exception):  # noqa: N818 - what was found, not a fault here
    """A recording would have another key than the runner expects; says for what."""


def of(library: Library) -> Handover:
    """Give what the runner knows of settings."""
    return Handover(
        settings=_literal(library.conf),
        gallery=_literal(_as_given(library.gallery_settings)),
        tags=sorted(library.conf.get("tags", ())),
        expected=asdict(_ingredients(library)),
    )


def open_for(job: Job) -> Library:
    """Find the recipe of a job, with the settings that were handed over.

    Raises:
        SettingsDiffer: A setting that counts is another object in `conf.py`.
    """
    conf_dir, handed = Path(job.conf_dir), job.handover
    conf = config.read(conf_dir, handed.tags)
    of_gallery = conf.get("sphinx_gallery_conf", {}) | literal_eval(handed.gallery)
    conf |= literal_eval(handed.settings) | {"sphinx_gallery_conf": of_gallery}
    library = open_library(conf_dir, Path(job.source), conf, page=job.page)
    expected = Ingredients(**{**handed.expected, "blocks": ()})
    differences = changes(expected, _ingredients(library), ())
    if differences:
        raise SettingsDiffer(
            "the build has settings that conf.py does not set and that are no plain "
            f"data ({'; '.join(differences)}); set them in conf.py itself"
        )
    return library


def _ingredients(library: Library) -> Ingredients:
    """Give those ingredients of a recording that come from settings."""
    return Ingredients(
        blocks=(),
        settings=gallery.changes_output(library.gallery_settings),
        packages=dict(library.packages),
        data=dict(library.settings.data),
    )


def _as_given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give those of filled-in settings that can be filled in again."""
    known = gen_gallery.DEFAULT_GALLERY_CONF.keys() - {"compress_images"}
    return {name: each for name, each in settings.items() if name in known}


def _literal(settings: Mapping[str, Any]) -> str:
    """Write plain settings as a Python literal.

    Not as JSON: Sphinx-Gallery tells an empty tuple from an empty list.
    """
    return repr({name: each for name, each in settings.items() if _is_plain(each)})


def _is_plain(value: object) -> bool:
    """Tell whether a value is the same after it was written as a literal and read."""
    # The very types: what is derived from them may be written otherwise.
    if type(value) in {list, tuple, set}:
        return all(map(_is_plain, cast("Iterable[object]", value)))
    if isinstance(value, dict):
        return type(value) is dict and all(map(_is_plain, value.items()))
    if isinstance(value, float):
        return math.isfinite(value)
    return type(value) in {NoneType, bool, int, str, bytes}
