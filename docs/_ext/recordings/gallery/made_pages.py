"""What Sphinx-Gallery has made of a script, and makes again only if that changes."""

import glob
import re
from pathlib import Path

_PICTURE = re.compile(r"(?m)^ *\.\. [\w-]+:: (/\S*\bsphx_glr_\S+)$")
"""A picture on a page, by its path from Sphinx's source folder."""
_DOWNLOAD = re.compile(r":download:`[^`]*<([^<>/]+)>`")
"""A download on a page, by its name; it lies beside the page."""


def forget(script: Path) -> None:
    """Have Sphinx-Gallery make a page again.

    Args:
        script: The copy of the script that lies beside the page.
    """
    Path(f"{script}.md5").unlink(missing_ok=True)


def is_whole(script: Path, source: Path) -> bool:
    """Tell whether all that belongs to a page is still there: pictures, downloads.

    Args:
        script: The copy of the script that lies beside the page.
        source: Sphinx's source folder.
    """
    try:
        page = script.with_suffix(".rst").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    thumbnail = f"sphx_glr_{glob.escape(script.stem)}_thumb.*"
    named = {Path(f"{source}{each}") for each in _PICTURE.findall(page)}
    named |= {script.with_name(each) for each in _DOWNLOAD.findall(page)}
    return any((script.parent / "images" / "thumb").glob(thumbnail)) and all(
        each.is_file() for each in named
    )
