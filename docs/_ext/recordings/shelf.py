"""The recordings in a store: which is of which recipe, and which have none."""

from collections.abc import Collection, Iterator
from functools import cached_property

from recordings.comparison.confirm import has_code
from recordings.key.ingredients import code_blocks, code_digest, make_key
from recordings.model import Recipe, Recording
from recordings.store.notebook import ForeignError, RecordingError, from_text
from recordings.store.store import Store


def read(store: Store, name: str) -> Recording | None:
    """Read a recording; None if there is none.

    Raises:
        RecordingError: What is there is no recording, or is damaged.
    """
    text = store.read(name)
    if text is None:
        return None
    found = from_text(text, store.where(name))
    if found.key != make_key(found.ingredients):
        raise RecordingError(
            f"{store.where(name)}: its key is not that of its ingredients"
        )
    return found


def is_of(recording: Recording, recipe: Recipe) -> bool:
    """Tell whether a recording is of a recipe's code; a person may have edited it."""
    sources = [each.content for each in code_blocks(recipe)]
    if recipe.kind == "recipe":
        return has_code(recording, sources)
    from recordings.guides import reading  # noqa: PLC0415 - it needs MyST-NB

    return has_code(recording, sources, reading.as_python)


class Strays:
    """What is in a store under names that no recipe has: each is read once, if at all.

    A recipe that was renamed has its recording there.
    """

    def __init__(self, store: Store, names: Collection[str]) -> None:
        """Read nothing yet.

        Args:
            store: The store.
            names: Those that recipes have.
        """
        self._store = store
        self._names = names

    @cached_property
    def names(self) -> list[str]:
        """The names, of what a person wrote, too."""
        return [each for each in self._store.names() if each not in self._names]

    def others(self, used: Collection[str | None]) -> list[str]:
        """Return the names that are not used, and not of what a person wrote."""
        return [
            name
            for name in self.names
            if name not in used and not isinstance(self._found[name], ForeignError)
        ]

    def _read(self, name: str) -> Recording | RecordingError | None:
        try:
            return read(self._store, name)
        except RecordingError as error:
            return error

    @cached_property
    def _found(self) -> dict[str, Recording | RecordingError | None]:
        with self._store.reading_ahead(self.names):
            return {name: self._read(name) for name in self.names}

    @cached_property
    def _recordings(self) -> dict[str, Recording]:
        return {n: it for n, it in self._found.items() if isinstance(it, Recording)}

    @cached_property
    def _by_code(self) -> dict[tuple[str, ...], list[tuple[str, Recording]]]:
        by_code: dict[tuple[str, ...], list[tuple[str, Recording]]] = {}
        for name, recording in self._recordings.items():
            code = tuple(code_digest(each.source) for each in recording.blocks)
            by_code.setdefault(code, []).append((name, recording))
        return by_code

    def like(self, recipe: Recipe) -> Iterator[tuple[str, Recording]]:
        """Yield those of a recipe's code, each with its name."""
        if recipe.kind == "recipe":
            code = tuple(code_digest(each.content) for each in code_blocks(recipe))
            yield from self._by_code.get(code, ())
            return
        # Cells of a guide may hold what is no Python.
        for name, found in self._recordings.items():
            if is_of(found, recipe):
                yield name, found
