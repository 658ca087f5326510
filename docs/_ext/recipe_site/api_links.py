"""Links from code to the documentation of PyTorch, from inventories in the repository.

Sphinx-Gallery makes the links, of what recordings know of names. An inventory says
where each name is documented. It holds the names that recipes use, so that it is small,
and no build needs the network; `python -m recipe_site.api_links` makes it anew.
"""

import sys
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.inventory import InventoryFile

from recordings.library import open_library
from recordings.settings import read

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_HEADER = """\
# Sphinx inventory version 2
# Project: {}
# Version: stable
# The remainder of this file is compressed using zlib.
"""


class KeepVariablesPlain(SphinxPostTransform):
    """Take away links from variables: each `x` would lead to the class of tensors."""

    default_priority = 900  # after Sphinx-Gallery has made them

    def run(self, **_options: Any) -> None:
        """Put what is linked in the place of the link."""
        for link in list(self.document.findall(nodes.reference)):
            if "sphx-glr-backref-instance" in link["classes"]:
                link.replace_self(link.children)


def names_used(docs: Path) -> set[str]:
    """Return the full names that the code of recorded recipes may stand for."""
    recordings = (entry.recording for entry in open_library(docs).entries())
    return {
        f"{module}.{each.name}"
        for recording in recordings
        for meanings in (recording.names.values() if recording else ())
        for each in meanings
        for module in (each.module, each.module_short)
    }


def shortened(inventory: bytes, project: str, names: Collection[str]) -> bytes:
    """Return an inventory with those of its Python objects that bear one of the names.

    Args:
        inventory: What a documentation publishes as `objects.inv`.
        project: What to call it.
        names: Full names.
    """
    text = "".join(sorted(_lines(inventory, names)))
    return _HEADER.format(project).encode() + zlib.compress(text.encode(), 9)


def _lines(inventory: bytes, names: Collection[str]) -> Iterator[str]:
    for kind, objects in InventoryFile.loads(inventory, uri="").data.items():
        for name, item in objects.items():
            if kind.startswith("py:") and name in names:
                yield f"{name} {kind} 1 {item.uri} {item.display_name}\n"


def refresh(docs: Path, inventories: Mapping[str, tuple[str, str]]) -> None:
    """Fetch each inventory, and keep what recipes use of it.

    Args:
        docs: The folder of `conf.py`.
        inventories: As in `intersphinx_mapping`, with a file beside `conf.py`.
    """
    names = names_used(docs)
    for project, (address, file) in inventories.items():
        with fsspec.open(f"{address}objects.inv") as stream:
            made = shortened(stream.read(), project, names)
        place = docs / file
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(made)
        sys.stdout.write(f"{place}: {len(made)} bytes\n")


def setup_api_links(app: "Sphinx") -> None:
    """Add the transform."""
    app.add_post_transform(KeepVariablesPlain)


if __name__ == "__main__":
    here = Path("docs").resolve()
    refresh(here, read(here)["intersphinx_mapping"])
