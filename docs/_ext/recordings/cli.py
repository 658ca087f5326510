"""The command line: `python -m recordings run|status|verify|diff`."""

import argparse
import math
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from sphinx.errors import ConfigError

from recordings import commands, diff
from recordings.finding import UnknownRecipe
from recordings.gallery import signatures
from recordings.library import Library, open_library
from recordings.machine.process_tree import die_with_parent
from recordings.running import beginnings, fork_server
from recordings.running.executor import ExecutorLost
from recordings.running.versions import OtherVersions
from recordings.settings import read
from recordings.store.store import ReadOnlyError, StoreError

USAGE, INTERRUPTED = 2, 130
"""Exit statuses, beside those of `recordings.commands`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what a command line asks for; return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # names and reasons may be any text
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    alone = getattr(options, "json", False)
    with _own_output(alone=alone) as options.document:
        try:
            return _run(options)
        finally:
            fork_server.end()  # which may be making imports for nothing


@contextmanager
def _own_output(*, alone: bool) -> Iterator[TextIO]:
    """Open standard output; where a document must be alone on it, others get none."""
    stdout: TextIO = sys.stdout
    if not alone or stdout is not sys.__stdout__:  # the latter is a caller's own
        yield stdout
        return
    stdout.flush()
    with ExitStack() as restored:
        kept = os.dup(1)
        restored.callback(os.close, kept)
        restored.callback(os.dup2, kept, 1)
        restored.callback(stdout.flush)
        # Not just of this process: conf.py and what is started from here may print.
        os.dup2(2, 1)
        file = os.fdopen(os.dup(kept), "w", encoding="utf-8", errors="backslashreplace")
        yield restored.enter_context(file)  # which is an escape to JSON, too


def _run(options: argparse.Namespace) -> int:
    try:
        signatures.check()
        library = _open(options)
        if not library.recipes:
            conf = library.conf_dir / "conf.py"
            raise UnknownRecipe(f"{conf}: it has no recipes")  # noqa: TRY301 - one way out
        entries = library.entries(options.recipes)
        status: int = options.command(library, entries, options)
    except (ConfigError, UnknownRecipe) as error:
        return _complain(str(error), USAGE)
    except (OtherVersions, ReadOnlyError) as error:
        return _complain(f"{error}; nothing was run", commands.FAILED)
    except ExecutorLost as error:
        return _complain(f"{error}{_kept(options)}", commands.FAILED)
    except StoreError as error:
        advice = "make sure that recordings_path in conf.py is right, and open to you"
        return _complain(f"{error}; {advice}", commands.FAILED)
    except KeyboardInterrupt:
        return _complain(f"stopped{_kept(options)}", INTERRUPTED)
    except SystemExit as left:  # it was told to end
        with suppress(OSError):  # the terminal may have gone
            _complain(f"stopped{_kept(options)}", commands.FAILED)
        raise left from None
    return status


def _open(options: argparse.Namespace) -> Library:
    """Find the recipes and the store that a command is about."""
    if options.parent:
        # The build that asks for this: it, and all that it starts, end together.
        die_with_parent(options.parent, signal.SIGTERM)
    conf_dir = _conf_dir(options.conf).absolute()
    conf = read(conf_dir)
    if options.command in (commands.run, commands.verify) and not options.scheduler:
        beginnings.start()  # while this process reads the recipes
    source = options.source and options.source.absolute()
    return open_library(conf_dir, source, conf)


def _conf_dir(given: Path | None) -> Path:
    return given or Path("docs" if Path("docs/conf.py").is_file() else "")


def _kept(options: argparse.Namespace) -> str:
    """Say what is kept of a command that ended early, if it keeps anything."""
    keeps = options.command is commands.run or getattr(options, "confirm", False)
    return "; what was finished is kept" if keeps else ""


def _complain(text: str, status: int) -> int:
    print(f"recordings: {text}", file=sys.stderr)  # noqa: T201 - a command line prints
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recordings",
        description="Keep what recipes print and draw.",
        allow_abbrev=False,
    )
    known = parser.add_subparsers(required=True, metavar="run|status|verify|diff")
    for command in (commands.run, commands.status, commands.verify, diff.diff):
        about = command.__doc__
        sub = known.add_parser(
            command.__name__, help=about, description=about, allow_abbrev=False
        )
        sub.set_defaults(command=command)
        add = sub.add_argument
        if command is not diff.diff:
            add("recipes", nargs="*", metavar="RECIPE", help=RECIPE_HELP)
        add("--conf", type=Path, metavar="DIR", help="folder of conf.py (docs, or .)")
        add("--source", type=Path, metavar="DIR", help=SOURCE_HELP)
        add("--parent", type=int, default=0, help=argparse.SUPPRESS)
        if command is diff.diff:
            sub.set_defaults(recipes=[])
            add("base", nargs="?", metavar="BASE", help=BASE_HELP)
            add("--html", type=Path, metavar="FILE", help="show figures in it, too")
            add("--markdown", type=Path, metavar="FILE", help="write it for GitHub")
            add("--tolerance", type=_share, metavar="T", help=TOLERANCE_HELP)
            continue
        if command is not commands.verify:
            add("--json", action="store_true", help="print one JSON document")
        if command is commands.status:
            add("--check", action="store_true", help="exit 1 if a run is needed")
            continue
        add("--jobs", type=_count, metavar="N", help="run N at once (one a core)")
        add("--time-limit", type=_positive, metavar="S", help=TIME_HELP)
        add("--memory-limit", type=_positive, metavar="GIB", help=MEMORY_HELP)
        add("--scheduler", metavar="ADDRESS", help="run on dask.distributed's workers")
        add("--wait", type=_positive, metavar="S", help=WAIT_HELP)
        if command is commands.run:
            add("--all", action="store_true", help="run also what is fresh")
            add("--prune", action="store_true", help=PRUNE_HELP)
            add("--variant", action="store_true", help=VARIANT_HELP)
        else:
            add("--tolerance", type=_share, metavar="T", help=TOLERANCE_HELP)
            add("--confirm", action="store_true", help=CONFIRM_HELP)
    return parser


RECIPE_HELP = "its path, its page's name or its bare name (all recipes)"
BASE_HELP = "the git revision that the work here left (main)"
SOURCE_HELP = "Sphinx's source folder (that of conf.py)"
TIME_HELP = "seconds for each recipe (as it and conf.py say)"
MEMORY_HELP = "GiB for each recipe (a fair share of this machine's)"
WAIT_HELP = "seconds without any worker, after which it ends (60)"
PRUNE_HELP = "remove recordings without a recipe"
VARIANT_HELP = "keep what this device gives beside the recordings of another kind"
TOLERANCE_HELP = "relative difference between numbers that is allowed (as conf.py says)"
CONFIRM_HELP = "note in the recordings that agree when, and on what, they did"


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer, not {text}")
    return int(text)


def _positive(text: str) -> float:
    with suppress(ValueError):
        if 0 < float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError(f"must be a number above 0, not {text}")


def _share(text: str) -> float:
    with suppress(ValueError):
        if 0 <= float(text) < 1:
            return float(text)
    raise argparse.ArgumentTypeError(f"must be a number from 0 to below 1, not {text}")
