"""Take the folders of this machine out of what recipes and guides print."""

import os
import re
import sysconfig
import tempfile
from collections.abc import Callable
from itertools import chain
from pathlib import Path

Portable = Callable[[str], str]

NAME = re.compile(r"[^\s/'\",:;()<>]+")
"""The first part of a path."""


def make_portable(*folders: Path) -> Portable:
    """Make a function that takes this machine's folders out of a text.

    A path in one of the folders is written as seen from there, and so is one around
    it; one of an installed package begins with the package's name. A home right below
    the root, such as `/root`, is a word of routes and of XML, too: there it is a path
    only with what is in it, or in a traceback.

    Args:
        folders: Where the code runs, by each name that this place has.
    """
    home = Path.home()
    names = {home: "~", Path(tempfile.gettempdir()): "/tmp"}  # noqa: S108
    for kind in ("stdlib", "purelib", "platlib"):
        library = Path(sysconfig.get_path(kind))
        names[library] = library.name
    left_out = {*names} - {home, Path(tempfile.gettempdir())}
    for start in chain.from_iterable((f.absolute(), f.resolve()) for f in folders):
        left_out.add(start)
        names[start] = "."
        for each in start.parents:
            # Not `/home` or `/tmp`: such names belong to no machine.
            if each.parent.name:
                names.setdefault(each, Path(os.path.relpath(each, start)).as_posix())
    known = {str(each): (each, name) for each, name in names.items() if each.name}
    for each, name in names.items():
        if home in each.parents:  # as IPython writes it
            known[str("~" / each.relative_to(home))] = (each, name)
    either = "|".join(re.escape(each) for each in sorted(known, key=len, reverse=True))
    found = re.compile(rf"(?<![\w.~-])({either})(?:(/)(?=[^\s/'\",:;)])|(?![\w-]))")

    def plain(match: re.Match[str]) -> str:
        folder, name = known[match[1]]
        if folder == home and not home.parent.name and not _goes_on(match, home):
            return match[0]
        if match[2]:
            return "" if folder in left_out else f"{name}/"
        return name

    return lambda text: found.sub(plain, text)


def _goes_on(match: re.Match[str], home: Path) -> bool:
    """Tell whether a home is followed by what is in it, or stands in a traceback."""
    first = NAME.match(match.string, match.end())
    is_there = first is not None and (home / first[0]).exists()
    return is_there or match.string.endswith('File "', 0, match.start())
