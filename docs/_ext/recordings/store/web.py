"""Ask a web server for a file: bounded, again where that may help, and named faults.

What a server does wrong is told in a line, without the address; the store adds that.
"""

import time
from collections.abc import Callable
from typing import Any, Final

CONNECT: Final = 5
"""Seconds until a server has to take a connection."""
SILENCE: float = 10
"""Seconds that it may send nothing."""
TOTAL: Final = 300
"""Seconds for the whole of an answer."""
PAUSES: tuple[float, ...] = (0.25, 0.75, 2.25)
"""Seconds to wait before it is asked again, the first time and later ones."""
PASSING: Final = frozenset({429, 500, 502, 503, 504})
"""Answers that another try may better."""


DENIED: Final = 403
"""What servers also answer for what is not there, to whom may not list files."""


class WebFault(Exception):  # noqa: N818 - the server's, not an error here
    """A web server gave no file; the message says why, in a line."""


class WebDenied(WebFault, PermissionError):  # noqa: N818 - the same
    """It may not be read, or is not there: some servers tell only an owner which."""


def options() -> dict[str, Any]:
    """Return how fsspec is to ask web servers.

    Raises:
        WebFault: It can't, without aiohttp.
    """
    try:
        import aiohttp  # noqa: PLC0415 - slow to load, and few stores are on the web
    except ImportError as error:
        raise WebFault(
            "the web is read by aiohttp, which is not installed; type: "
            'pip install "fsspec[http]"'
        ) from error
    timeout = aiohttp.ClientTimeout(TOTAL, sock_connect=CONNECT, sock_read=SILENCE)
    return {"client_kwargs": {"timeout": timeout}}


def ask(fetch: Callable[[], bytes]) -> bytes:
    """Return what a server sends; ask it again where its fault may pass.

    Args:
        fetch: Ask it once, through fsspec.

    Raises:
        FileNotFoundError: It has no such file.
        WebFault: It sends none.
    """
    import aiohttp  # noqa: PLC0415 - as above

    for pause in (*PAUSES, None):
        try:
            return fetch()
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            if pause is None or not _may_pass(error):
                again = ", also when asked again" if _may_pass(error) else ""
                kind = WebDenied if _status(error) == DENIED else WebFault
                raise kind(f"{_cause(error)}{again}") from error
        time.sleep(pause)
    raise AssertionError


def _status(error: Exception) -> int | None:
    """Return the number of a server's answer, if it gave one."""
    return getattr(error, "status", None)


def _may_pass(error: Exception) -> bool:
    """Tell whether the server may answer if it is asked again at once."""
    import aiohttp  # noqa: PLC0415 - as above

    match error:
        case aiohttp.ClientResponseError():
            return error.status in PASSING
        # Of these, the server had all the time that there is, or is not there.
        case TimeoutError() | aiohttp.ClientConnectorError():
            return False
    return isinstance(
        error,
        aiohttp.ClientPayloadError
        | aiohttp.ServerDisconnectedError
        | aiohttp.ClientOSError
        | ConnectionError,
    )


def _cause(error: Exception) -> str:
    import aiohttp  # noqa: PLC0415 - as above

    match error:
        case aiohttp.ClientResponseError():
            words = f"{error.status} {error.message}".strip()
            return f"the server answers {words}"
        case aiohttp.ClientPayloadError():
            return "the server breaks off in the middle of its answer"
        case aiohttp.ConnectionTimeoutError():
            return f"the server takes no connection within {CONNECT} s"
        case TimeoutError():
            return f"the server sends nothing for {SILENCE:g} s"
    return str(error) or type(error).__name__
