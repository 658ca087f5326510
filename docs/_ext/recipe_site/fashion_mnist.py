"""Put Fashion-MNIST in place once, for every section of recipes (`nox -s data`).

The data set stands in `recipes/data`, as torchvision lays it out, and each section
has a link `data` to it, because Sphinx-Gallery runs a recipe in its own folder.
A file comes from the first of these that has it right: what is there already,
Debian's package `dataset-fashion-mnist`, torchvision's download. Nothing is
believed without its digest, and a file is put in place whole or not at all.
Source of the data set: https://github.com/zalandoresearch/fashion-mnist
"""

import argparse
import gzip
import hashlib
import signal
import socket
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
LAYOUT = Path("FashionMNIST", "raw")  # torchvision's, below its `root`
LINK_TARGET = Path("..", "data")
DOWNLOAD = "torchvision's download"
CHUNK_BYTES = 1 << 20
SILENCE_SECONDS = 30  # torchvision itself waits for a silent host without end
DOWNLOAD_ERRORS = (ImportError, OSError, RuntimeError, EOFError, HTTPException)
Download = Callable[[Path], None]


class DataFile(NamedTuple):
    """A file of the data set, unpacked."""

    name: str
    size: int
    sha256: str


# Of the unpacked files: Debian changed the gzip headers, so packed digests differ.
# With their first headers its files have the md5s that torchvision lists.
FASHION_MNIST = (
    DataFile(
        "train-images-idx3-ubyte",
        47_040_016,
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    DataFile(
        "train-labels-idx1-ubyte",
        60_008,
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    DataFile(
        "t10k-images-idx3-ubyte",
        7_840_016,
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    DataFile(
        "t10k-labels-idx1-ubyte",
        10_008,
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
)


class DataError(Exception):
    """The data set could not be put in place; the message says what to do."""


class UnfitError(Exception):
    """A file is missing, unreadable or not the published one."""


def checked(path: Path, file: DataFile) -> Iterator[bytes]:
    """Yield a file's content in pieces, unpacked if its name ends in `.gz`.

    Only a reader who comes to the end without an error has the right content.

    Raises:
        UnfitError: It cannot be read, or its size or digest is another one.
    """
    size, digest = 0, hashlib.sha256()
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as stream:
            while size <= file.size and (piece := stream.read(CHUNK_BYTES)):
                size += len(piece)
                digest.update(piece)
                yield piece
    except FileNotFoundError:
        raise UnfitError("missing") from None
    except (OSError, EOFError, zlib.error) as error:
        raise UnfitError(f"unreadable: {error}") from error
    if size != file.size:
        amount = "more" if size > file.size else f"{size} bytes"
        raise UnfitError(f"damaged: {amount}, and not {file.size} bytes")
    if digest.hexdigest() != file.sha256:
        raise UnfitError("damaged: the size is right, the sha256 digest is not")


def faults(folder: Path, files: Iterable[DataFile]) -> dict[DataFile, str]:
    """List the files that are not right in a folder, with what is wrong."""
    found = {}
    for file in files:
        try:
            for _ in checked(folder / file.name, file):
                pass
        except UnfitError as error:
            found[file] = str(error)
    return found


def fill(
    folder: Path, files: Iterable[DataFile], source: Path, suffix: str, scratch: Path
) -> dict[DataFile, str]:
    """Copy files from a source, each whole and right or not at all.

    Args:
        folder: Where the files belong.
        files: The files that are wanted.
        source: The folder that has them, each named with the suffix.
        suffix: `.gz` or nothing.
        scratch: A folder of this run's own, on the file system of `folder`.

    Returns:
        The files that the source does not have right, and why.

    Raises:
        OSError: A file could not be written.
    """
    unfit = {}
    for file in files:
        copy = scratch / file.name
        try:
            with copy.open("wb") as stream:
                stream.writelines(checked(source / f"{file.name}{suffix}", file))
        except UnfitError as error:
            unfit[file] = str(error)
        else:
            copy.replace(folder / file.name)
    return unfit


def torchvision_download(root: Path) -> None:
    """Let torchvision fetch the data set into a folder that has none of it.

    Raises:
        DataError: torchvision is not installed, or its mirrors were not reached.
    """
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE_SECONDS)
    try:
        from torchvision.datasets import FashionMNIST  # noqa: PLC0415 (seldom needed)

        FashionMNIST(root, download=True)
    except DOWNLOAD_ERRORS as error:
        reason = f"{type(error).__name__}: {error}"
        raise DataError(" ".join(reason.split())) from error
    finally:
        socket.setdefaulttimeout(patience)


def sections(recipes: Path) -> list[Path]:
    """List the folders that hold recipes."""
    return sorted(
        folder
        for folder in recipes.iterdir()
        if folder.name != "data" and any(folder.glob("*.py"))
    )


def link(section: Path) -> bool:
    """Link a section's `data` to the one data folder; say whether that was news.

    It tries first and looks later, so that two runs at once agree.

    Raises:
        DataError: Something else stands there, or no link can be made.
    """
    place = section / "data"
    try:
        place.symlink_to(LINK_TARGET, target_is_directory=True)
    except OSError as error:
        if place.is_symlink() and place.readlink() == LINK_TARGET:
            return False
        if place.is_symlink() or place.exists():
            raise DataError(
                f"{place} is not the link to {LINK_TARGET} that belongs there. "
                "It was left as it is: move it away, then run `nox -s data` again."
            ) from error
        raise DataError(
            f"The link {place} to {LINK_TARGET} could not be made: {error}. "
            "Symbolic links are needed; Windows allows them in its Developer Mode."
        ) from error
    return True


def refusal(raw: Path, wrong: dict[DataFile, str], tried: Iterable[str]) -> str:
    """Word the error: which files no source has, what was tried, what helps."""
    return "\n".join(
        [
            f"Not complete in {raw}:",
            *(f"  {file.name}: {reason}" for file, reason in wrong.items()),
            "What was tried:",
            *(f"  {answer}" for answer in tried),
            "There are two ways to get it. Take one, then run `nox -s data` again:",
            "  apt-get install dataset-fashion-mnist (on Debian or Ubuntu)",
            "  torchvision, and a network that reaches its mirrors",
        ]
    )


def fetch(
    raw: Path, wrong: dict[DataFile, str], package: Path, download: Download
) -> str:
    """Put in place the files that are missing or damaged; say where they came from.

    Raises:
        DataError: No source has them all. Those that one had are in place.
        OSError: A file could not be written.
    """
    with TemporaryDirectory(prefix=".partial-", dir=raw) as folder:
        scratch = Path(folder)
        left = fill(raw, wrong, package, ".gz", scratch)
        if not left:
            return str(package)
        found = [str(package)] if len(left) < len(wrong) else []
        tried = [f"{package / file.name}.gz: {reason}" for file, reason in left.items()]
        if not package.is_dir():
            tried = [f"Debian's package: there is no folder {package}"]
        try:
            download(scratch)
            left = fill(raw, left, scratch / LAYOUT, "", scratch)
            tried += [f"{DOWNLOAD}: {file.name}: {why}" for file, why in left.items()]
        except DataError as error:
            tried.append(f"{DOWNLOAD}: {error}")
    if left:
        raise DataError(refusal(raw, {file: wrong[file] for file in left}, tried))
    return " and ".join([*found, DOWNLOAD])


def put_in_place(
    recipes: Path,
    package: Path = DEBIAN_FOLDER,
    download: Download = torchvision_download,
    files: Sequence[DataFile] = FASHION_MNIST,
) -> list[str]:
    """Put the data set and the sections' links in place.

    Args:
        recipes: The folder of the sections.
        package: The folder of Debian's package, whether it is there or not.
        download: Fetches the data set into a folder, as torchvision lays it out.
        files: The files of the data set.

    Returns:
        What was done, in words; nothing if all was there and right.

    Raises:
        DataError: No source has a file, or a link could not be made.
        OSError: Something could not be written.
    """
    if not recipes.is_dir():
        raise DataError(f"There is no folder {recipes}; name the one of the recipes.")
    raw = recipes / "data" / LAYOUT
    raw.mkdir(parents=True, exist_ok=True)
    linked = [section.name for section in sections(recipes) if link(section)]
    done = [f"linked from {', '.join(linked)}"] if linked else []
    if wrong := faults(raw, files):
        source = fetch(raw, wrong, package, download)
        names = ", ".join(file.name for file in wrong)
        done.append(f"{names} from {source}")
    return done


def main(argv: Sequence[str] | None = None) -> int:
    """Put Fashion-MNIST in place as a command; return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m fashion_mnist", description="Put Fashion-MNIST in place, once."
    )
    parser.add_argument(
        "recipes", nargs="?", type=Path, default="recipes", help="default: %(default)s"
    )
    recipes: Path = parser.parse_args(argv).recipes
    # As at Ctrl-C, leave through the clean-up: a cancelled job gets this signal.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        done = put_in_place(recipes)
    except (DataError, OSError) as error:
        sys.stderr.write(f"Fashion-MNIST could not be put in place.\n{error}\n")
        return 1
    news = f": {'; '.join(done)}" if done else ""
    sys.stdout.write(f"Fashion-MNIST is in place in {recipes / 'data'}{news}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
