"""`python -m building`: record what is stale, then build the site once."""

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from io import TextIOWrapper
from multiprocessing.connection import wait
from pathlib import Path

from building import forked
from editions.__main__ import main as make_editions
from editions.edition import Edition, editions
from recordings.machine.process_tree import ended_in_order
from recordings.units import duration


def main(arguments: list[str] | None = None) -> int:
    """Build editions side by side, from recordings; return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # pages and reasons may be any text
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    with ended_in_order():
        return _run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m building", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--site", type=Path, default=Path("docs/_build/html"))
    parser.add_argument("--edition", help="build this one only")
    parser.add_argument("--record", type=shlex.split, help="command that records")
    return parser


def _run(options: argparse.Namespace) -> int:
    forked.prepare()
    if status := make_editions(["--quiet", "--site", str(options.site)]):
        return status
    wanted = editions(Path.cwd())
    if options.edition:
        names = [each.name for each in wanted]
        if options.edition not in names:
            there = ", ".join(names)
            _parser().error(
                f"there is no edition {options.edition!r}; there are {there}"
            )
        wanted = [each for each in wanted if each.name == options.edition]
    if options.record and (names := [*forked.stale()]):
        _say(f"to be recorded first: {', '.join(names)}")
        # Where one fails, the other pages are built all the same; its own says so, and
        # fails the build.
        subprocess.run([*options.record, *names], check=False)
    _say(f"building side by side: {', '.join(each.name for each in wanted)}")
    failed = build(wanted, options.site)
    if failed:
        _say(f"not built without faults: {', '.join(failed)}; see above")
    return 1 if failed else 0


def build(wanted: Sequence[Edition], site: Path) -> list[str]:
    """Build editions; return the names of those that failed."""
    with tempfile.TemporaryDirectory(prefix="building-") as folder:
        said = {each: Path(folder, each.name) for each in wanted}
        processes = {
            each: forked.build(each, site, *forked.STRICT, output=file)
            for each, file in said.items()
        }
        start = time.monotonic()
        running = {**processes}
        try:
            while running:
                wait([each.sentinel for each in running.values()])
                took = duration(time.monotonic() - start)
                for edition in [it for it in running if not running[it].is_alive()]:
                    how = "failed" if running.pop(edition).exitcode else "built"
                    _say(f"{edition.name}: {how}, in {took}")
        finally:
            for process in processes.values():
                process.terminate()
        # What several editions say is said once, of the file that is to be mended.
        for line in dict.fromkeys(
            line.replace(f"{Path.cwd()}/", "").replace(
                f"docs/_build/editions/{each.name}/", ""
            )
            for each, file in said.items()
            if file.is_file()
            for line in file.read_text("utf-8", "replace").splitlines()
        ):
            _say(line)
    return [each.name for each, process in processes.items() if process.exitcode]


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command line prints


if __name__ == "__main__":
    sys.exit(main())
