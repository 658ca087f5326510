"""Read the versions that a project pins with `==`."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.dependency_groups import resolve_dependency_groups
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


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
    return {name: ", ".join(sorted(set(found[name]))) for name in sorted(found)}


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
