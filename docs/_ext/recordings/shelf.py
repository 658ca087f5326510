"""The recordings in a store: which is of which recipe, and which have none."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property, lru_cache
from itertools import chain

from recordings.comparison.confirm import has_code
from recordings.key.ingredients import code_blocks, code_digest, make_key
from recordings.model import DEVICES, Device, Entry, Recipe, Recording
from recordings.store.notebook import ForeignError, RecordingError, from_text
from recordings.store.store import DeniedError, Store, StoreError

RENEW = "to record it again on such a device, add --variant"


def read(store: Store, name: str) -> Recording | None:
    """Read a recording; None if there is none.

    Raises:
        RecordingError: What is there is no recording, or is damaged.
    """
    text = store.read(name)
    if text is None:
        return None
    found = _parsed(text, store.where(name))
    if found.key != make_key(found.ingredients):
        raise RecordingError(
            f"{store.where(name)}: its key is not that of its ingredients"
        )
    return found


@lru_cache(maxsize=200)  # for builds that are forked from one that has read them
def _parsed(text: str, name: str) -> Recording:
    return from_text(text, name)


def is_of(recording: Recording, recipe: Recipe) -> bool:
    """Tell whether a recording is of a recipe's code; a person may have edited it."""
    sources = [each.content for each in code_blocks(recipe)]
    if recipe.kind == "recipe":
        return has_code(recording, sources)
    from recordings.guides import reading  # noqa: PLC0415 - it needs MyST-NB

    return has_code(recording, sources, reading.as_python)


def other_device(device: Device) -> Device:
    """Return the kind of device that a variant beside a recording is of."""
    return "cuda" if device == "cpu" else "cpu"


def find_variant(
    store: Store,
    name: str,
    recipe: Recipe,
    reasons: Callable[[Recording], list[str]],
) -> tuple[Recording | None, str]:
    """Find a recipe's fresh recording on the other kind of device.

    A page is whole without it, so whatever is wrong with it is told, and no more.

    Args:
        store: The store.
        name: Its name there.
        recipe: The recipe, which has a fresh recording.
        reasons: Says why a recording of it is stale.

    Returns:
        That recording if there is a fresh one, and why one that is there is not shown.
    """
    try:
        found = read(store, name)
    except DeniedError:  # it could only be told from one that is there by its owner
        return None, ""
    except StoreError as error:
        return None, str(error)
    except RecordingError as error:
        return None, f"{error}; {RENEW}"
    if found is None:
        return None, ""
    faults = reasons(found)
    if not faults and variant_name(main_name(name) or "", found.run.device) != name:
        faults = [f"it ran on {found.run.device}"]
    if not faults and not is_of(found, recipe):
        faults = ["its code is not the recipe's, though its key is"]
    if faults:
        where, told = store.where(name), "; ".join(faults)
        return None, f"{where}: stale, so not shown: {told}; {RENEW}"
    return found, ""


def variant_name(name: str, device: Device) -> str:
    """Return the name of a recording on a kind of device, beside another one.

    Examples:
        >>> variant_name("recipes/first.ipynb", "cuda")
        'recipes/first.cuda.ipynb'
    """
    return f"{name.removesuffix('.ipynb')}.{device}.ipynb"


def names_in_store(entry: Entry) -> Iterator[str]:
    """Yield the names of an entry's recordings: the main one, and one beside that."""
    if entry.recording:
        name = entry.found_at or entry.recipe.file
        yield name
        yield variant_name(name, other_device(entry.recording.run.device))


def main_name(name: str) -> str | None:
    """Return the name of the recording that a variant is beside, if it is one's name.

    Examples:
        >>> main_name("recipes/first.cuda.ipynb"), main_name("recipes/first.ipynb")
        ('recipes/first.ipynb', None)
    """
    for device in DEVICES:
        if name.endswith(end := f".{device}.ipynb"):
            return f"{name.removesuffix(end)}.ipynb"
    return None


def reading_ahead(
    store: Store, recipes: Iterable[Recipe]
) -> AbstractContextManager[None]:
    """Have recordings of recipes, and those beside them, fetched together."""
    beside = {each.file: variant_name(each.file, "cuda") for each in recipes}
    optional = {*beside.values()} - beside.keys()
    return store.reading_ahead(chain.from_iterable(beside.items()), optional)


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
    def _all(self) -> list[str]:
        return self._store.names()

    @cached_property
    def names(self) -> list[str]:
        """The names, of what a person wrote, too."""
        return [
            each
            for each in self._all
            if each not in self._names and main_name(each) not in self._names
        ]

    @cached_property
    def _needless(self) -> list[str]:
        """Those beside a recipe's recording that now is of the same kind of device."""
        beside = {
            name: main
            for name in self._all
            if name not in self._names
            and (main := main_name(name))
            and main in self._names
        }
        with self._store.reading_ahead(beside.values()):
            mains = {main: self._read(main) for main in {*beside.values()}}
        return [
            name
            for name, main in beside.items()
            if isinstance(found := mains[main], Recording)
            and name == variant_name(main, found.run.device)
            and not isinstance(self._read(name), ForeignError)
        ]

    def others(self, used: Collection[str | None]) -> list[str]:
        """Return the names that are not used, and not of what a person wrote."""
        unused = [
            name
            for name in self.names
            if name not in used and not isinstance(self._found[name], ForeignError)
        ]
        return sorted(unused + self._needless)

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
        return {
            name: found
            for name, found in self._found.items()
            if isinstance(found, Recording) and main_name(name) is None
        }

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
