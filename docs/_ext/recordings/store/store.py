"""Keep recordings under their names, in a folder or at any other fsspec address.

A recording is written beside its place and then renamed, so it is there whole or not
at all, and of two writers at once the last one wins. A writer that was killed may leave
a temporary file behind; the next write or removal of that name sweeps it away.
"""

import os
import platform
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from fsspec.core import url_to_fs
from fsspec.implementations.local import (
    LocalFileSystem,
)

from recordings.store.notebook import RecordingError

OLD = timedelta(hours=1)
"""Age from which a temporary file has no writer any more, wherever it came from."""


class StoreError(Exception):
    """A store cannot be used; the message names the address and says why."""


class ReadOnlyError(StoreError):
    """Nothing can be recorded, since the store cannot be written."""


class Store:
    """Texts by name, in a folder or at an fsspec address.

    A name is a path below the address, with `/`, such as `recipes/first.ipynb`.
    Several processes may use one store at once.

    Examples:
        >>> store = Store("memory://recordings")
        >>> store.write("recipes/first.ipynb", "{}")
        >>> store.read("recipes/first.ipynb"), store.read("recipes/second.ipynb")
        ('{}', None)
        >>> store.names()
        ['recipes/first.ipynb']
    """

    def __init__(self, address: str | Path) -> None:
        """Open the store; nothing is read or made yet.

        Args:
            address: A folder, or any address that fsspec knows, such as
                `s3://bucket/recordings`. A web address can only be read.

        Raises:
            StoreError: The address is of no known kind, or its package is missing.
        """
        self.address = os.fspath(address)
        try:
            if isinstance(address, Path):
                self._files, root = LocalFileSystem(), str(address.absolute())
            else:
                self._files, root = url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise StoreError(f"{address}: not usable as a store: {error}") from error
        self._is_local = isinstance(self._files, LocalFileSystem)
        self._is_web = "http" in self._files.protocol
        self._root = Path(root).as_posix() if self._is_local else root.rstrip("/")

    def where(self, name: str) -> str:
        """Say where a name stands, for messages."""
        slash = "" if self.address.endswith(("/", os.sep)) else "/"
        return f"{self.address}{slash}{name}"

    def file(self, name: str) -> Path | None:
        """Give the file of a name, where the store is a folder."""
        return Path(self._path(name)) if self._is_local else None

    def link(self, name: str) -> str | None:
        """Give the web address of a name, where the store has one."""
        return self._path(name) if self._is_web else None

    def read(self, name: str) -> str | None:
        """Read what stands under a name.

        Returns:
            The text, or None when there is nothing under that name.

        Raises:
            RecordingError: What stands there is not text in UTF-8.
            StoreError: The store cannot be read.
        """
        path = self._path(name)
        with self._naming(name, "read"):
            try:
                content: bytes = self._files.cat_file(path)
            except FileNotFoundError:
                return None
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise RecordingError(f"{self.where(name)}: not text: {error}") from error

    def write(self, name: str, text: str) -> None:
        """Put a text under a name, whole or not at all, whatever stood there.

        Raises:
            StoreError: It could not be written; what stood there still does.
        """
        path = self._writable(name)
        temporary = _temporary_path(path)
        with self._naming(name, "written"):
            content = text.encode()
            self._files.makedirs(_folder(path), exist_ok=True)
            self._sweep(path)
            try:
                self._put(temporary, content)
                self._move(temporary, path)
            except BaseException:
                with suppress(Exception):
                    self._files.rm_file(temporary)
                raise

    def check_writable(self, names: Iterable[str]) -> None:
        """Make sure that names can be written, before anybody works for that.

        In each of their folders a temporary file is written and removed: only that
        shows it for every kind of store.

        Raises:
            ReadOnlyError: One can't.
        """
        one_a_folder = {name.rpartition("/")[0]: name for name in names}
        for name in one_a_folder.values():
            try:
                path = self._writable(name)
                temporary = _temporary_path(path)
                with self._naming(name, "written"):
                    self._files.makedirs(_folder(path), exist_ok=True)
                    self._put(temporary, b"")
                    self._files.rm_file(temporary)
            except StoreError as error:
                raise ReadOnlyError(str(error)) from error

    def names(self) -> list[str]:
        """List the names of all notebooks (`*.ipynb`) in the store, sorted.

        What stands in a hidden folder, such as Jupyter's checkpoints, is left out.
        The list of a web address is always empty: a web server need not list its
        files, and what looks like a list may be a page with links to anywhere.

        Raises:
            StoreError: The store cannot be read.
        """
        if self._is_web:
            return []
        with self._naming("", "listed"):
            self._files.invalidate_cache()
            options = {"on_error": "raise"} if self._is_local else {}
            try:
                paths: list[str] = self._files.find(self._root, **options)
            except FileNotFoundError:
                return []
        beginning = f"{self._root}/"
        names = (p.removeprefix(beginning) for p in paths if p.startswith(beginning))
        return sorted(n for n in names if n.endswith(".ipynb") and not _is_hidden(n))

    def remove(self, name: str) -> None:
        """Remove what stands under a name; it is no fault if nothing does.

        Raises:
            StoreError: It could not be removed.
        """
        path = self._writable(name)
        self._sweep(path)
        with self._naming(name, "removed"), suppress(FileNotFoundError):
            self._files.rm_file(path)

    def rename(self, old: str, new: str) -> None:
        """Put what stands under one name under another, whatever stood there.

        Raises:
            StoreError: It could not be renamed, or nothing stands under either name.
                If only the new one is there, another process was quicker.
        """
        source, target = self._writable(old), self._writable(new)
        if source == target:
            return
        with self._naming(old, f"renamed to {new}"):
            self._files.makedirs(_folder(target), exist_ok=True)
            try:
                self._move(source, target)
            except FileNotFoundError:
                if not self._files.exists(target):
                    raise

    def _path(self, name: str) -> str:
        """Return a name's path in the file system."""
        if not name or name.startswith("/") or ".." in PurePosixPath(name).parts:
            raise StoreError(f"{self.address}: {name!r} is no name of a recording")
        return f"{self._root}/{quote(name) if self._is_web else name}"

    def _writable(self, name: str) -> str:
        """Return a name's path in the file system, if that can be written at all."""
        if self._is_web:
            raise StoreError(
                f"{self.where(name)}: a web address can only be read; to record, give "
                "the store's address as a folder or a bucket, and publish that one"
            )
        return self._path(name)

    def _put(self, path: str, content: bytes) -> None:
        """Write a new file, down to the disk where there is one."""
        if not self._is_local:
            self._files.pipe_file(path, content)
            return
        with Path(path).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def _move(self, source: str, target: str) -> None:
        """Give a file another path. In a folder, that is one step."""
        if self._is_local:
            Path(source).replace(target)
        else:
            self._files.cp_file(source, target)
            self._files.rm_file(source)

    def _sweep(self, path: str) -> None:
        """Remove temporary files that killed writers of a path left behind."""
        with suppress(Exception):  # only tidying: it must not cost a write
            self._files.invalidate_cache()
            beginning = _temporary_beginning(path)
            for found in self._files.ls(_folder(path), detail=False):
                if found.startswith(beginning) and (
                    _writer_is_dead(found)
                    or datetime.now(UTC) - self._files.modified(found) > OLD
                ):
                    with suppress(FileNotFoundError):  # another process swept it
                        self._files.rm_file(found)

    @contextmanager
    def _naming(self, name: str, action: str) -> Iterator[None]:
        """Turn every fault into a StoreError that says what, where and why."""
        try:
            yield
        except Exception as error:  # each kind of store has exceptions of its own
            reason = getattr(error, "strerror", None) or str(error)
            raise StoreError(
                f"{self.where(name)}: cannot be {action}: "
                f"{reason or type(error).__name__}"
            ) from error


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _temporary_beginning(path: str) -> str:
    """Return what the paths of all temporary files of a path begin with.

    A digest stands for the name, which may be as long as a name can be already.
    """
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{sha256(name.encode()).hexdigest()[:16]}-"


def _temporary_path(path: str) -> str:
    """Return a path beside a path, for this writer alone."""
    writer = f"{_host()}-{os.getpid()}-{secrets.token_hex(4)}"
    return f"{_temporary_beginning(path)}{writer}.tmp"


def _writer_is_dead(temporary: str) -> bool:
    """Tell if the process that made a temporary file ran here and has ended."""
    host, pid, _ = temporary.rsplit("-", 3)[1:]
    if host != _host() or os.name != "posix":  # elsewhere `os.kill` would kill
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _host() -> str:
    return sha256(platform.node().encode()).hexdigest()[:8]
