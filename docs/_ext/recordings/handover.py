"""Hand the settings that the runner knows to the processes that run recipes.

A process that runs a recipe reads `conf.py` anew, and that alone does not tell all: a
build knows `-D` and `-t` of its command line, and what `setup` in `conf.py` and other
extensions set. So all settings that are plain data (text, numbers, lists, dictionaries)
are handed over and win over what `conf.py` sets there; it is read with the same tags.

Not handed over are functions, classes and other objects, such as an image scraper that
is no string: there, they are as `conf.py` itself sets them. Where recordings would have
another key for that, no recipe is run, and the reason says which setting it is.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recordings import config, gallery, key
from recordings.job import Handover, Job
from recordings.library import Library, open_library
from recordings.recording import Ingredients


class SettingsDiffer(Exception):  # noqa: N818 - what was found, not a fault here
    """A recording would have another key than the runner expects; says for what."""


def of(library: Library) -> Handover:
    """Give what the runner knows of settings."""
    return Handover(
        settings=_plain(library.conf),
        gallery=_plain(gallery.as_given(library.gallery_settings)),
        tags=sorted(library.conf.get("tags", ())),
        expected=asdict(_ingredients(library)),
    )


def open_for(job: Job) -> Library:
    """Find the recipes of a job, with the settings that were handed over.

    Raises:
        SettingsDiffer: A setting that counts is another object in `conf.py`.
    """
    conf_dir, handed = Path(job.conf_dir), job.handover
    conf = config.read(conf_dir, handed.tags)
    own = conf.get("sphinx_gallery_conf", {})
    conf |= handed.settings | {"sphinx_gallery_conf": {**own, **handed.gallery}}
    settings = config.from_namespace(conf)
    library = open_library(conf_dir, Path(job.source), settings, conf)
    expected = Ingredients(**{**handed.expected, "blocks": ()})
    differences = key.differences(expected, _ingredients(library), ())
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


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if _is_plain(value)}


def _is_plain(value: object) -> bool:
    """Tell whether a value is the same after it was written as JSON and read."""
    match value:
        case None | bool() | int() | float() | str():
            return True
        case list() | tuple():
            return all(map(_is_plain, value))
        case dict():
            names_are_texts = all(isinstance(name, str) for name in value)
            return names_are_texts and all(map(_is_plain, value.values()))
    return False
