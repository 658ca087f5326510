"""`python -m editions`: make what editions are built from, and the site's root."""

import argparse
import shutil
import sys
from pathlib import Path

from sphinx.config import eval_config_file
from sphinx.util.tags import Tags

from editions import folder
from editions.code_strings import Strings
from editions.edition import Edition, editions
from editions.root_files import root_files, words
from translation.fault import TranslationError
from translation.sources.sources import recipe_files


def main(arguments: list[str] | None = None) -> int:
    """Make or refresh the folder of each edition; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m editions", description=__doc__, allow_abbrev=False
    )
    parser.add_argument(
        "project", type=Path, nargs="?", default=Path(), help="by default this folder"
    )
    parser.add_argument(
        "--site", type=Path, help="where to write the files at the root"
    )
    parser.add_argument(
        "--only", help="make the folder of this edition; those of others are as before"
    )
    parser.add_argument(
        "--quiet", action="store_true", help="leave faults of catalogs to the build"
    )
    options = parser.parse_args(arguments)
    project = options.project.resolve()
    conf = project / "docs" / "conf.py"
    if not conf.is_file():
        parser.error(f"there is no docs/conf.py in {project}: name its folder")
    try:
        known = editions(project)
        recipes, strings = recipe_files(project), Strings(project)
        for edition in known:
            if not edition.is_source and options.only in {None, edition.name}:
                # The build of the edition reports them, and the others go on.
                for fault in folder.make(project, edition, recipes, strings):
                    if not options.quiet:
                        sys.stderr.write(f"{fault}\n")
    except TranslationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name in folder.remove_others(project, known):
        # It was built from what is removed, so nothing else is in it.
        if options.site and (options.site / name).is_dir():
            shutil.rmtree(options.site / name)
    if options.site:
        _write_root(options.site, conf, known)
    return 0


def _write_root(site: Path, conf: Path, known: list[Edition]) -> None:
    settings = eval_config_file(conf, Tags())
    address, project = settings.get("html_baseurl", ""), conf.parents[1]
    about = (settings["project"], address, words(project, known))
    site.mkdir(parents=True, exist_ok=True)
    for name, content in root_files(known, conf.parent / "_templates", *about).items():
        if content.strip():
            (site / name).write_text(content, "utf-8")
        else:
            (site / name).unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
