"""Fetch several texts together, before each is asked for: stores may be slow."""

from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

TOGETHER = 16
"""Texts that are fetched at once."""

Text = str | None


class Ahead:
    """Texts that were fetched, or are being fetched, before they are asked for.

    Examples:
        >>> ahead = Ahead(str.upper)
        >>> with ahead.fetching(["a", "b"], ends_all=OSError):
        ...     ahead.read("b"), ahead.read("c")
        ('B', 'C')
    """

    def __init__(self, fetch: Callable[[str], Text]) -> None:
        """Fetch nothing yet.

        Args:
            fetch: Gives the text under a name.
        """
        self._fetch = fetch
        self._known: dict[str, Future[Text]] = {}

    def read(self, name: str) -> Text:
        """Return the text under a name."""
        known = self._known.pop(name, None)
        return known.result() if known else self._fetch(name)

    @contextmanager
    def fetching(
        self,
        names: Iterable[str],
        ends_all: type[Exception],
        optional: Container[str] = (),
    ) -> Iterator[None]:
        """Fetch texts together, but for those that are being fetched already.

        Args:
            names: Theirs.
            ends_all: After such a fault, nothing more is asked for.
            optional: Names whose faults are theirs alone.
        """
        faults: list[Exception] = []

        def fetch(name: str) -> Text:
            if faults:
                raise faults[0]
            try:
                return self._fetch(name)
            except ends_all as error:
                if name not in optional:
                    faults.append(error)
                raise

        pool = ThreadPoolExecutor(TOGETHER)
        new = dict.fromkeys(it for it in names if it not in self._known)
        self._known |= {name: pool.submit(fetch, name) for name in new}
        try:
            yield
        finally:
            for name in new:
                self._known.pop(name, None)
            pool.shutdown(cancel_futures=True)
