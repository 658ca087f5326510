"""Tell what names in a recipe's code stand for, for links and mini-galleries.

Sphinx-Gallery looks at the objects and modules of the process that writes the page.
Here that is not the one that ran the recipe, so the recording holds what only that one
knows.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sphinx_gallery import backreferences, py_source_parser

from recordings.model import Meaning

Found = dict[str, list[dict[str, Any]]]
"""What Sphinx-Gallery finds: each name as in the code, with what it may stand for."""
NOTHING = "(?!)"
"""A pattern that finds nothing."""


def known_to_the_run(
    script: Path, variables: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, tuple[Meaning, ...]]:
    """Return what only the process that ran a recipe knows of the names in its code.

    Args:
        script: The recipe.
        variables: Its global variables, at its end.
        settings: Sphinx-Gallery's.
    """
    node = py_source_parser.split_code_and_text_blocks(script, return_node=True)[2]
    inspected = dict(variables) if settings["inspect_global_variables"] else None
    of_run = _meanings(backreferences.identify_names([], NOTHING, inspected, node))
    of_text = backreferences.identify_names([], NOTHING, None, node)
    for objects in of_text.values():
        for each in objects:
            each["module_short"] = each["module"]
    at_sight = _meanings(of_text)
    return {
        name: meanings
        for name, meanings in sorted(of_run.items())
        if meanings != at_sight.get(name)
    }


def with_known(found: Found, known: Mapping[str, tuple[Meaning, ...]]) -> Found:
    """Replace what was found in the code alone by what the run knew.

    What prose refers to stays, as it is now.
    """
    result = dict(found)
    for name, meanings in known.items():
        in_prose = [each for each in found.get(name, ()) if each["is_explicit"]]
        in_code = [{**asdict(each), "is_explicit": False} for each in meanings]
        result[name] = in_code + in_prose
    return result


def _meanings(found: Found) -> dict[str, tuple[Meaning, ...]]:
    return {
        name: tuple(
            Meaning(
                each["name"], each["module"], each["module_short"], each["is_class"]
            )
            for each in objects
        )
        for name, objects in found.items()
    }
