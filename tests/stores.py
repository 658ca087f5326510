"""Places for stores that tests have trouble with: web servers, and foreign folders."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


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
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


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
