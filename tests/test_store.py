"""A store holds each recording whole or not at all, wherever it is."""

import os
import random
import resource
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from stores import unprivileged, web_server

from recordings.store import web
from recordings.store.notebook import RecordingError
from recordings.store.store import ReadOnlyError, Store, StoreError

NAME = "recipes/gradients/where to clear 梯度.ipynb"
NAMES = [
    "a.ipynb",
    "recipes/100%25 of? #1 [a] é.ipynb",
    NAME,
    "梯" * 80 + ".ipynb",  # 246 bytes: no room to add anything
]
TEXT = "{\r\n 'unicode': '梯度 é',\u2028\n\n}\r\n"


def files_below(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    )


@pytest.fixture(params=["folder", "file://", "memory://"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    folder = tmp_path / "docs" / "recordings"
    addresses = {
        "folder": str(folder),
        "file://": folder.as_uri(),
        "memory://": f"memory://{uuid4()}/",
    }
    return Store(addresses[request.param])


def test_a_text_is_read_as_it_was_written(store: Store) -> None:
    assert store.names() == []
    others = ["README.md", "recipes/.ipynb_checkpoints/a-checkpoint.ipynb"]
    for name in [*reversed(NAMES), *others]:
        assert store.read(name) is None
        store.write(name, "older")
        store.write(name, TEXT)
        assert store.read(name) == TEXT
    assert store.names() == sorted(NAMES)
    store.check_writable(["new.ipynb", "recipes/new.ipynb", NAME])
    assert store.names() == sorted(NAMES)


def test_names_are_removed_and_renamed(store: Store) -> None:
    store.write(NAME, TEXT)
    store.write("new/place.ipynb", "older")
    store.rename(NAME, "new/place.ipynb")
    store.rename("new/place.ipynb", "new/place.ipynb")
    store.rename(NAME, "new/place.ipynb")  # as another process has done
    assert store.read("new/place.ipynb") == TEXT
    assert store.names() == ["new/place.ipynb"]
    with pytest.raises(StoreError, match=r"clear 梯度\.ipynb: cannot be renamed to x"):
        store.rename(NAME, "x.ipynb")
    store.remove("new/place.ipynb")
    store.remove("new/place.ipynb")
    assert store.names() == []


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("docs/recordings", "docs/recordings/a.ipynb"),
        ("docs/recordings/", "docs/recordings/a.ipynb"),
        ("memory://", "memory://a.ipynb"),
    ],
)
def test_messages_give_the_address_as_it_was_given(address: str, place: str) -> None:
    assert Store(address).where("a.ipynb") == place


@pytest.mark.parametrize("name", ["", "/etc/a.ipynb", "../a.ipynb", "a/../../b.ipynb"])
def test_nothing_outside_the_store_is_touched(store: Store, name: str) -> None:
    for act in (store.read, store.remove, lambda name: store.write(name, "")):
        with pytest.raises(StoreError, match="is no name of a recording"):
            act(name)


def test_a_store_stays_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    store = Store("recordings")
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.write("a.ipynb", TEXT)
    assert files_below(tmp_path) == ["recordings/a.ipynb"]
    (tmp_path / "plain").touch()
    written = tmp_path / "recordings" / "a.ipynb"
    modes = {
        stat.S_IMODE(each.stat().st_mode) for each in (written, tmp_path / "plain")
    }
    assert len(modes) == 1, "the permissions of any new file"


def test_an_address_of_no_use_is_named() -> None:
    fsspec.register_implementation("away", "away.Files", errtxt="install `away`")
    with pytest.raises(StoreError, match=r"^nowhere://x: not usable .*: nowhere"):
        Store("nowhere://x")
    with pytest.raises(StoreError, match=r"^away://x: not usable .*: install `away`"):
        Store("away://x")


def test_what_is_in_the_way_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").mkdir()
    (tmp_path / "b.ipynb").write_bytes(b"\x89PNG\xff")
    store = Store(str(tmp_path))
    with pytest.raises(RecordingError, match=r"a\.ipynb: not a file"):
        store.read("a.ipynb")
    with pytest.raises(StoreError, match=r"a\.ipynb: cannot be written: "):
        store.write("a.ipynb", TEXT)
    with pytest.raises(RecordingError, match=r"b\.ipynb: not text: "):
        store.read("b.ipynb")
    assert {*tmp_path.rglob("*")} == {tmp_path / "a.ipynb", tmp_path / "b.ipynb"}
    store = Store(str(tmp_path / "b.ipynb"))
    for act in (store.read, store.remove, lambda name: store.write(name, TEXT)):
        with pytest.raises(StoreError, match=r"b\.ipynb/c\.ipynb: cannot be "):
            act("c.ipynb")


def test_what_is_no_file_is_neither_read_nor_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "circle.ipynb").symlink_to("circle.ipynb")
    with socket.socket(socket.AF_UNIX) as at:
        at.bind(str(tmp_path / "socket.ipynb"))
        store = Store(str(tmp_path))
        for name in ("pipe.ipynb", "circle.ipynb", "socket.ipynb"):
            with pytest.raises(RecordingError, match=rf"/{name}: not a file"):
                store.read(name)
            store.write(name, TEXT)
            assert store.read(name) == TEXT


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.ipynb").open("wb") as file:
        file.truncate(50 * 2**20)
    store = Store(str(tmp_path))
    with pytest.raises(RecordingError, match=r"large\.ipynb: .*50 MiB; it may have"):
        store.read("large.ipynb")


def test_folders_in_a_circle_are_listed_once(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.write("one/a.ipynb", TEXT)
    (tmp_path / "one" / "again").symlink_to(tmp_path)
    (tmp_path / "circle").symlink_to("circle")
    assert store.names() == ["one/a.ipynb"]


def test_an_unwritable_folder_is_a_fault_and_stays_as_it_was() -> None:
    with tempfile.TemporaryDirectory() as base:  # pytest's folders let only root in
        folder = Path(base, "recordings")
        store = Store(str(folder))
        store.write("a.ipynb", "older")
        Path(base).chmod(0o755)
        folder.chmod(0o555)
        with unprivileged():
            for name in ("a.ipynb", "b.ipynb", "new/c.ipynb"):
                with pytest.raises(StoreError, match="cannot be written: Permission"):
                    store.write(name, TEXT)
            with pytest.raises(ReadOnlyError, match=r"a\.ipynb: .*: Permission"):
                store.check_writable(["a.ipynb"])
            with pytest.raises(StoreError, match="cannot be removed: Permission"):
                store.remove("a.ipynb")
            assert store.read("a.ipynb") == "older"
        folder.chmod(0o000)
        with unprivileged():
            with pytest.raises(StoreError, match="cannot be listed: Permission"):
                store.names()
            with pytest.raises(StoreError, match="cannot be read: Permission"):
                store.read("a.ipynb")
        folder.chmod(0o755)
        assert files_below(Path(base)) == ["recordings/a.ipynb"]


def test_a_full_disk_costs_nothing_that_was_there(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.write(NAME, "older")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(StoreError, match="cannot be written: File too large"):
            store.write(NAME, "x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert store.read(NAME) == "older"
    assert files_below(tmp_path) == [NAME]


def test_a_text_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, bool]] = []

    def fsync(descriptor: int) -> None:
        there = (tmp_path / "a.ipynb").exists()
        synced.append((os.fstat(descriptor).st_size, there))

    monkeypatch.setattr(os, "fsync", fsync)
    Store(str(tmp_path)).write("a.ipynb", TEXT)
    assert synced == [(len(TEXT.encode()), False)]


def test_an_interrupted_write_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    store = Store(str(tmp_path))
    store.write("a.ipynb", "older")
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.write("a.ipynb", TEXT)
    assert store.read("a.ipynb") == "older"
    assert files_below(tmp_path) == ["a.ipynb"]


# Starts writers that write texts in turn, one for each line of input; says its number,
# and waits for its end. So none of them need import everything.
WRITERS = """
import os, sys
from itertools import count
from recordings.store.store import Store
store = Store(sys.argv[1])
for line in sys.stdin:
    letters, turns = line.split()
    pid = os.fork()
    if pid == 0:
        for turn in count() if turns == "all" else range(int(turns)):
            store.write(sys.argv[2], letters[turn % len(letters)] * 100_000)
        os._exit(0)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@contextmanager
def writers(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that starts writers of one name."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITERS, str(folder), NAME],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def start(process: subprocess.Popen[str], letters: str, turns: str) -> int:
    """Have 100 000 of each letter written in turn; return the writer's number."""
    assert process.stdin
    print(letters, turns, file=process.stdin, flush=True)
    return number(process)


def number(process: subprocess.Popen[str]) -> int:
    """Wait for the next number: a writer's own, or the exit code at its end."""
    assert process.stdout
    return int(process.stdout.readline())


def test_a_writer_killed_at_any_moment_leaves_a_whole_text(tmp_path: Path) -> None:
    moments = random.Random(0)  # noqa: S311
    store = Store(str(tmp_path))
    store.write(NAME, "a" * 100_000)
    with writers(tmp_path) as process:
        for _ in range(30):
            pid = start(process, "ab", "all")
            time.sleep(moments.uniform(0, 0.02))
            os.kill(pid, signal.SIGKILL)
            assert number(process) == -signal.SIGKILL
            assert store.read(NAME) in {"a" * 100_000, "b" * 100_000}
            assert store.names() == [NAME]
    left = [tmp_path / name for name in files_below(tmp_path) if name != NAME]
    assert left, "no writer was killed in the middle, so this shows nothing"
    young, *old = left
    for hours, files in ((0.9, [young]), (1.1, old)):
        for file in files:
            os.utime(file, (time.time() - hours * 3600,) * 2)
    store.write(f"{NAME}.ipynb", TEXT)
    assert {*left} == {file for file in left if file.exists()}, "another name's"
    store.write(NAME, TEXT)
    assert [file for file in left if file.exists()] == [young]


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.write(NAME, "a" * 100_000)
    seen: set[str] = set()
    with writers(tmp_path) as some, writers(tmp_path) as others:
        pids = start(some, "ab", "all"), start(others, "cd", "all")
        while not (seen & {"a", "b"} and seen & {"c", "d"}) or len(seen) < 3:
            text = store.read(NAME)
            assert text in {letter * 100_000 for letter in "abcd"}
            seen.add(text[0])
        for pid, process in zip(pids, (some, others), strict=True):
            os.kill(pid, signal.SIGTERM)
            assert number(process) == -signal.SIGTERM


def test_a_web_address_is_read_and_cannot_be_written(tmp_path: Path) -> None:
    folder = Store(str(tmp_path / "some recordings"))
    for name in NAMES:
        folder.write(name, TEXT)
    with web_server(tmp_path) as address:
        for slash in ("", "/"):
            web = Store(f"{address}/some%20recordings{slash}")
            assert [web.read(name) for name in NAMES] == [TEXT] * len(NAMES)
            assert web.read("not there.ipynb") is None
            assert web.names() == []
        for act in (
            web.remove,
            lambda name: web.write(name, ""),
            lambda name: web.rename(name, "b.ipynb"),
        ):
            with pytest.raises(StoreError, match=r"/[ab]\.ipynb: .* folder or a bu"):
                act("a.ipynb")
    assert folder.read("a.ipynb") == TEXT
    with pytest.raises(StoreError, match=rf"^{address}/a\.ipynb: cannot be read: .+"):
        Store(address).read("a.ipynb")


@pytest.mark.parametrize("status", [403, 500])
def test_a_faulty_web_server_is_named(
    tmp_path: Path, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "PAUSES", (0.0,))
    with (
        web_server(tmp_path, status=status) as address,
        pytest.raises(StoreError, match=rf"/a\.ipynb: cannot be read: .* {status} "),
    ):
        Store(address).read("a.ipynb")


class NoSuchBucket(MemoryFileSystem):  # type: ignore[misc]  # untyped
    """A store in which nothing can be put, as a bucket that is not there."""

    protocol = "no-bucket"

    def pipe_file(self, *_: object, **__: object) -> None:
        """Refuse."""
        raise FileNotFoundError("The specified bucket does not exist")


def test_what_cannot_be_written_is_told_beforehand(tmp_path: Path) -> None:
    fsspec.register_implementation("no-bucket", NoSuchBucket, clobber=True)
    with pytest.raises(ReadOnlyError, match=r"^no-bucket://x/a\.ipynb: .* not exist$"):
        Store("no-bucket://x").check_writable(["a.ipynb"])
    with pytest.raises(ReadOnlyError, match=r"^http://x/a\.ipynb: .* only be read"):
        Store("http://x").check_writable(["a.ipynb"])
    (tmp_path / "file").touch()
    with pytest.raises(ReadOnlyError, match=r"file/a\.ipynb: cannot be written: .+"):
        Store(str(tmp_path / "file")).check_writable(["a.ipynb"])
    Store(str(tmp_path / "file")).check_writable([])
