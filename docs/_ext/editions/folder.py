"""Make the folder that an edition is built from, as the project's own in that language.

    docs/_build/editions/zh-cn/
      recipes/    each script translated; what is no script is a link
      docs/       Sphinx's source folder: links to the pages, and the gallery it makes
      locales/    the catalogs that Sphinx reads, compiled
      pages.json  what is known of each translated script

The folders stand to each other as in the project, so `conf.py` needs no change for an
edition. Only what changed is written, so a build makes only the pages that changed.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import polib

from editions.edition import Edition
from editions.page_facts import FILE, PageFacts, to_text
from translation.catalogs.catalog import Catalog, CatalogError
from translation.messages.segments import Kind, UnreadableScript, segments
from translation.scripts import CodeChanged, translate
from translation.sources.sources import HEADER

STRINGS = ("recordings", "site")
"""Catalogs of the strings that extensions and templates hold."""
THEME = "sphinx"
"""Where Sphinx looks for the strings of templates, before it looks in its own."""
_MADE_OR_CONFIG = ("conf.py", "recipes", "recordings")
"""What stands in `docs/` and is no page: the gallery is made anew in each edition."""


class EditionError(Exception):
    """An edition can't be made; the message names the file and the line."""


def folder_of(project: Path, edition: Edition) -> Path:
    """Tell where an edition is made."""
    return project / "docs" / "_build" / "editions" / edition.name


def make(project: Path, edition: Edition) -> Path:
    """Make or refresh the folder of an edition.

    Args:
        project: The folder that `docs/`, `recipes/` and `locales/` stand in.
        edition: Not the English one, which is built from the project itself.

    Returns:
        Sphinx's source folder.

    Raises:
        EditionError: A catalog is broken, or would change the code of a recipe.
    """
    root = folder_of(project, edition)
    catalogs = project / "locales" / edition.language / "LC_MESSAGES"
    pages: dict[str, PageFacts] = {}
    kept: set[Path] = set()
    for source in _files(project / "recipes"):
        place = root / source.relative_to(project)
        kept.add(place)
        kind: Kind | None = _kind(source)
        if kind is None:
            _link(place, source)
            continue
        page = _page(source.relative_to(project))
        text, pages[page] = _translated(source, kind, catalogs / f"{page}.po", project)
        _write(place, text.encode())
    _sweep(root / "recipes", kept)
    pages = _with_sections(pages)
    _link_pages(project / "docs", root / "docs")
    pages |= _compile(catalogs, root / "locales" / edition.language / "LC_MESSAGES")
    _write(root / FILE, to_text(pages).encode())
    return root / "docs"


def remove_others(project: Path, known: Iterable[Edition]) -> list[str]:
    """Remove the folders of editions that there are no longer; give their names."""
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


def _kind(source: Path) -> Kind | None:
    if source.is_file() and source.suffix == ".py":
        return "script"
    return "rest" if source.name == HEADER else None


def _page(source: Path) -> str:
    """Give the document that the gallery makes of a file; its catalog's name too."""
    name = "index" if source.name == HEADER else source.stem
    return source.with_name(name).as_posix()


def _translated(
    source: Path, kind: Kind, file: Path, project: Path
) -> tuple[str, PageFacts]:
    """Translate a file as far as its catalog goes."""
    english = source.read_text("utf-8")
    path = source.relative_to(project).as_posix()
    catalog = _load(file, project)
    known = catalog.translations() if catalog else {}
    try:
        made = translate(english, known, kind, path=path)
        pieces = segments(english, kind)
    except UnreadableScript:
        return english, PageFacts()  # the English edition says what is wrong with it
    except CodeChanged as error:
        lines = {each.msgid: each.line for each in catalog.entries()} if catalog else {}
        line = lines.get(error.message, 1)
        name = file.relative_to(project)
        raise EditionError(f"{name}:{line}: {error}") from error
    titles = [
        (known.get(piece.message.text, piece.message.text), piece.message.text)
        for piece in pieces
        if piece.message and piece.message.form.name == "title"
    ]
    return made.text, PageFacts(titles, made.total, made.untranslated)


def _with_sections(pages: dict[str, PageFacts]) -> dict[str, PageFacts]:
    """Add to the gallery's first page what stands on it of each section's page."""
    top = "recipes/index"
    sections = [
        facts for page, facts in pages.items() if Path(page).match("recipes/*/index")
    ]
    if top not in pages:
        return pages
    return pages | {top: sum(sections, start=pages[top])}


def _load(file: Path, project: Path) -> Catalog | None:
    if not file.is_file():
        return None
    try:
        return Catalog.load(file)
    except CatalogError as error:
        name = file.relative_to(project)
        raise EditionError(f"{name}:{error.line}: {error.cause}") from error


def _link_pages(docs: Path, place: Path) -> None:
    """Link all that Sphinx takes pages and their pictures from."""
    wanted = {
        entry.name: entry
        for entry in docs.iterdir()
        if not entry.name.startswith(("_", ".")) and entry.name not in _MADE_OR_CONFIG
    }
    for name, entry in wanted.items():
        _link(place / name, entry)
    for entry in place.iterdir():
        if entry.is_symlink() and entry.name not in wanted:
            entry.unlink()


def _compile(catalogs: Path, place: Path) -> dict[str, PageFacts]:
    """Put the catalogs there that Sphinx and the extensions read, with their `.mo`.

    Returns:
        What the catalogs of pages have, by page.
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
        names = (file.stem, THEME) if page == "site" else (file.stem,)
        for name in names:
            copy = (place / file.relative_to(catalogs)).with_stem(name)
            compiled = copy.with_suffix(".mo")
            kept |= {copy, compiled}
            if _write(copy, content) or not compiled.is_file():
                polib.pofile(content.decode()).save_as_mofile(str(compiled))
    _sweep(place, kept)
    return pages


def _write(file: Path, content: bytes) -> bool:
    """Write a file if that changes it; tell whether it did."""
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
    if not folder.is_dir():
        return
    for entry in sorted(folder.rglob("*"), reverse=True):
        if entry in kept:
            continue
        if entry.is_symlink() or entry.is_file():
            entry.unlink()
        elif not any(entry.iterdir()):
            entry.rmdir()
