"""Make the folder that an edition is built from, as the project's own in that language.

    docs/_build/editions/zh-cn/
      recipes/    each recipe translated; other files are links
      docs/       Sphinx's source folder: links to the pages, and the gallery it makes
      locales/    the catalogs that Sphinx reads, compiled
      page_facts/ what is known of each translated page

The folders are arranged as in the project, so `conf.py` needs no change for an edition.
Only what changed is written, so a build makes only the pages that changed.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import polib

from editions.edition import Edition
from editions.page_facts import FOLDER, PageFacts
from translation.catalogs.catalog import Catalog, CatalogError
from translation.messages.segments import Kind, UnreadableScript
from translation.scripts import CodeChanged, Translated, translate
from translation.sources.sources import RecipeFile

STRINGS = ("recordings", "site")
"""Catalogs of the strings in extensions and templates."""
THEME = "sphinx"
"""Where Sphinx looks for the strings of templates, before it looks in its own."""
_MADE_OR_CONFIG = ("conf.py", "recipes", "recordings")
"""What is in `docs/` and is no page: the gallery is made anew in each edition."""


class EditionError(Exception):
    """An edition can't be made; the message names the file and the line."""


def folder_of(project: Path, edition: Edition) -> Path:
    """Return the folder of an edition."""
    return project / "docs" / "_build" / "editions" / edition.name


def make(project: Path, edition: Edition, recipes: Iterable[RecipeFile]) -> None:
    """Make or refresh the folder of an edition.

    The English one needs none: it is built from the project itself.

    Raises:
        EditionError: A catalog is broken, or would change the code of a recipe.
    """
    root = folder_of(project, edition)
    catalogs = project / "locales" / edition.language / "LC_MESSAGES"
    known = {each.path: each for each in recipes}
    pages: dict[str, PageFacts] = {}
    kept: set[Path] = set()
    for source in _files(project / "recipes"):
        place = root / source.relative_to(project)
        kept.add(place)
        if recipe := known.get(source):
            catalog = _load(catalogs / f"{recipe.page}.po", project)
            content, pages[recipe.page] = _translated(recipe, catalog, project)
            _write(place, content)
        else:
            _link(place, source)
    _sweep(root / "recipes", kept)
    if first := pages.get("recipes/index"):
        # The gallery's first page shows each section's page, too.
        sections = (pages[page] for page in pages if Path(page).match("*/*/index"))
        pages["recipes/index"] = sum(sections, start=first)
    _link_pages(project / "docs", root / "docs")
    pages |= _compile(catalogs, root / "locales" / edition.language / "LC_MESSAGES")
    facts = {root / FOLDER / f"{page}.json": each for page, each in pages.items()}
    for file, each in facts.items():
        _write(file, each.to_text().encode())
    _sweep(root / FOLDER, {*facts})


def remove_others(project: Path, known: Iterable[Edition]) -> list[str]:
    """Remove the folders of editions that no longer exist; return their names."""
    wanted = {folder_of(project, edition) for edition in known}
    made = (project / "docs" / "_build" / "editions").glob("*")
    others = [each for each in made if each.is_dir() and each not in wanted]
    for each in others:
        shutil.rmtree(each)
    return [each.name for each in others]


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, and the folders that are linked as they are."""
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        if entry.is_dir() and not entry.is_symlink() and entry.name != "data":
            yield from _files(entry)
        else:
            yield entry


def _translated(
    recipe: RecipeFile, catalog: Catalog | None, project: Path
) -> tuple[bytes, PageFacts]:
    """Translate a file as far as its catalog goes."""
    path = recipe.path.relative_to(project).as_posix()
    known = catalog.translations() if catalog else {}
    try:
        english = recipe.path.read_text("utf-8")
        made = _translate(english, tuple(known.items()), recipe.kind, path)
    except (UnicodeDecodeError, UnreadableScript):
        # The English edition says what is wrong with it.
        return recipe.path.read_bytes(), PageFacts()
    except CodeChanged as error:
        assert catalog is not None  # noqa: S101 - without one, nothing changes
        lines = {each.msgid: each.line for each in catalog.entries()}
        file = f"{catalog.path.relative_to(project)}:{lines.get(error.message, 1)}"
        raise EditionError(f"{file}: {error}") from error
    facts = PageFacts(made.titles, made.total, made.untranslated)
    return made.text.encode(), facts


@cache  # for `live`, which makes an edition again and again
def _translate(
    english: str, known: tuple[tuple[str, str], ...], kind: Kind, path: str
) -> Translated:
    return translate(english, dict(known), kind, path=path)


def _load(file: Path, project: Path) -> Catalog | None:
    if not file.is_file():
        return None
    try:
        return Catalog.load(file)
    except CatalogError as error:
        name = file.relative_to(project)
        raise EditionError(f"{name}:{error.line}: {error.cause}") from error


def _link_pages(docs: Path, place: Path) -> None:
    """Link all that Sphinx takes pages and their pictures from, and the extensions.

    Of those, a recording may depend on some.
    """
    wanted = {
        entry.name: entry
        for entry in docs.iterdir()
        if not entry.name.startswith(("_", ".")) and entry.name not in _MADE_OR_CONFIG
    }
    if (extensions := docs / "_ext").is_dir():
        wanted[extensions.name] = extensions
    for name, entry in wanted.items():
        _link(place / name, entry)
    for entry in place.iterdir():
        if entry.is_symlink() and entry.name not in wanted:
            entry.unlink()


def _compile(catalogs: Path, place: Path) -> dict[str, PageFacts]:
    """Write the catalogs that Sphinx and the extensions read, with their `.mo`.

    Returns:
        What the catalogs of pages contain, by page.
    """
    pages = {}
    kept: set[Path] = set()
    for file in sorted(catalogs.rglob("[!.]*.po")):
        if file.is_relative_to(catalogs / "recipes"):
            continue
        page = file.relative_to(catalogs).with_suffix("").as_posix()
        catalog = _load(file, catalogs.parents[2])
        if catalog and page not in STRINGS:
            known = catalog.translations()
            pages[page] = PageFacts(translated=[*known, *known.values()])
        content = file.read_bytes()
        for name in (file.stem, THEME) if page == "site" else (file.stem,):
            copy = (place / file.relative_to(catalogs)).with_stem(name)
            compiled = copy.with_suffix(".mo")
            kept |= {copy, compiled}
            if _write(copy, content) or not compiled.is_file():
                polib.pofile(content.decode()).save_as_mofile(str(compiled))
    _sweep(place, kept)
    return pages


def _write(file: Path, content: bytes) -> bool:
    """Write a file if that changes it; return whether it did."""
    if file.is_symlink():
        file.unlink()
    if file.is_file() and file.read_bytes() == content:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return True


def _link(place: Path, target: Path) -> None:
    """Make a link, relative so that the project can be moved."""
    place.parent.mkdir(parents=True, exist_ok=True)
    relative = os.path.relpath(target, place.parent)
    if place.is_symlink() and place.readlink() == Path(relative):
        return
    if place.is_symlink() or place.is_file():
        place.unlink()
    elif place.is_dir():
        shutil.rmtree(place)
    place.symlink_to(relative, target_is_directory=target.is_dir())


def _sweep(folder: Path, kept: set[Path]) -> None:
    """Remove what has no source any more."""
    for entry in sorted(folder.rglob("*"), reverse=True):
        if entry in kept:
            continue
        if entry.is_symlink() or entry.is_file():
            entry.unlink()
        elif not any(entry.iterdir()):
            entry.rmdir()
