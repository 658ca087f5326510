"""Which recipes there are, and whether their recordings are fresh."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sphinx.errors import SphinxError

from recordings import gallery, guides, syntax_tree
from recordings.key import first_imports
from recordings.key.differences import differences
from recordings.key.ingredients import collect_ingredients, is_code, make_key
from recordings.model import Block, Entry, Ingredients, Recipe, Recording, State
from recordings.settings import Settings, from_file
from recordings.store.notebook import ForeignError, RecordingError, from_text
from recordings.store.store import Store


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

    def entries(self) -> list[Entry]:
        """Compare each recipe with its recording."""
        return [self.entry(recipe) for recipe in self.recipes]

    def entry(self, recipe: Recipe) -> Entry:
        """Compare a recipe with its recording, wherever in the store that stands."""
        try:
            recording = self._read(recipe.file)
            cause = "it has no recording yet"
        except RecordingError as error:
            recording, cause = None, str(error)
        try:
            if recipe.fault:
                raise ValueError(recipe.fault)  # noqa: TRY301 - one way out
            plain = self.ingredients(recipe, with_lines=False)
        except ValueError as error:  # its code or a setting can't be read
            state: State = "stale" if recording else "missing"
            return Entry(recipe, state, Ingredients(()), (str(error),), recording)
        reasons: list[str] = []
        if recording is not None:
            with_lines = recording.ingredients.lines is not None
            present = self.ingredients(recipe, with_lines=True) if with_lines else plain
            reasons = differences(recording.ingredients, present, recipe.blocks)
            if not reasons:
                if not _is_of(recording, recipe):
                    where = self.store.where(recipe.file)
                    cause = f"{where}: its code is not the recipe's, though its key is"
                    return Entry(recipe, "missing", present, (cause,))
                return Entry(recipe, "fresh", present, recording=recording)
        elsewhere = self._find_by_key(recipe, plain)
        if elsewhere is not None:
            name, found, present = elsewhere
            return Entry(recipe, "fresh", present, (), found, name)
        if recording is not None:
            return Entry(recipe, "stale", plain, tuple(reasons), recording)
        return Entry(recipe, "missing", plain, (cause,))

    def without_recipe(self) -> list[str]:
        """Names in the store that belong to no recipe."""
        used = {recipe.file for recipe in self.recipes}
        return [name for name in self.store.names() if name not in used]

    def is_foreign(self, name: str) -> bool:
        """Tell whether what stands under a name is somebody's own notebook."""
        try:
            self._read(name)
        except ForeignError:
            return True
        except RecordingError:
            pass  # damaged, or of another format
        return False

    def read(self, recipe: Recipe) -> Recipe:
        """Read a recipe's file again, as it is now."""
        if recipe.kind == "guide":
            return _guide(recipe.path, recipe.page, self.conf)
        return _script(recipe.path, recipe.page)

    def may_preload(self, recipe: Recipe) -> bool:
        """Tell whether a recipe begins with importing what is imported beforehand."""
        modules = self.settings.preload
        return recipe.kind == "recipe" and first_imports.come_first(
            recipe.blocks, modules
        )

    def ingredients(self, recipe: Recipe, *, with_lines: bool) -> Ingredients:
        """Find out all that a recording of the recipe would depend on now."""
        of_gallery = recipe.kind == "recipe"
        return collect_ingredients(
            recipe.blocks,
            recipe.settings,
            recipe.path.parent,
            gallery=gallery.changes_output(self.gallery_settings) if of_gallery else {},
            packages=self.packages,
            data=self.settings.data,
            with_lines=with_lines,
        )

    def _read(self, name: str) -> Recording | None:
        text = self.store.read(name)
        return None if text is None else from_text(text, self.store.where(name))

    def _find_by_key(
        self, recipe: Recipe, plain: Ingredients
    ) -> tuple[str, Recording, Ingredients] | None:
        """Find the recording of a renamed recipe among those without a recipe."""
        names = self.without_recipe()
        if not names:
            return None
        candidates = {make_key(plain): plain}
        lined = self.ingredients(recipe, with_lines=True)
        candidates[make_key(lined)] = lined
        for name in names:
            try:
                recording = self._read(name)
            except RecordingError:
                continue
            if recording is None or recording.key not in candidates:
                continue
            if _is_of(recording, recipe):
                return name, recording, candidates[recording.key]
        return None


def is_of(recording: Recording, blocks: Sequence[Block]) -> bool:
    """Tell whether a recording's cells are a recipe's code; a hand may change them.

    Args:
        recording: The recipe's.
        blocks: The recipe's, text and code.
    """
    code = [each for each in blocks if is_code(each)]
    return len(code) == len(recording.blocks) and all(
        syntax_tree.are_equal(block.content, recorded.source)
        for block, recorded in zip(code, recording.blocks, strict=True)
    )


def _is_of(recording: Recording, recipe: Recipe) -> bool:
    """Tell the same of a recipe or a guide."""
    if recipe.kind == "guide":
        code = [block.content for block in recipe.blocks]
        return guides.is_of(recording, code)
    return is_of(recording, recipe.blocks)


def open_library(  # noqa: PLR0913 - all but one have a default
    conf_dir: Path,
    source: Path | None = None,
    settings: Settings | None = None,
    namespace: Mapping[str, Any] | None = None,
    gallery_settings: dict[str, Any] | None = None,
    *,
    page: str | None = None,
) -> Library:
    """Find a project's recipes and its store.

    Args:
        conf_dir: Folder of `conf.py`.
        source: Sphinx's source folder; as a rule the same.
        settings: Where Sphinx runs: its settings. Else `conf.py` is read.
        namespace: Likewise: what `conf.py` sets.
        gallery_settings: Likewise: Sphinx-Gallery's settings, filled in.
        page: Read the recipe of this page alone; by default all.

    Raises:
        ConfigError: A setting is wrong.
    """
    source = source or conf_dir
    if settings is None or namespace is None:
        settings, namespace = from_file(conf_dir)
    if gallery_settings is None:
        gallery_settings = gallery.load(namespace, source)
    scripts = gallery.scripts(gallery_settings, source)
    recipes = [_script(*each) for each in scripts if page in {None, each[1]}]
    if page is None or not recipes:
        recipes += _guides(source, namespace)
    return Library(
        settings=settings,
        gallery_settings=gallery_settings,
        conf_dir=conf_dir,
        conf=namespace,
        source=source,
        store=Store(settings.address(conf_dir)),
        packages=settings.packages(conf_dir),
        recipes=tuple(recipes),
    )


def _script(path: Path, page: str) -> Recipe:
    try:
        in_file, blocks = gallery.split(path)
    except (OSError, SphinxError, ValueError) as error:
        return Recipe(path, page, "recipe", fault=_fault(path, error))
    return Recipe(path, page, "recipe", tuple(blocks), in_file)


def _fault(path: Path, error: Exception) -> str:
    """Say in a line why a recipe can't be read; who reads it knows which recipe."""
    return " ".join(str(error).split()).replace(str(path), path.name)


def _guides(source: Path, namespace: Mapping[str, Any]) -> Iterable[Recipe]:
    if "myst_nb" not in namespace.get("extensions", ()):
        return
    exclude = namespace.get("exclude_patterns", ())
    for guide in guides.find(source, exclude, namespace):
        page = guide.path.relative_to(source).with_suffix("").as_posix()
        yield _guide(guide.path, page, namespace)


def _guide(path: Path, page: str, namespace: Mapping[str, Any]) -> Recipe:
    try:
        blocks = tuple(guides.cells(guides.open_guide(path, namespace)))
    except guides.GuideFailed as error:
        return Recipe(path, page, "guide", fault=str(error))
    except OSError as error:
        return Recipe(path, page, "guide", fault=f"{path.name}: {error}")
    return Recipe(path, page, "guide", blocks)
