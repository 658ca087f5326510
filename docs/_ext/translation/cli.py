"""The command line: `python -m translation [--language zh_CN] [--status|--check]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from translation import commands
from translation.catalogs.languages import (
    COMMAND,
    BrokenCatalogs,
    UnknownLanguage,
    languages,
)
from translation.sources.markdown_pages import BuildFailed
from translation.sources.sources import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE: Final = 2
"""The exit status of a command that asks for what is not there."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what a command line asks for; give the exit status."""
    options = _parser().parse_args(arguments)
    project = Path()
    if not (project / "docs/conf.py").is_file():
        return _complain(
            "there is no docs/conf.py here; go to the project's folder", USAGE
        )
    try:
        is_new = options.command is commands.update
        wanted = languages(project, options.language, new=is_new)
        status: int = options.command(wanted, project)
    except UnknownLanguage as error:
        return _complain(str(error), USAGE)
    except BrokenCatalogs as error:
        cause = "Catalogs that cannot be read stay as they are, and so do the others."
        return _complain(f"{error}\n{cause} Mend them, and try again.", commands.FAILED)
    except (SourceError, BuildFailed) as error:
        return _complain(str(error), commands.FAILED)
    return status


def _complain(text: str, status: int) -> int:
    print(text, file=sys.stderr)  # noqa: T201 - a command line prints
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{COMMAND} --",
        description="Refresh the catalogs in locales/ from the sources.",
    )
    parser.add_argument("--language", metavar="CODE", help=_LANGUAGE)
    choice = parser.add_mutually_exclusive_group()
    for command in (commands.status, commands.check):
        choice.add_argument(
            f"--{command.__name__}",
            action="store_const",
            const=command,
            dest="command",
            help=command.__doc__,
        )
    parser.set_defaults(command=commands.update)
    return parser


_LANGUAGE: Final = "only this language, such as zh_CN; begins with it if it is new"
