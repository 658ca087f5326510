"""A store on the web: read at once, asked again where that helps, and named faults."""

import socket
import struct
import sys
import zipfile
from http.server import SimpleHTTPRequestHandler
from io import BytesIO
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import fsspec
import pytest
from conftest import MakeSite
from fsspec.implementations.memory import MemoryFileSystem
from stores import Answer, answering, keep, send

from recordings.library import open_library
from recordings.store import web
from recordings.store.ahead import TOGETHER
from recordings.store.store import DeniedError, Store, StoreError

TEXT = '{"text": "梯度"}\n'


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PAUSES", (0.0, 0.0, 0.0))


def status(code: int) -> Answer:
    return lambda handler, _: handler.send_error(code)


def reset(handler: SimpleHTTPRequestHandler, _: int) -> None:
    at_once = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    handler.connection.close()
    handler.wfile = BytesIO()  # nobody reads it


def hang_up(handler: SimpleHTTPRequestHandler, _: int) -> None:
    handler.close_connection = True


def half(handler: SimpleHTTPRequestHandler, _: int) -> None:
    send(handler, TEXT[:4], length=len(TEXT.encode()))


PASSING = {
    "429": (status(429), "the server answers 429 "),
    "500": (status(500), "the server answers 500 "),
    "502": (status(502), "the server answers 502 "),
    "503": (status(503), "the server answers 503 "),
    "504": (status(504), "the server answers 504 "),
    "half": (half, "the server breaks off in the middle of its answer"),
    "hangs up": (hang_up, "Server disconnected"),
    "reset": (reset, ""),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_may_pass_is_asked_again(fault: str) -> None:
    bad, said = PASSING[fault]

    def once(handler: SimpleHTTPRequestHandler, number: int) -> None:
        if number == 1:
            bad(handler, number)
        else:
            send(handler, TEXT)

    with answering(once) as (address, asked):
        assert Store(address).read("a.ipynb") == TEXT
        assert set(asked) == {"/a.ipynb"}
    with (
        answering(bad) as (address, asked),
        pytest.raises(StoreError) as caught,
    ):
        Store(address).read("a.ipynb")
    assert str(caught.value).startswith(f"{address}/a.ipynb: cannot be read: {said}")
    assert str(caught.value).endswith(", also when asked again")
    assert "\n" not in str(caught.value)
    twice = 2  # where nothing at all is answered, aiohttp itself asks twice
    assert len(asked) in {4, 4 * twice}


@pytest.mark.parametrize("code", [401, 403, 410, 501])
def test_a_fault_that_stays_is_asked_once(code: int) -> None:
    with (
        answering(status(code)) as (address, asked),
        pytest.raises(StoreError, match=rf"a\.ipynb: .* the server answers {code} "),
    ):
        Store(address).read("a.ipynb")
    assert len(asked) == 1


def test_what_is_not_there_is_missing() -> None:
    with answering(status(404)) as (address, asked):
        assert Store(address).read("a.ipynb") is None
        assert len(asked) == 1


def test_silence_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "SILENCE", 0.2)
    end = Event()
    names = [f"{number}.ipynb" for number in range(3 * TOGETHER)]
    with answering(lambda *_: [end.wait()].clear()) as (address, asked):
        store = Store(address)
        try:
            with (
                pytest.raises(StoreError, match=r"the server sends nothing for 0\.2 s"),
                store.reading_ahead(names),
            ):
                store.read(names[0])
        finally:
            end.set()
    assert len(asked) <= TOGETHER, "it is asked for nothing more"


def test_a_slow_server_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "SILENCE", 1.0)
    pause = Event()

    def slowly(handler: SimpleHTTPRequestHandler, _: int) -> None:
        handler.send_response(200)
        handler.end_headers()
        for each in TEXT.encode():
            handler.wfile.write(bytes([each]))
            pause.wait(0.06)  # with all of them, more than the silence allowed

    with answering(slowly) as (address, _):
        assert Store(address).read("a.ipynb") == TEXT


def test_texts_are_read_at_once() -> None:
    together = Barrier(TOGETHER)

    def all_or_none(handler: SimpleHTTPRequestHandler, _: int) -> None:
        together.wait(20)
        send(handler, handler.path)

    names = [f"{number}.ipynb" for number in range(TOGETHER)]
    with answering(all_or_none) as (address, asked):
        store = Store(address)
        with store.reading_ahead(names):
            assert [store.read(each) for each in names] == [f"/{it}" for it in names]
        assert sorted(asked) == sorted(f"/{each}" for each in names)


def test_a_project_s_recordings_are_read_at_once(make_site: MakeSite) -> None:
    recipes = {f"recipes/one/{it}.py": f'"""\n{it}\n=\n"""\n\n1\n' for it in "abcd"}
    site = make_site(recipes, extensions=["recordings"])
    docs = site.root / "docs"
    keep(docs)
    together = Barrier(len(recipes))

    def all_or_none(handler: SimpleHTTPRequestHandler, _: int) -> None:
        together.wait(20)
        file = docs / "recordings" / handler.path[1:]
        if file.is_file():
            send(handler, file.read_text("utf-8"))
        else:
            handler.send_error(404)  # of another device, there is none

    with answering(all_or_none) as (address, asked):
        with (docs / "conf.py").open("a") as conf:
            conf.write(f"recordings_path = {address!r}\n")
        states = {entry.state for entry in open_library(docs).entries()}
    assert states == {"fresh"}
    assert len({*asked}) == len(asked) == 2 * len(recipes)


def bucket(docs: Path, absent: int) -> Answer:
    """Serve recordings; what is not there gets this answer."""

    def answer(handler: SimpleHTTPRequestHandler, _: int) -> None:
        file = docs / "recordings" / handler.path[1:]
        if file.is_file():
            send(handler, file.read_text("utf-8"))
        else:
            handler.send_error(absent)

    return answer


@pytest.mark.parametrize("absent", [403, 501])
def test_what_may_be_beside_a_recording_ends_nothing(
    make_site: MakeSite, absent: int
) -> None:
    names = [f"{number:02}" for number in range(TOGETHER + 4)]
    recipes = {f"recipes/one/{it}.py": f'"""\n{it}\n=\n"""\n\n1\n' for it in names}
    docs = make_site(recipes, extensions=["recordings"]).root / "docs"
    keep(docs)
    with answering(bucket(docs, absent)) as (address, _):
        with (docs / "conf.py").open("a") as conf:
            conf.write(f"recordings_path = {address!r}\n")
        entries = open_library(docs).entries()
    assert {entry.state for entry in entries} == {"fresh"}
    for entry in entries:
        # A bucket that may not be listed says 403 of what is not there.
        told = entry.variant_fault
        assert not told if absent == 403 else "the server answers 501 " in told


def test_what_is_stale_ends_no_reading_ahead(make_site: MakeSite) -> None:
    recipes = {f"recipes/one/{it}.py": f'"""\n{it}\n=\n"""\n\n1\n' for it in "abcd"}
    site = make_site(recipes, extensions=["recordings"])
    docs = site.root / "docs"
    keep(docs)
    site.write({"recipes/one/a.py": recipes["recipes/one/a.py"] + "2\n"})
    with answering(bucket(docs, 404)) as (address, asked):
        with (docs / "conf.py").open("a") as conf:
            conf.write(f"recordings_path = {address!r}\n")
        states = [entry.state for entry in open_library(docs).entries()]
    assert states == ["stale", "fresh", "fresh", "fresh"]
    assert len({*asked}) == len(asked) == 2 * len(recipes)


class Unlisted(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
    """A bucket that may be read, and not be listed."""

    protocol = ("unlisted",)

    def cat_file(self, path: str, *args: Any, **options: Any) -> Any:
        """Say of what is not there what S3 says."""
        try:
            return super().cat_file(path, *args, **options)
        except FileNotFoundError:
            raise PermissionError("Access Denied") from None


def test_a_bucket_that_denies_is_told_from_one_that_fails() -> None:
    fsspec.register_implementation("unlisted", Unlisted, clobber=True)
    store = Store("unlisted://of-this-test")
    store.write("a.ipynb", TEXT)
    assert store.read("a.ipynb") == TEXT
    with pytest.raises(DeniedError, match=r"b\.ipynb: cannot be read: Access Denied"):
        store.read("b.ipynb")


def test_without_aiohttp_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)  # as if it were not installed
    with pytest.raises(StoreError, match=r'type: pip install "fsspec\[http\]"'):
        Store("https://example.org/recordings")


def test_an_archive_is_read_and_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "recordings.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("kept/recipes/a.ipynb", TEXT)
    for address, name in (
        (f"zip://kept::{file}", "recipes/a.ipynb"),
        (f"zip://::{file}", "kept/recipes/a.ipynb"),
    ):
        store = Store(address)
        assert store.names() == [name]
        with store.reading_ahead([name, "b.ipynb"]):
            assert [store.read(name), store.read("b.ipynb")] == [TEXT, None]
        with pytest.raises(StoreError, match=r"b\.ipynb: cannot be written: "):
            store.check_writable(["b.ipynb"])


@pytest.mark.parametrize(
    "address", ["zip://x", "zip://x::/nowhere.zip", "reference://", "tar://x", "dir://"]
)
def test_an_address_of_no_use_says_what_is_of_use(address: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store(address)
    message = str(caught.value)
    assert message.startswith(f"{address}: not usable as a store: ")
    assert "; give a folder, a web address (https://…), or a bucket (s3://…" in message
    assert "\n" not in message
