"""Keep recordings under their names, in a folder or at any other fsspec address.

A recording is written beside its place and then renamed, so it is there whole or not
at all, and of two writers at once the last one wins. A writer that was killed may leave
a temporary file behind; a later write of that name removes it once it is old.
"""

import os
import secrets
from collections.abc import Container, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from recordings.store import local_file, web
from recordings.store.ahead import Ahead
from recordings.store.notebook import RecordingError, check_size

OLD = timedelta(hours=1)
"""Age from which a temporary file has no writer any more."""

KINDS = (
    "a folder, a web address (https://…), or a bucket (s3://…, gs://…, or another that "
    "fsspec knows)"
)

_WEB = ("http://", "https://")


class StoreError(Exception):
    """A store cannot be used; the message names the address and says why."""


class DeniedError(StoreError):
    """It may not be read, or is not there: buckets tell only an owner which."""


class ReadOnlyError(StoreError):
    """Nothing can be recorded, since the store cannot be written."""


class Store:
    """Texts by name, in a folder or at an fsspec address.

    A name is a path below the address, with `/`, such as `recipes/first.ipynb`.
    Several processes may use one store at once. A method raises StoreError if the
    store does not let it do what it is for.

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
                `s3://bucket/recordings`. A web address and an archive, such as
                `zip://recordings::recordings.zip`, can only be read.

        Raises:
            StoreError: The address is of no kind that is of use here.
        """
        self.address = address
        try:
            options = web.options() if address.startswith(_WEB) else {}
            self._files, root = url_to_fs(address, **options)
        except Exception as error:  # each kind of store has exceptions of its own
            cause = str(error).strip().partition("\n")[0] or type(error).__name__
            raise StoreError(
                f"{address}: not usable as a store: {cause}; give {KINDS}"
            ) from error
        self._ahead = Ahead(self._read)
        self._is_local = isinstance(self._files, LocalFileSystem)
        self._is_web = "http" in self._files.protocol
        self._root = root.rstrip("/")
        is_top = not self._root and not self._files.root_marker
        self._beginning = "" if is_top else f"{self._root}/"

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
            RecordingError: It is not a file of text in UTF-8, or is too large.
            DeniedError: A bucket or a web server does not say whether it is there.
        """
        return self._ahead.read(name)

    def reading_ahead(
        self, names: Iterable[str], optional: Container[str] = ()
    ) -> AbstractContextManager[None]:
        """Have texts fetched together, before `read` asks for one after the other.

        A folder has no need of that. Once the store fails, it is asked nothing more,
        unless that was for an optional name.
        """
        names = () if self._is_local else names
        return self._ahead.fetching(names, StoreError, optional)

    def _read(self, name: str) -> str | None:
        path = self._path(name)
        with self._naming(name, "read"):
            try:
                content = self._content(path, self.where(name))
            except FileNotFoundError:
                return None
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise RecordingError(f"{self.where(name)}: not text: {error}") from error

    def write(self, name: str, text: str) -> None:
        """Put a text under a name, whole or not at all, whatever was there."""
        path = self._writable(name)
        with self._naming(name, "written"), self._beside(path) as temporary:
            self._sweep(path)
            self._put(temporary, text.encode())
            if self._is_local:
                Path(temporary).replace(path)
            else:
                self._files.cp_file(temporary, path)

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
                with self._naming(name, "written"), self._beside(path) as temporary:
                    self._put(temporary, b"")
            except StoreError as error:
                raise ReadOnlyError(str(error)) from error

    def names(self) -> list[str]:
        """Return the names of all notebooks (`*.ipynb`) in the store, sorted.

        Hidden folders, such as Jupyter's checkpoints, are left out. The list of a web
        address is always empty: a web server need not list its files, and what looks
        like a list may be a page with links to anywhere.
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
        start = self._beginning
        names = (p.removeprefix(start) for p in paths if p.startswith(start))
        return sorted(
            name for name in names if name.endswith(".ipynb") and "/." not in f"/{name}"
        )

    def remove(self, name: str) -> None:
        """Remove a name; it is no fault if it is not there."""
        path = self._writable(name)
        with self._naming(name, "removed"), suppress(FileNotFoundError):
            self._files.rm_file(path)

    def rename(self, old: str, new: str) -> None:
        """Give a text another name, whatever was under that.

        It is no fault if only the new name is there: another process was faster.
        """
        text = self.read(old)
        if text is not None and old != new:
            self.write(new, text)
            self.remove(old)
        elif text is None and self.read(new) is None:
            raise StoreError(
                f"{self.where(old)}: cannot be renamed to {new}: not there"
            )

    def _path(self, name: str) -> str:
        """Return a name's path in the file system."""
        if not name or name.startswith("/") or ".." in PurePosixPath(name).parts:
            raise StoreError(f"{self.address}: {name!r} is no name of a recording")
        return f"{self._beginning}{quote(name) if self._is_web else name}"

    def _writable(self, name: str) -> str:
        """Return a name's path in the file system, if that can be written at all."""
        if self._is_web:
            raise StoreError(
                f"{self.where(name)}: a web address can only be read; to record, give "
                "the store's address as a folder or a bucket, and publish that one"
            )
        return self._path(name)

    def _content(self, path: str, where: str) -> bytes:
        if self._is_local:
            return local_file.content(path, where)
        fetch = partial(self._files.cat_file, path)
        content: bytes = web.ask(fetch) if self._is_web else fetch()
        check_size(len(content), where)
        return content

    @contextmanager
    def _beside(self, path: str) -> Iterator[str]:
        """Provide a path beside a path, for this writer alone; nothing stays there."""
        self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        temporary = f"{_beginning(path)}{secrets.token_hex(8)}.tmp"
        try:
            yield temporary
        finally:
            with suppress(Exception):
                self._files.rm_file(temporary)

    def _put(self, path: str, content: bytes) -> None:
        """Write a new file, down to the disk where there is one."""
        if not self._is_local:
            self._files.pipe_file(path, content)
            return
        with Path(path).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def _sweep(self, path: str) -> None:
        """Remove temporary files that killed writers of a path left behind."""
        with suppress(Exception):  # only tidying: it must not cost a write
            self._files.invalidate_cache()
            for found in self._files.ls(path.rpartition("/")[0], detail=False):
                if found.startswith(_beginning(path)):
                    age = datetime.now(UTC) - self._files.modified(found)
                    if age > OLD:
                        self._files.rm_file(found)

    @contextmanager
    def _naming(self, name: str, action: str) -> Iterator[None]:
        """Turn every fault into a StoreError that says what, where and why."""
        try:
            yield
        except RecordingError:
            raise
        except Exception as error:  # each kind of store has exceptions of its own
            reason = getattr(error, "strerror", None) or str(error)
            is_denied = isinstance(error, PermissionError) and not self._is_local
            raise (DeniedError if is_denied else StoreError)(
                f"{self.where(name)}: cannot be {action}: "
                f"{reason or type(error).__name__}"
            ) from error


def _beginning(path: str) -> str:
    """Return the beginning of the paths of all temporary files of a path.

    A digest stands for the name, which may be as long as a name can be already.
    """
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{sha256(name.encode()).hexdigest()[:16]}-"
