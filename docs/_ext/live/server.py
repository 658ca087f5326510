"""Serve the site's files to this machine; each page gets a script that listens."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from live.state import State

HOST, PORT = "127.0.0.1", 8000
SCRIPT = Path(__file__).with_name("page.js")
TAG = '<script src="/-/page.js" data-edition="{}" data-stamp="{}"></script>'


def start(site: Path, state: State, port: int) -> tuple[ThreadingHTTPServer, str]:
    """Serve in threads that end with this process; return the server and its address.

    Where the port is taken, any other will do.
    """
    handler = partial(_Handler, site, state)
    try:
        server = ThreadingHTTPServer((HOST, port), handler)
    except OSError:
        server = ThreadingHTTPServer((HOST, 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://{HOST}:{server.server_port}"


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, site: Path, state: State, *about: object) -> None:
        self.state = state
        super().__init__(*about, directory=str(site))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        file = Path(self.translate_path(path))
        if file.is_dir() and path.endswith("/"):
            file /= "index.html"
        if path == "/-/state":
            self._tell()
        elif path == "/-/page.js":
            self._send(SCRIPT.read_bytes(), "text/javascript")
        elif file.suffix == ".html" and file.is_file():
            edition = path.split("/")[1] if path.count("/") > 1 else ""
            # Before the file: a page that is older than it says would not load again.
            tag = TAG.format(edition, self.state.stamp(edition))
            self._send(file.read_bytes() + tag.encode(), "text/html; charset=utf-8")
        else:
            super().do_GET()

    def end_headers(self) -> None:
        """Have the browser ask again for what may have changed."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _tell(self) -> None:
        """Send each new state as an event, until the page is left."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            for message in self.state.messages():
                self.wfile.write(
                    f"data: {message}\n\n".encode() if message else b":\n\n"
                )
        except ConnectionError:
            return

    def log_message(self, *_: object) -> None:
        """Say nothing of requests: the terminal is for what was saved and built."""
