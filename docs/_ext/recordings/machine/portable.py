"""Take the folders of this machine out of what recipes and guides print."""

import os
import re
import sysconfig
import tempfile
from collections.abc import Callable
from itertools import chain
from pathlib import Path

Portable = Callable[[str], str]


def make_portable(*folders: Path) -> Portable:
    """Make a function that takes this machine's folders out of a text.

    A path in one of the folders is written as seen from there, and so is one around
    it; one of an installed package begins with the package's name.

    Args:
        folders: Where the code runs, by each name that this place has.
    """
    names = {Path.home(): "~", Path(tempfile.gettempdir()): "/tmp"}  # noqa: S108
    for kind in ("stdlib", "purelib", "platlib"):
        library = Path(sysconfig.get_path(kind))
        names[library] = library.name
    left_out = {*names} - {Path.home(), Path(tempfile.gettempdir())}
    for start in chain.from_iterable((f.absolute(), f.resolve()) for f in folders):
        left_out.add(start)
        names[start] = "."
        for each in start.parents:
            # Not `/home` or `/tmp`: such names belong to no machine.
            if each.parent.name:
                names.setdefault(each, Path(os.path.relpath(each, start)).as_posix())
    known = {str(each): (each, name) for each, name in names.items() if each.name}
    for each, name in names.items():
        if Path.home() in each.parents:  # as IPython writes it
            known[str("~" / each.relative_to(Path.home()))] = (each, name)
    either = "|".join(re.escape(each) for each in sorted(known, key=len, reverse=True))
    found = re.compile(rf"(?<![\w.~-])({either})(?:(/)(?=[^\s/'\",:;)])|(?![\w-]))")

    def plain(match: re.Match[str]) -> str:
        folder, name = known[match[1]]
        if match[2]:
            return "" if folder in left_out else f"{name}/"
        return name

    return lambda text: found.sub(plain, text)
