"""A store holds each recording whole or not at all, wherever it is."""

import os
import random
import resource
import signal
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
import psutil
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from stores import unprivileged, web_server

from recordings.store import store as store_module
from recordings.store.notebook import RecordingError
from recordings.store.store import ReadOnlyError, Store, StoreError

NAME = "recipes/gradients/where to clear 梯度.ipynb"
NAMES = [
    "a.ipynb",
    "recipes/梯度/清零.ipynb",
    "recipes/two words.ipynb",
    "recipes/100%25 of? #1 [a] é.ipynb",
    "梯" * 80 + ".ipynb",  # 246 bytes: no room to add anything
]
TEXT = "{\r\n 'unicode': '梯度 é',\u2028\n\n}\r\n"

# For each line of input, starts a process that writes texts in turn, says its number
# and waits for its end. So fifty writers need not each import everything.
WRITERS = """
import os
import sys
from itertools import count
from recordings.store.store import Store
store = Store(sys.argv[1])
for line in sys.stdin:
    letters, turns = line.split()
    texts = [letter * 100_000 for letter in letters]
    pid = os.fork()
    if pid == 0:
        for turn in count() if turns == "all" else range(int(turns)):
            store.write(sys.argv[2], texts[turn % len(texts)])
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


def start(process: subprocess.Popen[str], letters: str, turns: str = "all") -> int:
    """Have 100 000 of each letter written in turn; return the writer's number."""
    assert process.stdin
    print(letters, turns, file=process.stdin, flush=True)
    return number(process)


def number(process: subprocess.Popen[str]) -> int:
    """Wait for the next number: a writer's own, or the exit code at its end."""
    assert process.stdout
    return int(process.stdout.readline())


def files_below(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    )


@pytest.fixture(params=["folder", "path", "file://", "memory://"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    folder = tmp_path / "docs" / "recordings"
    addresses: dict[str, str | Path] = {
        "folder": str(folder),
        "path": folder,
        "file://": folder.as_uri(),
        "memory://": f"memory://{uuid4()}/",
    }
    return Store(addresses[request.param])


@pytest.mark.parametrize("name", NAMES)
def test_a_text_is_read_as_it_was_written(store: Store, name: str) -> None:
    assert store.read(name) is None
    store.write(name, "older")
    store.write(name, TEXT)
    assert store.read(name) == TEXT
    assert store.names() == [name]


def test_names_are_sorted_and_only_of_recordings(store: Store) -> None:
    assert store.names() == []
    others = ["README.md", "recipes/.ipynb_checkpoints/a-checkpoint.ipynb"]
    for name in [*reversed(NAMES), *others]:
        store.write(name, TEXT)
    assert store.names() == sorted(NAMES)


def test_a_removed_name_is_gone(store: Store) -> None:
    store.write(NAME, TEXT)
    store.remove(NAME)
    assert store.read(NAME) is None
    assert store.names() == []
    store.remove(NAME)


def test_a_renamed_text_stands_under_its_new_name(store: Store) -> None:
    store.write(NAME, TEXT)
    store.write("new/place.ipynb", "older")
    store.rename(NAME, "new/place.ipynb")
    assert store.read("new/place.ipynb") == TEXT
    assert store.names() == ["new/place.ipynb"]
    store.rename("new/place.ipynb", "newer/place.ipynb")
    store.rename("newer/place.ipynb", "newer/place.ipynb")
    assert store.names() == ["newer/place.ipynb"]
    assert store.read("newer/place.ipynb") == TEXT


def test_a_rename_that_another_process_has_done_is_no_fault(store: Store) -> None:
    store.write("new.ipynb", TEXT)
    store.rename(NAME, "new.ipynb")
    assert store.read("new.ipynb") == TEXT
    with pytest.raises(StoreError, match=r"clear 梯度\.ipynb: cannot be renamed to x"):
        store.rename(NAME, "x.ipynb")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("docs/recordings", "docs/recordings/a.ipynb"),
        ("docs/recordings/", "docs/recordings/a.ipynb"),
        (Path("docs"), "docs/a.ipynb"),
        ("memory://", "memory://a.ipynb"),
    ],
)
def test_messages_give_the_address_as_it_was_given(
    address: str | Path, place: str
) -> None:
    assert Store(address).where("a.ipynb") == place


@pytest.mark.parametrize("name", ["", "/etc/a.ipynb", "../a.ipynb", "a/../../b.ipynb"])
def test_nothing_outside_the_store_is_touched(store: Store, name: str) -> None:
    for act in (store.read, store.remove, lambda name: store.write(name, "")):
        with pytest.raises(StoreError, match="is no name of a recording"):
            act(name)


def test_a_store_stays_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stores = [Store("recordings"), Store(Path("recordings"))]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for store in stores:
        store.write(NAME, TEXT)
    assert files_below(tmp_path) == [f"recordings/{NAME}"]


def test_a_path_is_a_folder_whatever_it_is_called(tmp_path: Path) -> None:
    store = Store(tmp_path / "memory::x")
    store.write(NAME, TEXT)
    assert files_below(tmp_path) == [f"memory::x/{NAME}"]


def test_a_recording_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    Store(tmp_path).write("a.ipynb", TEXT)
    (tmp_path / "plain").touch()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_an_address_of_no_use_is_named() -> None:
    fsspec.register_implementation("away", "away.Files", errtxt="install `away`")
    with pytest.raises(StoreError, match=r"^nowhere://x: not usable .*: nowhere"):
        Store("nowhere://x")
    with pytest.raises(StoreError, match=r"^away://x: not usable .*: install `away`"):
        Store("away://x")


def test_what_is_no_text_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_bytes(b"\x89PNG\xff")
    with pytest.raises(RecordingError, match=r"a\.ipynb: not text: "):
        Store(tmp_path).read("a.ipynb")


def test_a_folder_in_a_recording_s_place_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").mkdir()
    store = Store(tmp_path)
    with pytest.raises(StoreError, match=r"a\.ipynb: cannot be read: Is a directory"):
        store.read("a.ipynb")
    with pytest.raises(StoreError, match=r"a\.ipynb: cannot be written: "):
        store.write("a.ipynb", TEXT)
    assert list(tmp_path.rglob("*")) == [tmp_path / "a.ipynb"]


def test_a_store_that_is_a_file_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "recordings"
    file.write_text("no folder")
    store = Store(file)
    for act in (store.read, store.remove, lambda name: store.write(name, TEXT)):
        with pytest.raises(StoreError, match=f"^{file}/a.ipynb: cannot be "):
            act("a.ipynb")
    assert file.read_text() == "no folder"


def test_an_unwritable_folder_is_a_fault_and_stays_as_it_was() -> None:
    with tempfile.TemporaryDirectory() as base:  # pytest's folders let only root in
        folder = Path(base, "recordings")
        store = Store(folder)
        store.write("a.ipynb", "older")
        Path(base).chmod(0o755)
        folder.chmod(0o555)
        with unprivileged():
            for name in ("a.ipynb", "b.ipynb", "new/c.ipynb"):
                with pytest.raises(StoreError, match="cannot be written: Permission"):
                    store.write(name, TEXT)
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
    store = Store(tmp_path)
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


def test_an_interrupted_write_leaves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    store.write(NAME, "older")
    monkeypatch.setattr(Store, "_move", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.write(NAME, TEXT)
    assert store.read(NAME) == "older"
    assert len(store._files.find(store._root)) == 1  # noqa: SLF001


def test_a_text_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, bool]] = []

    def fsync(descriptor: int) -> None:
        there = (tmp_path / "a.ipynb").exists()
        synced.append((os.fstat(descriptor).st_size, there))

    monkeypatch.setattr(os, "fsync", fsync)
    Store(tmp_path).write("a.ipynb", TEXT)
    assert synced == [(len(TEXT.encode()), False)]


def test_a_writer_killed_at_any_moment_leaves_a_whole_text(tmp_path: Path) -> None:
    moments = random.Random(0)  # noqa: S311
    store = Store(tmp_path)
    store.write(NAME, "a" * 100_000)
    texts = {letter * 100_000 for letter in "ab"}
    left_behind = 0
    with writers(tmp_path) as process:
        for _ in range(50):
            pid = start(process, "ab")
            time.sleep(moments.uniform(0, 0.02))
            os.kill(pid, signal.SIGKILL)
            assert number(process) == -signal.SIGKILL
            assert store.read(NAME) in texts
            assert store.names() == [NAME]
            left_behind += len(files_below(tmp_path)) > 1
    assert left_behind, "no writer was killed in the middle, so this shows nothing"
    store.write(NAME, TEXT)
    assert files_below(tmp_path) == [NAME]


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(NAME, "a" * 100_000)
    texts = {letter * 100_000 for letter in "abcd"}
    seen = set()
    with writers(tmp_path) as some, writers(tmp_path) as others:
        pids = start(some, "ab", "200"), start(others, "cd", "200")
        while any(map(psutil.pid_exists, pids)):
            text = store.read(NAME)
            assert text in texts
            seen.add(text)
        assert (number(some), number(others)) == (0, 0)
    assert seen & {"a" * 100_000, "b" * 100_000}
    assert seen & {"c" * 100_000, "d" * 100_000}
    assert files_below(tmp_path) == [NAME]


@pytest.mark.parametrize(
    ("host", "process", "hours", "stays"),
    [
        ("here", "dead", 0, False),
        ("here", "alive", 0, True),
        ("here", "alive", 2, False),
        ("elsewhere", "dead", 0.9, True),
        ("elsewhere", "dead", 1.1, False),
    ],
)
@pytest.mark.parametrize("act", [Store.write, Store.remove])
def test_only_what_no_writer_needs_is_swept(  # noqa: PLR0913
    tmp_path: Path, host: str, process: str, hours: float, *, stays: bool, act: object
) -> None:
    store = Store(tmp_path)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    pid = ended.pid if process == "dead" else os.getppid()
    beginning = store_module._temporary_beginning(str(tmp_path / "a.ipynb"))  # noqa: SLF001
    here = store_module._host()  # noqa: SLF001
    temporary = Path(f"{beginning}{here if host == 'here' else '0a1b'}-{pid}-aa.tmp")
    temporary.touch()
    then = time.time() - hours * 3600
    os.utime(temporary, (then, then))
    store.write("b.ipynb", TEXT)
    assert temporary.exists()
    if act is Store.write:
        store.write("a.ipynb", TEXT)
    else:
        store.remove("a.ipynb")
    assert temporary.exists() is stays


def test_a_web_address_is_read(tmp_path: Path) -> None:
    folder = Store(tmp_path / "some recordings")
    for name in NAMES:
        folder.write(name, TEXT)
    with web_server(tmp_path) as address:
        for slash in ("", "/"):
            web = Store(f"{address}/some%20recordings{slash}")
            assert [web.read(name) for name in NAMES] == [TEXT] * len(NAMES)
            assert web.read("not there.ipynb") is None
            assert web.names() == []


def test_a_web_address_cannot_be_written(tmp_path: Path) -> None:
    with web_server(tmp_path) as address:
        web = Store(f"{address}/x")
        for act in (
            web.remove,
            lambda name: web.write(name, TEXT),
            lambda name: web.rename(name, "b.ipynb"),
        ):
            with pytest.raises(StoreError, match=r"/x/a\.ipynb: .* a folder or a bu"):
                act("a.ipynb")
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("status", [403, 500])
def test_a_faulty_web_server_is_named(tmp_path: Path, status: int) -> None:
    with (
        web_server(tmp_path, status=status) as address,
        pytest.raises(StoreError, match=rf"/a\.ipynb: cannot be read: {status}"),
    ):
        Store(address).read("a.ipynb")


def test_a_web_server_that_is_away_is_named(tmp_path: Path) -> None:
    with web_server(tmp_path) as address:
        pass
    with pytest.raises(StoreError, match=rf"^{address}/a\.ipynb: cannot be read: .+"):
        Store(address).read("a.ipynb")


def test_what_can_be_written_is_left_as_it_was(store: Store) -> None:
    store.write(NAME, TEXT)
    store.check_writable(["new.ipynb", "recipes/new.ipynb", NAME])
    assert store.read(NAME) == TEXT
    assert len(store._files.find(store._root)) == 1  # noqa: SLF001


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
        Store(tmp_path / "file").check_writable(["a.ipynb"])
    with tempfile.TemporaryDirectory() as base:  # pytest's folders let only root in
        Path(base).chmod(0o755)
        folder = Path(base, "some")
        folder.mkdir(0o555)
        with (
            unprivileged(),
            pytest.raises(ReadOnlyError, match=r"some/a\.ipynb: .*: Permission"),
        ):
            Store(base).check_writable(["some/a.ipynb"])
    Store(tmp_path / "file").check_writable([])
