"""The command line of `python -m translation`, which `nox -s translate` runs."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from translation import commands
from translation.catalogs.languages import COMMAND, languages
from translation.fault import TranslationError


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what a command line asks for; return the exit status."""
    options = _parser().parse_args(arguments)
    project = Path()
    if not (project / "docs/conf.py").is_file():
        return _complain("there is no docs/conf.py here; go to the project's folder")
    try:
        is_new = options.command is commands.update
        wanted = languages(project, options.language, new=is_new)
        if options.page and options.command is not commands.check:
            return _complain("--page goes with --check")
        pages = (options.page,) if options.page else ()
        status: int = options.command(wanted, project, *pages)
    except TranslationError as error:
        return _complain(str(error))
    return status


def _complain(text: str) -> int:
    print(text, file=sys.stderr)  # noqa: T201 - a command line prints
    return commands.FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{COMMAND} --",
        description="Refresh the catalogs in locales/ from the sources.",
        allow_abbrev=False,
    )
    only = "only this language, such as zh_CN; begins with it if it is new"
    parser.add_argument("--language", metavar="CODE", help=only)
    page = "only this page, such as guides/sharing; may be said several times"
    parser.add_argument("--page", metavar="NAME", action="append", help=page)
    choice = parser.add_mutually_exclusive_group()
    for command in (commands.status, commands.check, commands.complete):
        choice.add_argument(
            f"--{command.__name__}",
            action="store_const",
            const=command,
            dest="command",
            help=command.__doc__,
        )
    parser.set_defaults(command=commands.update)
    return parser
