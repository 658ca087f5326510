"""Preview pictures: what is shown of a page where somebody shares its address."""

import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import resvg_py
from docutils import nodes
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from editions.edition import Edition
from recipe_site.sharing.card_fonts import Font, drawable, font

WIDTH, HEIGHT = 1200, 630
FOLDER = "cards"
"""Where they are in each edition, by the name of their page."""

_MARGIN = 72
_TITLES = (64, 52, 42)
"""Sizes of a title's letters: the first that fits is taken."""
_NAME, _MARK = 30, 44
"""Sizes of the site's name and of its sign."""
_LINES = 2
_GAP = 28
_DIGEST = "made-from"
_PAPER, _INK, _BRAND, _GRAY = "#ffffff", "#1b1f24", "#0b62b8", "#59636e"
_WORD = re.compile(
    r"[^\s\u2e80-\u9fff\uff00-\uffef]+\s*|\S[\uff00-\uff0f\u3000-\u3011]?"
)
"""What is not broken: a Latin word, or a Chinese character and a mark after it."""


def path(page: str) -> str:
    """Return the address of a page's picture within an edition."""
    return f"{FOLDER}/{page}.png"


def figure(
    document: nodes.document, source: Path, published: Mapping[str, str]
) -> Path | None:
    """Return the file of a page's first figure, if it can be drawn here.

    Args:
        document: The page, whose HTML is written.
        source: Where its figures are from.
        published: Names that figures got on the site, by those that they had.
    """
    sources = {name: uri for uri, name in published.items()}
    for node in document.findall(nodes.image):
        uri = node["uri"].lstrip("/")
        file = source / sources.get(PurePosixPath(uri).name, uri)
        return file if file.is_file() and _can_be_drawn(file) else None
    return None


def _can_be_drawn(file: Path) -> bool:
    """Return whether a picture looks the same everywhere: text depends on fonts."""
    return file.suffix != ".svg" or b"<text" not in file.read_bytes()


@dataclass(frozen=True, slots=True)
class Card:
    """What a picture is made of."""

    title: str
    name: str
    """Of the site."""
    edition: Edition
    mark: Path | None
    """The site's sign."""
    figure: Path | None

    def digest(self) -> str:
        """Return a digest of all that the picture shows, and of how it is drawn."""
        parts = [self.title, self.name, self.edition.language]
        files = [file for file in (self.mark, self.figure, Path(__file__)) if file]
        content = [
            *(part.encode() for part in parts),
            *(it.read_bytes() for it in files),
        ]
        return hashlib.sha256(b"\0".join(content)).hexdigest()


def write(card: Card, file: Path) -> None:
    """Write a picture, unless it is there: its file says what it was made of."""
    digest = card.digest()
    if file.is_file():
        with Image.open(file) as old:
            if old.info.get(_DIGEST) == digest:
                return
    file.parent.mkdir(parents=True, exist_ok=True)
    about = PngInfo()
    about.add_text(_DIGEST, digest)
    # So few colors do, and take a third of the bytes.
    few = draw(card).quantize(64, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(file, "PNG", pnginfo=about)


def draw(card: Card) -> Image.Image:
    """Draw title, first figure, and the site's sign and name, from top to bottom."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, WIDTH, 14), fill=_BRAND)
    size, lines = title_lines(card.title, card.edition)
    step = round(size * 1.25)
    foot = HEIGHT - _MARGIN // 2 - _NAME
    top = _MARGIN - 8 if card.figure else (foot - step * len(lines)) // 2
    # Pillow's own font has one weight: a stroke makes it bold.
    bold = 1 if card.edition.is_source else 0
    for number, line in enumerate(lines):
        place = (_MARGIN, top + number * step)
        pen.text(place, line, _INK, font(card.edition, size), stroke_width=bold)
    left = _MARGIN
    if card.mark:
        sign = picture(card.mark, _MARK, _MARK)
        image.paste(sign, (left, foot + (_NAME - _MARK) // 2 + 2), sign)
        left += _MARK + 14
    name = font(card.edition, _NAME)
    text = drawable(card.name, card.edition)
    pen.text((left, foot + _NAME // 2 + 2), text, _GRAY, name, anchor="lm")
    if card.figure:
        above = top + step * len(lines) + _GAP
        room = (WIDTH - 2 * _MARGIN, foot - _GAP - above)
        drawn = picture(card.figure, *room)
        image.paste(drawn, (_MARGIN + (room[0] - drawn.width) // 2, above), drawn)
    return image


def title_lines(title: str, edition: Edition) -> tuple[int, list[str]]:
    """Return a title's lines, and how large the letters may be."""
    title = drawable(title, edition)
    for size in _TITLES:
        lines = list(wrapped(title, font(edition, size), WIDTH - 2 * _MARGIN))
        if len(lines) <= _LINES:
            return size, lines
    return size, [*lines[: _LINES - 1], f"{lines[_LINES - 1]}…"]


def wrapped(text: str, font: Font, width: int) -> Iterator[str]:
    """Yield the lines of a text that is broken where it would be too wide."""
    line = ""
    for word in _WORD.findall(text):
        if line and font.getlength((line + word).rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += word
    if line:
        yield line.rstrip()


def picture(file: Path, width: int, height: int) -> Image.Image:
    """Return a figure as large as the room allows."""
    if file.suffix == ".svg":
        size = re.search(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"', file.read_bytes())
        ratio = float(size[1]) / float(size[2]) if size else width / height
        drawn = resvg_py.svg_to_bytes(
            svg_path=str(file),
            width=min(width, round(height * ratio)),
            skip_system_fonts=True,  # to look for them takes longer than to draw
            dpi=96,
        )
        return Image.open(io.BytesIO(drawn)).convert("RGBA")
    image = Image.open(file).convert("RGBA")
    image.thumbnail((width, height))
    return image
