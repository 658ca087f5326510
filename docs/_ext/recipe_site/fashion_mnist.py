"""Put Fashion-MNIST in place once, for every section of recipes (`nox -s data`).

It is in `recipes/data`, as torchvision lays it out, and each section has a link `data`
to it, because Sphinx-Gallery runs a recipe in its own folder. A file comes whole from
the first of these that has it: `recipes/data`, Debian's `dataset-fashion-mnist`,
torchvision's download. Source: https://github.com/zalandoresearch/fashion-mnist
"""

import gzip
import hashlib
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

# Of the unpacked files: Debian's packed ones are not the published ones.
SHA256 = """\
c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888 train-images-idx3-ubyte
bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9 train-labels-idx1-ubyte
5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b t10k-images-idx3-ubyte
0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34 t10k-labels-idx1-ubyte
"""
FASHION_MNIST = {name: digest for digest, name in map(str.split, SHA256.splitlines())}
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
LAYOUT = Path("FashionMNIST", "raw")  # torchvision's, below its `root`
TIMEOUT = 30  # seconds; torchvision itself waits forever for a silent host
HELP = """There are two ways to get it. Take one, then run `nox -s data` again:
  apt-get install dataset-fashion-mnist (on Debian or Ubuntu)
  torchvision, and a network that reaches its mirrors"""


class DataError(Exception):
    """The data set could not be put in place; the message says what to do."""


def unpack(root: Path) -> None:
    """Unpack Debian's package, as torchvision would lay it out."""
    (root / LAYOUT).mkdir(parents=True)
    for name in FASHION_MNIST:
        with gzip.open(DEBIAN / f"{name}.gz") as packed:
            (root / LAYOUT / name).write_bytes(packed.read())


def download(root: Path) -> None:
    """Have torchvision download the data set and check it."""
    from torchvision.datasets import FashionMNIST  # noqa: PLC0415 - seldom needed

    socket.setdefaulttimeout(TIMEOUT)
    FashionMNIST(root, download=True)


SOURCES = {"Debian's package": unpack, "torchvision's download": download}


def put_in_place(
    recipes: Path, sources: Mapping[str, Callable[[Path], None]] = SOURCES
) -> None:
    """Put the data set and the sections' links in place.

    Raises:
        DataError: No source has a file, or something else is where a link belongs.
    """
    for section in sorted(recipes.iterdir()):
        if section.is_dir() and section.name not in {"data", "__pycache__"}:
            link(section / "data")
    raw, tried = recipes / "data" / LAYOUT, []
    raw.mkdir(parents=True, exist_ok=True)
    for source, fetch in sources.items():
        if not (missing := missing_in(raw)):
            return
        with TemporaryDirectory(prefix=".partial-", dir=raw) as scratch:
            try:
                fetch(Path(scratch))
            except Exception as error:  # noqa: BLE001 - of a file, a host, a mirror
                reason = " ".join(f"{type(error).__name__}: {error}".split())
                tried.append(f"  {source}: {reason}")
            for name in missing - missing_in(Path(scratch, LAYOUT)):
                Path(scratch, LAYOUT, name).replace(raw / name)
    if missing := missing_in(raw):
        names = ", ".join(sorted(missing))
        lines = (f"Missing or damaged in {raw}: {names}", *tried, HELP)
        raise DataError("\n".join(lines))


def missing_in(folder: Path) -> set[str]:
    """Return the names of the files that are missing or damaged."""
    return {
        name
        for name, digest in FASHION_MNIST.items()
        if not (folder / name).is_file()
        or hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest
    }


def link(place: Path) -> None:
    """Make the link to the data; raise DataError where something else is."""
    target = Path("..", "data")
    try:
        place.symlink_to(target, target_is_directory=True)
    except FileExistsError as error:
        if not place.is_symlink() or place.readlink() != target:
            raise DataError(f"{place} is no link to {target}: move it away") from error


if __name__ == "__main__":
    try:
        put_in_place(Path(*sys.argv[1:2] or ["recipes"]))
    except (DataError, OSError) as error:
        sys.exit(f"Fashion-MNIST could not be put in place.\n{error}")
