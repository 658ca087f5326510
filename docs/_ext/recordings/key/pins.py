"""Read the versions that a project pins with `==`."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.dependency_groups import resolve_dependency_groups
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import Specifier
from packaging.utils import canonicalize_name

SEPARATOR = ", "
"""Stands between several versions of one package."""
_ONE = re.compile(r'(?:[^,"]|"[^"]*")+')
"""One of them, with its marker, in which a comma is in quotes."""


def pins(requirements: Iterable[str]) -> dict[str, str]:
    """Return the versions that `==` pins, by package; other requirements don't count.

    An environment marker is kept and not evaluated: the key is the same everywhere.

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
    return {name: SEPARATOR.join(sorted(set(found[name]))) for name in sorted(found)}


def contradicted(
    pinned: Mapping[str, str], installed: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Return the versions, pinned and installed, of packages that are not as pinned.

    What is not installed does not count: nothing can run on it, in no version.

    Args:
        pinned: What `pins` gave.
        installed: Versions by package.
    """
    found = {}
    for name, text in pinned.items():
        both = (it.strip().partition(" ; ") for it in _ONE.findall(text))
        wanted = [version for version, _, marker in both if _counts_here(marker)]
        here = installed.get(name)
        if here and wanted and not all(_is_version(here, each) for each in wanted):
            found[name] = SEPARATOR.join(wanted), here
    return found


def _counts_here(marker: str) -> bool:
    return not marker or Marker(marker).evaluate()


def _is_version(installed: str, pinned: str) -> bool:
    # A build for some GPU, such as 2.0+cu128, is the version.
    return Specifier(f"=={pinned}").contains(installed, prereleases=True)


def pins_of_group(pyproject: Path, group: str) -> dict[str, str]:
    """Return the versions that a dependency group of a `pyproject.toml` pins.

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
