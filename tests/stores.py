"""Stores that tests have trouble with, and recordings for which nothing is run."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from recordings.key.ingredients import code_blocks, make_key
from recordings.library import open_library
from recordings.model import CodeBlock, Output, Recording, Run
from recordings.shelf import variant_name
from recordings.store.notebook import to_text

RUN = Run("2026-01-01T00:00:00Z", 1.5, 1, 2**30, "A processor of this test")


def printed(text: str) -> Output:
    """Return the output of a code block that printed a text."""
    return {"output_type": "stream", "name": "stdout", "text": text}


def keep(
    docs: Path, *pages: str, outputs: Sequence[Output] = (), gpu: str | None = None
) -> None:
    """Keep recordings of pages, or of all, whose code blocks all gave these outputs.

    One that is said to have run on a GPU is put beside the main one.
    """
    library = open_library(docs)
    for recipe in library.recipes:
        if pages and recipe.page not in pages:
            continue
        ingredients = library.ingredients(recipe)
        given = outputs or [printed(f"printed by {recipe.path.stem}\n")]
        blocks = tuple(
            CodeBlock(each.content.strip("\n"), tuple(given), 0.25)
            for each in code_blocks(recipe)
        )
        key = make_key(ingredients)
        recording = Recording(
            recipe.name, key, ingredients, replace(RUN, gpu=gpu), blocks
        )
        name = variant_name(recipe.file, "cuda") if gpu else recipe.file
        library.store.write(name, to_text(recording))


@contextmanager
def web_server(folder: Path, *, status: int | None = None) -> Iterator[str]:
    """Serve a folder on loopback, or answer everything with one status."""

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = 400 if "//" in self.path else status  # as buckets do
            if answer is None:
                super().do_GET()
            else:
                self.send_error(answer)

        def log_message(self, *_: object) -> None:
            pass

    handler = partial(Handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


Answer = Callable[[SimpleHTTPRequestHandler, int], None]
"""Answers a request, given its number, from 1."""


@contextmanager
def answering(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """Answer each request on loopback; provide the address, and what was asked for."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answer(self, len(asked))

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def send(handler: SimpleHTTPRequestHandler, text: str, *, length: int = 0) -> None:
    """Send a text, said to be of its length or of another."""
    content = text.encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(length or len(content)))
    handler.end_headers()
    handler.wfile.write(content)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be bound by permissions for a while, also where tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
