"""Pictures of a block: from Sphinx-Gallery's files to outputs, and back to reST.

A scraper saves pictures and returns the reST that shows them. Where that is the reST
which Sphinx-Gallery makes for those files, only the pictures are kept. Where a scraper
has reST of its own, it is kept too, with `{picture-1}`, … for the paths. So are other
files that it wrote, such as videos, and marks stand for the folders of the page.
"""

import base64
import glob
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import indent
from typing import Any

from sphinx_gallery import scrapers

from recordings.model import FILE, Output
from recordings.store.images import SUFFIXES, SVG, to_bytes
from recordings.store.notebook import REST

MIME_TYPES = {suffix: mime for mime, suffix in SUFFIXES.items()}
_ALTERNATIVE = re.compile(r"^(\s*:alt: ?)(.*)$", re.MULTILINE)


def read(  # noqa: PLR0913 - all but two by name
    paths: Sequence[str],
    rest: str,
    *,
    template: str,
    source: str,
    written: Collection[Path],
    single: bool,
) -> list[Output]:
    """Make outputs of the pictures, and of other files, that a block saved.

    Args:
        paths: Those that Sphinx-Gallery handed out; a scraper may use another suffix.
        rest: What the scrapers returned.
        template: What those paths are made from.
        source: Sphinx's source folder, to which paths in `rest` are relative.
        written: All files that the scrapers wrote.
        single: Whether several pictures keep their full width.
    """
    files = [Path(scrapers._find_image_ext(path)[0]) for path in paths]
    alternatives = [found[2] for found in _ALTERNATIVE.finditer(rest)]
    if len(alternatives) != len(files):
        alternatives = [""] * len(files)
    outputs = [
        _picture(file, alternative)
        for file, alternative in zip(files, alternatives, strict=True)
    ]
    if rest.strip() and rest != show(files, alternatives, source, single=single):
        for number, file in enumerate(files, 1):
            address = scrapers._as_relative_rst_path(file, source)
            rest = rest.replace(address, f"{{picture-{number}}}")
        rest = _marked(rest, template, source)
        outputs.append(
            {"output_type": "display_data", "data": {REST: rest}, "metadata": {}}
        )
    for file in sorted({*written} - {*files}):
        address = _marked(
            scrapers._as_relative_rst_path(file, source), template, source
        )
        outputs.append(
            {
                "output_type": "display_data",
                "data": {FILE: base64.b64encode(file.read_bytes()).decode()},
                "metadata": {"file": address},
            }
        )
    return outputs


def _marks(template: str, source: str) -> dict[str, str]:
    """Return the folders of a page by the marks that stand for them."""
    first, _, _ = scrapers._as_relative_rst_path(template, source).partition("{")
    return {"{page}": first, "{images}": str(Path(first).parent), "{source}": source}


def _marked(text: str, template: str, source: str) -> str:
    """Put marks for the folders of a page, which may be renamed or built elsewhere."""
    for mark, folder in _marks(template, source).items():
        text = text.replace(folder, mark)
    return text


def _unmarked(text: str, template: str, source: str) -> str:
    for mark, folder in _marks(template, source).items():
        text = text.replace(mark, folder)
    return text


def _picture(file: Path, alternative: str) -> Output:
    mime, content = MIME_TYPES[file.suffix], file.read_bytes()
    text = mime == SVG
    data = content.decode() if text else base64.b64encode(content).decode()
    return {
        "output_type": "display_data",
        "data": {mime: data},
        "metadata": {"alt": alternative},
    }


def show(
    files: Sequence[Path], alternatives: Sequence[str], source: str, *, single: bool
) -> str:
    """Make the reST that shows pictures, as Sphinx-Gallery's matplotlib scraper does.

    A page has several pictures of one block side by side, unless `single`.
    """
    images: list[str] = [
        scrapers.figure_rst([file], source, alternative)
        for file, alternative in zip(files, alternatives, strict=True)
    ]
    if len(images) <= 1:
        return "".join(images)
    if not single:
        images = [
            each.replace("sphx-glr-single-img", "sphx-glr-multi-img") for each in images
        ]
    items = [scrapers.HLIST_IMAGE_MATPLOTLIB + indent(each, " " * 6) for each in images]
    return str(scrapers.HLIST_HEADER + "".join(items))


def write(  # noqa: PLR0913 - some by name
    outputs: Sequence[Output],
    paths: Iterator[str],
    template: str,
    source: str,
    *,
    single: bool,
    alternative: str | None = None,
) -> tuple[str, list[Path]]:
    """Write a block's recorded pictures and other files where the page looks for them.

    Args:
        outputs: What the block gave.
        paths: Sphinx-Gallery's iterator of picture paths.
        template: What those are made from.
        source: Sphinx's source folder.
        single: Whether several pictures keep their full width.
        alternative: Text alternative for all of them, instead of the recorded ones.

    Returns:
        The reST that shows them, and all files.
    """
    files: list[Path] = []
    others: list[Path] = []
    alternatives: list[str] = []
    rest: str | None = None
    for output in outputs:
        if output["output_type"] != "display_data":
            continue
        for mime, data in output["data"].items():
            if mime == REST:
                rest = data
            elif mime == FILE:
                name = _unmarked(output["metadata"]["file"], template, source)
                others.append(Path(source, name))
                others[-1].parent.mkdir(parents=True, exist_ok=True)
                _write_if_changed(others[-1], to_bytes(mime, data))
            elif mime in SUFFIXES:
                file = Path(next(paths)).with_suffix(SUFFIXES[mime])
                _write_if_changed(file, to_bytes(mime, data))
                files.append(file)
                alternatives.append(alternative or output["metadata"].get("alt", ""))
    if rest is None:
        rest = show(files, alternatives, source, single=single)
        return rest, [*files, *others]
    for number, file in enumerate(files, 1):
        address = scrapers._as_relative_rst_path(file, source)
        rest = rest.replace(f"{{picture-{number}}}", address)
    rest = _unmarked(rest, template, source)
    if alternative:
        rest = _ALTERNATIVE.sub(lambda found: f"{found[1]}{alternative}", rest)
    return rest, [*files, *others]


def _write_if_changed(file: Path, content: bytes) -> None:
    """Leave an equal file alone, so that Sphinx does not read pages again for it."""
    if not (file.is_file() and file.read_bytes() == content):
        _remove_thumbnail(file)
        file.write_bytes(content)


def remove_others(template: str, files: Collection[Path]) -> None:
    """Remove pictures that a page had before; `{0:03}` stands for their number."""
    beginning, _, _ = Path(template).name.partition("{")
    made = re.compile(rf"{re.escape(beginning)}\d{{3,}}\.\w+")
    for file in [*Path(template).parent.iterdir()]:
        if made.fullmatch(file.name) and file not in files:
            _remove_thumbnail(file)
            file.unlink()


def _remove_thumbnail(picture: Path) -> None:
    """Remove a page's thumbnail, of which Sphinx-Gallery would keep an old one."""
    name = picture.stem.rpartition("_")[0]
    for thumbnail in picture.parent.glob(f"thumb/{glob.escape(name)}_thumb.*"):
        thumbnail.unlink()


def keeps_single(file: Mapping[str, Any], block: Mapping[str, Any]) -> bool:
    """Tell whether settings let several pictures of a block keep their full width."""
    return bool(block.get("multi_image_block", file.get("multi_image")) == "single")
