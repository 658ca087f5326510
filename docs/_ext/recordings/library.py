"""Which recipes there are, and whether their recordings are fresh."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from recordings import shelf
from recordings.comparison.verify import Rules
from recordings.finding import find
from recordings.gallery import hooks, scripts
from recordings.key import conf_code, known_digests, local_files
from recordings.key.differences import differences
from recordings.key.ingredients import (
    NOTHING,
    code_blocks,
    collect_ingredients,
    make_key,
)
from recordings.machine.garbage import uncollected
from recordings.model import Entry, Ingredients, Recipe, Recording, State
from recordings.settings import Settings, from_namespace, read
from recordings.store.notebook import RecordingError
from recordings.store.store import Store

MISSING = "it has no recording yet"
LOGS = Path("_build", "recordings", "logs")
"""Folder of the logs, and of what failed recipes gave, below that of `conf.py`."""
TREES = Path("_build", "recordings", "trees")
"""Folder of digests that need not be made again, below that of `conf.py`."""

DIGESTS = TREES / local_files.ALGORITHM / f"blocks-{sys.version_info.minor}.json"
"""File of digests of code blocks; what is code depends on Python's version."""


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
    names: frozenset[str]
    """Names that their recordings have in the store, or will have."""
    before: Mapping[str, Recipe | None] = field(default_factory=dict)
    """Of a recipe in a shared folder, by its page, the one that runs just before it."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """How `conf.py` sets environment variables, as settings."""
    hooks: Mapping[str, Any] = field(default_factory=dict)
    """What else `conf.py` does to recipes, as settings: functions that Sphinx-Gallery
    calls as one runs, and what it sets in other modules."""

    def entries(self, names: Sequence[str] = ()) -> list[Entry]:
        """Compare the named recipes with their recordings; without a name, all.

        Raises:
            UnknownRecipe: A name is no recipe's, or that of several.
        """
        chosen = {find(self.recipes, name).page for name in names}
        wanted = [each for each in self.recipes if not names or each.page in chosen]
        with (
            known_digests.kept_in(self.conf_dir / DIGESTS),
            shelf.reading_ahead(self.store, wanted),
        ):
            strays, keys = self.strays(), dict[str, str]()
            return [self.entry(each, strays, keys) for each in wanted]

    def strays(self) -> shelf.Strays:
        """Find, when it is asked, what is in the store under names of no recipe."""
        return shelf.Strays(self.store, self.names)

    def entry(
        self,
        recipe: Recipe,
        strays: shelf.Strays | None = None,
        keys: dict[str, str] | None = None,
    ) -> Entry:
        """Compare a recipe with its recording, wherever in the store that is.

        Args:
            recipe: The recipe.
            strays: The recordings of no recipe, if they were looked for before.
            keys: As for `ingredients`.
        """
        strays = strays or self.strays()
        try:
            recording, cause = shelf.read(self.store, recipe.file), MISSING
        except RecordingError as error:
            recording, cause = None, str(error)
        try:
            if recipe.fault:
                raise ValueError(recipe.fault)  # noqa: TRY301 - one way out
            reasons = self._reasons(recipe, recording, keys) if recording else [cause]
            elsewhere = self._find_elsewhere(recipe, strays, keys) if reasons else None
        except ValueError as error:  # its code or a setting can't be read
            reasons, elsewhere = [str(error)], None
        if elsewhere:
            return elsewhere
        if recording and not reasons and not shelf.is_of(recording, recipe):
            where = self.store.where(recipe.file)
            reasons = [f"{where}: its code is not the recipe's, though its key is"]
            recording = None
        if recording and not reasons:
            return self._fresh(recipe, recording, None, keys)
        state: State = "stale" if recording else "missing"
        return Entry(recipe, state, tuple(reasons), recording)

    def _fresh(
        self,
        recipe: Recipe,
        recording: Recording,
        found_at: str | None,
        keys: dict[str, str] | None,
    ) -> Entry:
        """Compare what is beside a fresh recording with the recipe, too."""
        device = shelf.other_device(recording.run.device)
        name = shelf.variant_name(found_at or recipe.file, device)
        entry = Entry(recipe, "fresh", (), recording, found_at)
        if name in self.names:  # it is another recipe's
            return entry
        variant, fault = shelf.find_variant(
            self.store, name, recipe, lambda it: self._reasons(recipe, it, keys)
        )
        return replace(entry, variant=variant, variant_fault=fault)

    def orphans(self, entries: Sequence[Entry] | None = None) -> list[str]:
        """Return the names of recordings without a recipe, not even a renamed one.

        Args:
            entries: Those of all recipes, if they are known.
        """
        strays = self.strays()
        if strays.names and entries is None:
            entries = self.entries()
        used = {name for each in entries or () for name in shelf.names_in_store(each)}
        others = strays.others(used)
        # A page with a damaged header is no guide, for now.
        return [each for each in others if not self._page_of(each).is_file()]

    def _page_of(self, name: str) -> Path:
        return (self.source / name).with_suffix(".md")

    def read(self, recipe: Recipe) -> Recipe:
        """Read a recipe's file again, as it is now."""
        if recipe.kind == "guide":
            from recordings.guides import reading  # noqa: PLC0415 - it needs MyST-NB

            return reading.read(recipe.path, recipe.page, self.conf)
        return scripts.read(recipe.path, recipe.page)

    def ingredients(
        self,
        recipe: Recipe,
        like: Ingredients = NOTHING,
        keys: dict[str, str] | None = None,
    ) -> Ingredients:
        """Collect all that a recording of the recipe would depend on now.

        Args:
            recipe: The recipe.
            like: What the recording depends on by what was seen as it was made.
            keys: Those of recipes that others run after, by page, as far as they are
                known; others are added.
        """
        is_recipe = recipe.kind == "recipe"
        settings = scripts.changes_output(self.gallery_settings) if is_recipe else {}
        if like.noted:
            settings |= {**self.environment, **(self.hooks if is_recipe else {})}
        if earlier := self.before.get(recipe.page):
            key = self.key(earlier, {} if keys is None else keys)
            settings[f"run after {earlier.path.name}"] = key[:12]
        return collect_ingredients(
            recipe,
            gallery=settings,
            packages=self.packages,
            data=self.settings.data,
            like=like,
        )

    def key(self, recipe: Recipe, keys: dict[str, str]) -> str:
        """Return the key that a recipe's recording would have now."""
        chain, each = [], self.before.get(recipe.page)
        while each and each.page not in keys:
            chain.append(each)
            each = self.before.get(each.page)
        for each in (*reversed(chain), recipe):  # no call is inside of another
            if each.page not in keys:
                recorded = self._recorded(each)
                keys[each.page] = make_key(self.ingredients(each, recorded, keys))
        return keys[recipe.page]

    def _recorded(self, recipe: Recipe) -> Ingredients:
        """Return what the recipe's recording depends on; without one, nothing."""
        try:
            recording = shelf.read(self.store, recipe.file)
        except RecordingError:
            return NOTHING
        return recording.ingredients if recording else NOTHING

    def rules(self, recipe: Recipe, tolerance: float | None = None) -> Rules:
        """Return the rules by which a recipe's outputs are compared."""
        tolerance = self.settings.tolerance if tolerance is None else tolerance
        own = map(scripts.settings_of_block, code_blocks(recipe))
        return Rules(tolerance, recipe.settings, [*own])

    def _reasons(
        self, recipe: Recipe, recording: Recording, keys: dict[str, str] | None
    ) -> list[str]:
        """Say why a recipe's recording is stale; nothing if it is fresh."""
        present = self.ingredients(recipe, recording.ingredients, keys)
        found = differences(recording.ingredients, present, recipe.blocks)
        cause = scripts.syntax_error(recipe) if found else ""
        return [cause] if cause else found

    def _find_elsewhere(
        self, recipe: Recipe, strays: shelf.Strays, keys: dict[str, str] | None
    ) -> Entry | None:
        """Find the recording of a renamed recipe among those without a recipe."""
        for name, found in strays.like(recipe):
            if not self._reasons(recipe, found, keys):
                return self._fresh(recipe, found, name, keys)
        return None


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
        only: Read this recipe alone, to run it: its script, and its page; a guide has
            no script. By default, read all.

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
    if script and page:
        recipes = [scripts.read(script, page)]
    else:
        recipes = [scripts.read(*each) for each in found] if only is None else []
        if "myst_nb" in conf.get("extensions", ()):
            recipes += _guides(source, conf, page)
    return Library(
        settings=settings,
        gallery_settings=gallery_settings,
        conf_dir=conf_dir,
        conf=conf,
        source=source,
        store=Store(settings.address(conf_dir)),
        packages=settings.packages(conf_dir),
        recipes=tuple(recipes),
        names=frozenset(each.file for each in recipes),
        before={
            page: earlier
            for each in settings.shared_folders
            for page, earlier in scripts.in_turn(
                conf_dir / each, found, gallery_settings
            )
        },
        environment=conf_code.environment(conf_dir / "conf.py"),
        hooks=hooks.ingredients(gallery_settings, conf_dir / "conf.py"),
    )


def _guides(
    source: Path, conf: Mapping[str, Any], page: str | None = None
) -> Iterator[Recipe]:
    """Read the guide of a page, or all that there are."""
    with uncollected():
        from recordings.guides import reading  # noqa: PLC0415 - it needs MyST-NB

    if page:
        yield reading.read(source / f"{page}.md", page, conf)
    else:
        yield from reading.find(source, conf)
