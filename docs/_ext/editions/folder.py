"""Make the folder that an edition is built from, as the project's own in that language.

    docs/_build/editions/zh-cn/
      recipes/    each recipe translated; other files are links
      docs/       Sphinx's source folder: links to the pages, and the gallery it makes
      locales/    the catalogs that Sphinx reads, compiled
      page_facts/ what is known of each translated page
      kept.json   translations, so that those of unchanged files are not made again
      faults      what is wrong with the catalogs, for the build to report

The folders are arranged as in the project, so `conf.py` needs no change for an edition.
Only what changed is written, so a build makes only the pages that changed.
"""

import glob
import os
import shutil
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from editions.code_strings import Strings
from editions.edition import Edition
from editions.kept import Cache
from editions.page_facts import FAULTS, FOLDER, PageFacts
from editions.translated_files import compiled_catalog, load, translated
from translation.messages.forms import Syntax
from translation.sources.sources import RecipeFile, syntax_of

STRINGS = ("recordings", "site")
"""Catalogs of the strings in extensions and templates."""
THEME = "sphinx"
"""Where Sphinx looks for the strings of templates, before it looks in its own."""
_MADE_OR_CONFIG = ("conf.py", "recipes", "recordings")
"""What is in `docs/` and is no page: the gallery is made anew in each edition."""


def folder_of(project: Path, edition: Edition) -> Path:
    """Return the folder of an edition."""
    return project / "docs" / "_build" / "editions" / edition.name


def make(
    project: Path,
    edition: Edition,
    recipes: Iterable[RecipeFile],
    strings: Strings,
) -> list[str]:
    """Make or refresh the folder of an edition.

    The English one needs none: it is built from the project itself.

    Returns:
        What is wrong with catalogs, each with its file and line; their pages stay in
        English, so that no other page has to wait for them.
    """
    root = folder_of(project, edition)
    catalogs = project / "locales" / edition.language / "LC_MESSAGES"
    cache = Cache(root / "kept.json")
    known = {each.path: each for each in recipes}
    pages: dict[str, PageFacts] = {}
    faults: list[str] = []
    kept: set[Path] = set()
    for source in _files(project / "recipes"):
        place = root / source.relative_to(project)
        kept.add(place)
        if recipe := known.get(source):
            file = catalogs / f"{recipe.page}.po"
            text, pages[recipe.page] = _translate(recipe, file, project, cache, faults)
            _write(place, text)
        else:
            _link(place, source)
    _sweep(root / "recipes", kept)
    if first := pages.get("recipes/index"):
        # The gallery's first page shows each section's page, too.
        sections = (pages[page] for page in pages if Path(page).match("*/*/index"))
        pages["recipes/index"] = sum(sections, start=first)
    _link_pages(project / "docs", root / "docs")
    place = root / "locales" / edition.language / "LC_MESSAGES"
    pages |= _compile(catalogs, place, strings, cache, faults)
    facts = {root / FOLDER / f"{page}.json": each for page, each in pages.items()}
    for file, each in facts.items():
        _write(file, each.to_text().encode())
    _sweep(root / FOLDER, {*facts})
    _write(root / FAULTS, "".join(f"{each}\n" for each in faults).encode())
    cache.save()
    return faults


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


def _translate(
    recipe: RecipeFile, file: Path, project: Path, cache: Cache, faults: list[str]
) -> tuple[bytes, PageFacts]:
    """Translate a recipe with a catalog, if there is one; note what is wrong."""

    def translation() -> dict[str, Any]:
        found: list[str] = []
        catalog = load(file, project, found, syntax_of(f"{recipe.page}.py"))
        text, facts = translated(recipe, catalog, project, found)
        shown = text.decode("utf-8", "surrogateescape")
        return {"text": shown, "facts": facts.to_text(), "faults": found}

    sources = (recipe.path, file)
    about = [(str(each.relative_to(project)), _content(each)) for each in sources]
    made = cache.result(translation, recipe.page, recipe.kind, *about)
    faults += made["faults"]
    text = made["text"].encode("utf-8", "surrogateescape")
    return text, PageFacts.from_text(made["facts"])


def _compile(
    catalogs: Path, place: Path, strings: Strings, cache: Cache, faults: list[str]
) -> dict[str, PageFacts]:
    """Write the compiled catalogs that Sphinx and the extensions read.

    Returns:
        What the catalogs of pages contain, by page.
    """
    project, pages = catalogs.parents[2], {}
    kept: set[Path] = set()
    for file in sorted(catalogs.rglob("[!.]*.po")):
        if file.is_relative_to(catalogs / "recipes"):
            continue
        page = file.relative_to(catalogs).with_suffix("").as_posix()
        source = next((project / "docs").glob(f"{glob.escape(page)}.*"), None)
        if not source and page not in STRINGS:
            continue  # Sphinx would use it: it has catalogs with names of its own
        syntax = syntax_of(source.name if source else "")
        used = strings if page in STRINGS else None
        made = _compiled(file, project, syntax, used, cache)
        faults += made["faults"]
        if made["content"] is None:
            continue
        if used is None:
            pages[page] = PageFacts.from_text(made["facts"])
        content = b64decode(made["content"])
        for name in (file.stem, THEME) if page == "site" else (file.stem,):
            copy = (place / file.relative_to(catalogs)).with_stem(name)
            compiled = copy.with_suffix(".mo")
            kept |= {copy, compiled}
            # After the other, even if equal: else Sphinx finds that this one is older.
            if _write(copy, file.read_bytes()) or not _is(compiled, content):
                compiled.write_bytes(content)
    _sweep(place, kept)
    return pages


def _compiled(
    file: Path, project: Path, syntax: Syntax, strings: Strings | None, cache: Cache
) -> Any:
    """Return a catalog's compiled content, its facts, and what is wrong with it.

    Args:
        file: The catalog.
        project: The folder that faults name files from.
        syntax: How what it is of is written.
        strings: Those of the code, if it is of such.
        cache: What was made before.
    """

    def compilation() -> dict[str, Any]:
        found: list[str] = []
        catalog = load(file, project, found, syntax)
        if catalog is None:
            return {"content": None, "faults": found}
        entries = catalog.entries()
        said = None if strings is None else strings.in_catalog(file.stem)
        content = b64encode(compiled_catalog(entries, said)).decode()
        facts = PageFacts(catalog=entries).to_text()
        return {"content": content, "facts": facts, "faults": found}

    code = strings.digest if strings else ""
    name = str(file.relative_to(project))
    return cache.result(compilation, name, syntax, code, _content(file))


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


def _write(file: Path, content: bytes) -> bool:
    """Write a file if that changes it; return whether it did."""
    if file.is_symlink():
        file.unlink()
    if _is(file, content):
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return True


def _is(file: Path, content: bytes) -> bool:
    return file.is_file() and file.read_bytes() == content


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
