"""Which recipes there are, and whether their recordings are fresh."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sphinx.errors import ConfigError

from recordings.comparison.confirm import has_code
from recordings.comparison.verify import Rules
from recordings.gallery import hooks, scripts
from recordings.key import conf_code, local_files
from recordings.key.differences import differences
from recordings.key.ingredients import (
    NOTHING,
    code_blocks,
    collect_ingredients,
    make_key,
)
from recordings.model import Entry, Ingredients, Recipe, Recording, State
from recordings.settings import Settings, from_namespace, read
from recordings.store.notebook import ForeignError, RecordingError, from_text
from recordings.store.store import Store

LOGS = Path("_build", "recordings", "logs")
"""Folder of the logs, and of what failed recipes gave, below that of `conf.py`."""
TREES = Path("_build", "recordings", "trees")
"""Folder of digests that need not be made again, below that of `conf.py`."""


class UnknownRecipe(Exception):  # noqa: N818 - what was typed, not a fault here
    """A name is no recipe's, or several recipes'; the message says which are near."""


@dataclass(frozen=True, slots=True)
class Library:
    """All recipes of a project, and the store of their recordings."""

    settings: Settings
    gallery_settings: dict[str, Any]
    conf_dir: Path
    """Folder of `conf.py`."""
    conf: Mapping[str, Any]
    """What `conf.py` sets."""
    source: Path
    """Sphinx's source folder."""
    store: Store
    packages: Mapping[str, str]
    recipes: tuple[Recipe, ...]
    before: Mapping[str, Recipe | None] = field(default_factory=dict)
    """Of a recipe in a shared folder, by its page, the one that runs just before it."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """How `conf.py` sets environment variables, as settings."""
    hooks: Mapping[str, Any] = field(default_factory=dict)
    """The functions that Sphinx-Gallery calls as a recipe runs, as settings."""

    def entries(self, names: Sequence[str] = ()) -> list[Entry]:
        """Compare the named recipes with their recordings; without a name, all.

        Raises:
            UnknownRecipe: A name is no recipe's, or that of several.
        """
        chosen = {self._find(name).page for name in names}
        wanted = [each for each in self.recipes if not names or each.page in chosen]
        return [self.entry(each) for each in wanted]

    def entry(self, recipe: Recipe) -> Entry:
        """Compare a recipe with its recording, wherever in the store that is."""
        try:
            recording, cause = self._read(recipe.file), "it has no recording yet"
        except RecordingError as error:
            recording, cause = None, str(error)
        try:
            if recipe.fault:
                raise ValueError(recipe.fault)  # noqa: TRY301 - one way out
            reasons = self._reasons(recipe, recording) if recording else [cause]
            elsewhere = self._find_elsewhere(recipe) if reasons else None
        except ValueError as error:  # its code or a setting can't be read
            reasons, elsewhere = [str(error)], None
        if elsewhere:
            return elsewhere
        if recording and not reasons and not is_of(recording, recipe):
            where = self.store.where(recipe.file)
            reasons = [f"{where}: its code is not the recipe's, though its key is"]
            recording = None
        state: State = "missing"
        if recording:
            state = "stale" if reasons else "fresh"
        return Entry(recipe, state, tuple(reasons), recording)

    def orphans(self) -> list[str]:
        """Return the names of recordings without a recipe, not even a renamed one."""
        without_recipe = self._without_recipe()
        used = {entry.found_at for entry in self.entries()} if without_recipe else set()
        return [
            name
            for name, found in without_recipe.items()
            if name not in used and not isinstance(found, ForeignError)
        ]

    def read(self, recipe: Recipe) -> Recipe:
        """Read a recipe's file again, as it is now."""
        if recipe.kind == "guide":
            from recordings.guides import reading  # noqa: PLC0415 - it needs MyST-NB

            return reading.read(recipe.path, recipe.page, self.conf)
        return scripts.read(recipe.path, recipe.page)

    def ingredients(self, recipe: Recipe, like: Ingredients = NOTHING) -> Ingredients:
        """Collect all that a recording of the recipe would depend on now.

        Args:
            recipe: The recipe.
            like: What the recording depends on by what was seen as it was made.
        """
        is_recipe = recipe.kind == "recipe"
        settings = scripts.changes_output(self.gallery_settings) if is_recipe else {}
        if like.noted:
            settings |= {**self.environment, **(self.hooks if is_recipe else {})}
        if earlier := self.before.get(recipe.page):
            key = make_key(self.ingredients(earlier, self._recorded(earlier)))
            settings[f"run after {earlier.path.name}"] = key[:12]
        return collect_ingredients(
            recipe,
            gallery=settings,
            packages=self.packages,
            data=self.settings.data,
            like=like,
        )

    def _recorded(self, recipe: Recipe) -> Ingredients:
        """Return what the recipe's recording depends on; without one, nothing."""
        try:
            recording = self._read(recipe.file)
        except RecordingError:
            return NOTHING
        return recording.ingredients if recording else NOTHING

    def rules(self, recipe: Recipe, tolerance: float | None = None) -> Rules:
        """Return the rules by which a recipe's outputs are compared."""
        tolerance = self.settings.tolerance if tolerance is None else tolerance
        own = map(scripts.settings_of_block, code_blocks(recipe))
        return Rules(tolerance, recipe.settings, [*own])

    def _reasons(self, recipe: Recipe, recording: Recording) -> list[str]:
        """Say why a recipe's recording is stale; nothing if it is fresh."""
        present = self.ingredients(recipe, recording.ingredients)
        return differences(recording.ingredients, present, recipe.blocks)

    def _without_recipe(self) -> dict[str, Recording | RecordingError | None]:
        """Return what is in the store under names that no recipe has."""
        used = {recipe.file for recipe in self.recipes}
        found: dict[str, Recording | RecordingError | None] = {}
        for name in self.store.names():
            if name not in used:
                try:
                    found[name] = self._read(name)
                except RecordingError as error:
                    found[name] = error
        return found

    def _read(self, name: str) -> Recording | None:
        text = self.store.read(name)
        if text is None:
            return None
        found = from_text(text, self.store.where(name))
        if found.key != make_key(found.ingredients):
            raise RecordingError(
                f"{self.store.where(name)}: its key is not that of its ingredients"
            )
        return found

    def _find(self, name: str) -> Recipe:
        """Find a recipe as people call it."""
        known: dict[str, list[Recipe]] = {}
        for recipe in self.recipes:
            for each in {recipe.page, recipe.name, recipe.path.stem, recipe.path.name}:
                known.setdefault(each, []).append(recipe)
            if recipe.path.resolve() == Path(name).resolve():
                return recipe
        found = known.get(name, [])
        if len(found) == 1:
            return found[0]
        if found:
            pages = ", ".join(each.page for each in found)
            raise UnknownRecipe(f"{name} can be any of {pages}; name one of them")
        near = dict.fromkeys(
            known[each][0].page for each in get_close_matches(name, known)
        )
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise UnknownRecipe(f"there is no recipe {name}{hint}")

    def _find_elsewhere(self, recipe: Recipe) -> Entry | None:
        """Find the recording of a renamed recipe among those without a recipe."""
        for name, found in self._without_recipe().items():
            if not isinstance(found, Recording) or not is_of(found, recipe):
                continue
            if not self._reasons(recipe, found):
                return Entry(recipe, "fresh", (), found, name)
        return None


def is_of(recording: Recording, recipe: Recipe) -> bool:
    """Tell whether a recording is of a recipe's code; a person may have edited it."""
    sources = [each.content for each in code_blocks(recipe)]
    if recipe.kind == "recipe":
        return has_code(recording, sources)
    from recordings.guides import reading  # noqa: PLC0415 - it needs MyST-NB

    return has_code(recording, sources, reading.as_python)


def open_library(
    conf_dir: Path,
    source: Path | None = None,
    conf: Mapping[str, Any] | None = None,
    gallery_settings: dict[str, Any] | None = None,
    *,
    only: tuple[Path | None, str] | None = None,
) -> Library:
    """Find a project's recipes and its store.

    Args:
        conf_dir: Folder of `conf.py`.
        source: Sphinx's source folder; as a rule the same.
        conf: Sphinx's configuration where it runs; by default what `conf.py` sets.
        gallery_settings: Likewise: Sphinx-Gallery's settings, filled in.
        only: Read this recipe alone, to run it: its script, and its page. Without a
            script, read the guides. By default, read all.

    Raises:
        ConfigError: A setting is invalid.
    """
    source = source or conf_dir
    local_files.trees = conf_dir.absolute() / TREES
    conf = read(conf_dir) if conf is None else conf
    settings = from_namespace(conf)
    if gallery_settings is None:
        gallery_settings = scripts.load(conf, source, runs=only is not None)
    script, page = only or (None, None)
    # What runs before a recipe is known only where all are.
    everything = only is None or settings.shared_folders
    found = [*scripts.pages(gallery_settings, source)] if everything else []
    recipes = [scripts.read(*each) for each in found] if only is None else []
    if script and page:
        recipes = [scripts.read(script, page)]
    else:
        recipes += _guides(source, conf)
    return Library(
        settings=settings,
        gallery_settings=gallery_settings,
        conf_dir=conf_dir,
        conf=conf,
        source=source,
        store=Store(settings.address(conf_dir)),
        packages=settings.packages(conf_dir),
        recipes=tuple(recipes),
        before={
            page: earlier
            for each in settings.shared_folders
            for page, earlier in _in_turn(conf_dir / each, found, gallery_settings)
        },
        environment=conf_code.environment(conf_dir / "conf.py"),
        hooks=_hooks(gallery_settings, conf_dir / "conf.py"),
    )


def _in_turn(
    folder: Path, found: Sequence[tuple[Path, str]], settings: dict[str, Any]
) -> Iterator[tuple[str, Recipe | None]]:
    """Yield the pages of a folder's recipes in order, each with the recipe before.

    Raises:
        ConfigError: It has none.
    """
    own = folder.resolve()
    pages = {path: page for path, page in found if path.parent.resolve() == own}
    if not pages:
        raise ConfigError(
            f"recordings_shared_folders: {folder} is no folder of recipes; give each "
            "as seen from conf.py, such as '../examples/io'"
        )
    earlier = None
    for path in scripts.in_order(pages, settings):
        yield pages[path], earlier
        earlier = scripts.read(path, pages[path])


def _guides(source: Path, conf: Mapping[str, Any]) -> Iterator[Recipe]:
    if "myst_nb" in conf.get("extensions", ()):
        from recordings.guides import reading  # noqa: PLC0415 - it needs MyST-NB

        yield from reading.find(source, conf)


def _hooks(gallery_settings: dict[str, Any], conf: Path) -> dict[str, Any]:
    """Name the functions that Sphinx-Gallery calls, and digest those in `conf.py`."""
    own = {
        f"code of {name} in conf.py": conf_code.definition(conf, name)
        for name, file in hooks.files(gallery_settings)
        if file.resolve() == conf.resolve()
    }
    return {**hooks.names(gallery_settings), **own}
