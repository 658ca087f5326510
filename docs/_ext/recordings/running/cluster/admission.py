"""Ask workers what they have, and let none run recipes that has not what it takes."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from recordings.running import versions
from recordings.texts import one_line

Row = tuple[str, str, str, str]
"""A worker, a package, its version there, and the one that it should be."""
HEAD: Row = ("worker", "package", "there", "needed")
# Words that Python itself reads: a worker may have another Python, and no `recordings`.
ABOUT = """(lambda spec, hashlib, pathlib, platform, shutil: {
    "Python": platform.python_version(),
    "git": bool(shutil.which("git")),
    "recordings": spec and hashlib.sha256(b"".join(
        path.read_bytes()
        for folder in spec.submodule_search_locations
        for path in sorted(pathlib.Path(folder).rglob("*.py"))
    )).hexdigest()[:8],
})(
    __import__("importlib.util").util.find_spec("recordings"),
    *map(__import__, ("hashlib", "pathlib", "platform", "shutil")),
)"""
INSTALL = (
    "install there, for the Python of `dask worker`, what is installed here, and start "
    "the workers again"
)


@dataclass(frozen=True, slots=True)
class Admission:
    """Which workers may run recipes, and what the others lack."""

    admitted: frozenset[str]
    rows: tuple[Row, ...] = ()

    def told(self) -> str:
        """Say in a table what is wrong, and what to do."""
        hint = f"{INSTALL}: pip install 'sphinx-gallery-recordings[dask]'"
        if all(package != "recordings" for _, package, *_ in self.rows):
            hint = f"{INSTALL}, or have conf.py pin what is"
        shown = versions.table([HEAD, *sorted(self.rows)])
        return f"workers have not what recipes need:\n{shown}{hint}"


def admit(
    client: Any, addresses: Iterable[str], pinned: Mapping[str, str], patience: float
) -> Admission:
    """Ask workers for their versions.

    Args:
        client: Of the scheduler.
        addresses: The workers'; one that has gone, or does not answer, is not admitted,
            with nothing said.
        pinned: Versions by package.
        patience: Seconds until each has to have answered a question.
    """
    here = eval(ABOUT)  # noqa: S307 - our own words
    rows: list[Row] = []
    equal = []
    for address, there in _ask(client, addresses, patience, eval, ABOUT).items():
        if isinstance(there, OSError):
            continue
        found = [*_differences(address, there, here)]
        rows += found
        if not found:
            equal.append(address)
    question = versions.contradicted_here, dict(pinned)
    answers = _ask(client, equal, patience, *question)
    admitted = set()
    for address, wrong in answers.items():
        if isinstance(wrong, OSError):
            continue
        if isinstance(wrong, Exception):
            rows.append((address, "recordings", _said(wrong), "one that can be used"))
        elif wrong:
            rows += [(address, name, b, a) for name, (a, b) in wrong.items()]
        else:
            admitted.add(address)
    return Admission(frozenset(admitted), tuple(rows))


def _ask(
    client: Any, addresses: Iterable[str], patience: float, *question: Any
) -> dict[str, Any]:
    """Call a function on workers; what it raises is an answer, too.

    Each is asked by itself, so that one which hangs keeps no other's answer back.
    """

    async def ask(address: str) -> Any:
        call = client.run(*question, workers=[address], on_error="return")
        try:
            return (await asyncio.wait_for(call, patience))[address]
        except OSError as error:  # a timeout is one, too
            return error

    async def ask_all() -> dict[str, Any]:
        asked = [*addresses]
        answers = await asyncio.gather(*map(ask, asked))
        return dict(zip(asked, answers, strict=True))

    found: dict[str, Any] = client.sync(ask_all)
    return found


def _differences(address: str, there: Any, here: Mapping[str, Any]) -> Iterable[Row]:
    """Yield what a worker has not as it is here, apart from pinned packages."""
    if isinstance(there, Exception):
        yield address, "recordings", _said(there), "one that can be used"
        return
    if _minor(there["Python"]) != _minor(here["Python"]):
        yield address, "Python", there["Python"], here["Python"]
    if there["recordings"] != here["recordings"]:
        code = f"code {there['recordings']}" if there["recordings"] else "not installed"
        yield address, "recordings", code, f"code {here['recordings']}"
    if here["git"] and not there["git"]:
        yield address, "git", "not installed", "installed"


def _minor(version: str) -> str:
    return version.rpartition(".")[0]


def _said(error: Exception) -> str:
    return one_line(f"{type(error).__name__}: {error}")
