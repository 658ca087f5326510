"""The kinds of pictures that a recording may hold, and whether one is whole."""

import base64
from io import BytesIO
from xml.parsers import expat

SVG = "image/svg+xml"
SUFFIXES = {
    SVG: ".svg",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
}
"""The suffix of a picture's file, by MIME type."""


def to_bytes(kind: str, data: str) -> bytes:
    """Return the content of a file.

    Args:
        kind: Its MIME type.
        data: As in a notebook: an SVG's text, or base64.

    Raises:
        ValueError: It is not base64.
    """
    if kind == SVG:
        return data.encode()
    return base64.b64decode("".join(data.split()), validate=True)


def check(kind: str, data: str) -> None:
    """Make sure that a picture can be shown.

    Raises:
        ValueError: It is broken or truncated, or of another kind.
    """
    try:
        content = to_bytes(kind, data)
        if kind == SVG:
            _check_svg(content)
        else:
            _check_bitmap(kind, content)
    # Pillow raises what it comes across.
    except (ValueError, OSError, SyntaxError, EOFError, expat.ExpatError) as error:
        cause = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ValueError(f"a picture ({kind}) is broken: {cause}") from error


def _check_svg(content: bytes) -> None:
    names: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda name, _attributes: names.append(name)
    parser.Parse(content, True)  # noqa: FBT003 - it takes no keyword: this is all
    if names[0].rpartition(" ")[2] != "svg":
        raise ValueError(f"its first element is {names[0]}")


def _check_bitmap(kind: str, content: bytes) -> None:
    from PIL import Image  # noqa: PLC0415 - slow to load, and most pictures are SVG

    with Image.open(BytesIO(content)) as image:
        if Image.MIME.get(image.format or "") != kind:
            raise ValueError(f"it is of the kind {image.format}")
        if kind == "image/png":
            image.verify()  # digests stand in it, so nothing need be drawn
        else:
            image.load()
