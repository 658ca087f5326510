"""Keep recordings under their names, in a folder or at any other fsspec address.

A recording is written beside its place and then renamed, so it is there whole or not
at all, and of two writers at once the last one wins. A writer that was killed may leave
a temporary file behind; the next write or removal of that name sweeps it away once it
is old.
"""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from recordings.store.notebook import RecordingError

OLD = timedelta(hours=1)
"""Age from which a temporary file has no writer any more."""


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

    def __init__(self, address: str) -> None:
        """Open the store; nothing is read or made yet.

        Args:
            address: A folder, or any address that fsspec knows, such as
                `s3://bucket/recordings`. A web address can only be read.

        Raises:
            StoreError: The address is of no known kind, or its package is missing.
        """
        self.address = address
        try:
            self._files, root = url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise StoreError(f"{address}: not usable as a store: {error}") from error
        self._is_local = isinstance(self._files, LocalFileSystem)
        self._is_web = "http" in self._files.protocol
        self._root = root.rstrip("/")

    def where(self, name: str) -> str:
        """Return the address of a name, for messages."""
        slash = "" if self.address.endswith(("/", os.sep)) else "/"
        return f"{self.address}{slash}{name}"

    def file(self, name: str) -> Path | None:
        """Return the file of a name, if the store is a folder."""
        return Path(self._path(name)) if self._is_local else None

    def link(self, name: str) -> str | None:
        """Return the web address of a name, if the store has one."""
        return self._path(name) if self._is_web else None

    def read(self, name: str) -> str | None:
        """Return the text under a name; None if there is nothing under it.

        Raises:
            RecordingError: It is not text in UTF-8.
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
        """Put a text under a name, whole or not at all, whatever was there.

        Raises:
            StoreError: It could not be written; what was there still is.
        """
        path = self._writable(name)
        with self._naming(name, "written"):
            content = text.encode()
            self._sweep(path)
            temporary = self._put_beside(path, content)
            try:
                self._move(temporary, path)
            except BaseException:
                self._discard(temporary)
                raise

    def check_writable(self, names: Iterable[str]) -> None:
        """Make sure that names can be written, before any work is done for that.

        In each of their folders a temporary file is written and removed: only that
        shows it for every kind of store.

        Raises:
            ReadOnlyError: One can't.
        """
        one_a_folder = {name.rpartition("/")[0]: name for name in names}
        for name in one_a_folder.values():
            try:
                path = self._writable(name)
                with self._naming(name, "written"):
                    self._files.rm_file(self._put_beside(path, b""))
            except StoreError as error:
                raise ReadOnlyError(str(error)) from error

    def names(self) -> list[str]:
        """Return the names of all notebooks (`*.ipynb`) in the store, sorted.

        Hidden folders, such as Jupyter's checkpoints, are left out. The list of a web
        address is always empty: a web server need not list its files, and what looks
        like a list may be a page with links to anywhere.

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
        """Remove a name; it is no fault if it is not there.

        Raises:
            StoreError: It could not be removed.
        """
        path = self._writable(name)
        self._sweep(path)
        with self._naming(name, "removed"), suppress(FileNotFoundError):
            self._files.rm_file(path)

    def rename(self, old: str, new: str) -> None:
        """Give a text another name, whatever was under that.

        Raises:
            StoreError: It could not be renamed, or there is nothing under either name.
                If only the new one is there, another process was faster.
        """
        text = self.read(old)
        if text is not None and old != new:
            self.write(new, text)
            self.remove(old)
        elif text is None and self.read(new) is None:
            raise StoreError(f"{self.where(old)}: cannot be renamed to {new}: no such")

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

    def _put_beside(self, path: str, content: bytes) -> str:
        """Write a new file beside a path, down to the disk; return its path."""
        self._files.makedirs(_folder(path), exist_ok=True)
        temporary = f"{_beginning(path)}{secrets.token_hex(8)}.tmp"
        try:
            if not self._is_local:
                self._files.pipe_file(temporary, content)
                return temporary
            with Path(temporary).open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            self._discard(temporary)
            raise
        return temporary

    def _move(self, source: str, target: str) -> None:
        """Give a file another path. In a folder, that is one step."""
        if self._is_local:
            Path(source).replace(target)
        else:
            self._files.cp_file(source, target)
            self._files.rm_file(source)

    def _discard(self, temporary: str) -> None:
        with suppress(Exception):
            self._files.rm_file(temporary)

    def _sweep(self, path: str) -> None:
        """Remove temporary files that killed writers of a path left behind."""
        with suppress(Exception):  # only tidying: it must not cost a write
            self._files.invalidate_cache()
            for found in self._files.ls(_folder(path), detail=False):
                if found.startswith(_beginning(path)):
                    age = datetime.now(UTC) - self._files.modified(found)
                    if age > OLD:
                        self._discard(found)

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


def _beginning(path: str) -> str:
    """Return the beginning of the paths of all temporary files of a path.

    A digest stands for the name, which may be as long as a name can be already.
    """
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{sha256(name.encode()).hexdigest()[:16]}-"
