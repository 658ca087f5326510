"""Tell what names in a recipe stand for, for links and mini-galleries.

Sphinx-Gallery looks at the objects and modules of the process that writes the page.
Here that is not the one that ran the recipe, so the recording holds what only that one
knows.
"""

from collections.abc import Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

from sphinx_gallery import backreferences, py_source_parser

from recordings.model import Meaning

Found = dict[str, list[dict[str, Any]]]
"""What Sphinx-Gallery finds: names in code or prose, with what each may stand for."""


def known_to_the_run(
    script: Path, variables: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, tuple[Meaning, ...]]:
    """Return what only the process that ran a recipe knows of the names in it.

    Args:
        script: The recipe.
        variables: Its global variables, at its end.
        settings: Sphinx-Gallery's.
    """
    _, blocks, node = py_source_parser.split_code_and_text_blocks(
        script, return_node=True
    )
    in_prose = backreferences._make_ref_regex(settings["default_role"])
    inspected = dict(variables) if settings["inspect_global_variables"] else None
    of_run = backreferences.identify_names(blocks, in_prose, inspected, node)
    at_sight = backreferences.identify_names(blocks, in_prose, None, node)
    for each in chain.from_iterable(at_sight.values()):
        each["module_short"] = each["module"]
    return {
        name: tuple(Meaning(**each) for each in objects)
        for name, objects in sorted(of_run.items())
        if objects != at_sight.get(name)
    }


def with_known(found: Found, known: Mapping[str, tuple[Meaning, ...]]) -> Found:
    """Replace what was found at sight by what the run knew.

    What prose refers to is as the prose is now; of that the run knew the short names.
    """
    result = dict(found)
    short: dict[tuple[str, str], str] = {}
    for name, meanings in known.items():
        short |= {(each.module, each.name): each.module_short for each in meanings}
        if in_code := [asdict(each) for each in meanings if not each.is_explicit]:
            in_prose = [each for each in found.get(name, ()) if each["is_explicit"]]
            result[name] = in_code + in_prose
    for each in chain.from_iterable(result.values()):
        if each["is_explicit"]:
            key = each["module"], each["name"]
            each["module_short"] = short.get(key, each["module_short"])
    return result
