"""Make sure that recipes run on the versions that recordings are filed under."""

from collections.abc import Mapping, Sequence

from recordings.key.pins import contradicted
from recordings.machine import provenance

HINT = (
    "install the pinned ones, or have recordings_requirements in conf.py pin those "
    "that are installed"
)


class OtherVersions(Exception):  # noqa: N818 - how it is, not a fault here
    """Other versions are installed than are pinned; the message has them in a table."""


def check(pinned: Mapping[str, str]) -> None:
    """Compare what is pinned with what is installed here.

    Raises:
        OtherVersions: They differ.
    """
    if wrong := contradicted_here(pinned):
        rows = [(name, *both) for name, both in wrong.items()]
        shown = table([("package", "pinned", "installed"), *rows])
        raise OtherVersions(
            f"recordings would be filed under versions that did not run:\n{shown}{HINT}"
        )


def contradicted_here(pinned: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the versions, pinned and installed here, of packages that differ."""
    return contradicted(pinned, provenance.versions(pinned))


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return lines in which the columns of rows stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(it.ljust(width) for it, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "".join(f"  {line.rstrip()}\n" for line in lines)
