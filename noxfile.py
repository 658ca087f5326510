"""Every task of the project, as `nox -s <name>`; versions stand in pyproject.toml."""

import argparse
from pathlib import Path

import nox

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["docs"]

ROOT = Path(__file__).parent
PYPROJECT = nox.project.load_toml("pyproject.toml")
SITE = Path("docs/_build/html")


def install(session: nox.Session, *groups: str) -> None:
    """Install dependency groups, and this site's extensions as editable."""
    wanted = dict.fromkeys(
        requirement
        for group in groups
        for requirement in nox.project.dependency_groups(PYPROJECT, group)
    )
    session.install(*wanted)
    session.install("--no-deps", "--editable", ".")


def arguments(session: nox.Session, **flags: str) -> argparse.Namespace:
    """Parse what stands behind `--`; an unknown word ends with the known ones."""
    parser = argparse.ArgumentParser(prog=f"nox -s {session.name} --")
    for flag, meaning in flags.items():
        parser.add_argument(f"--{flag}", action="store_true", help=meaning)
    try:
        known, unknown = parser.parse_known_args(session.posargs)
    except SystemExit as leaving:  # --help, or a value where none belongs
        session.skip() if not leaving.code else session.error("see the lines above")
    if unknown:
        listed = ", ".join(f"--{flag} ({meaning})" for flag, meaning in flags.items())
        session.error(
            f"nox -s {session.name} does not know {' '.join(unknown)!r}; "
            + (f"it knows: {listed}" if flags else "it takes no arguments")
        )
    return known


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site in docs/_build/html; `-- --live` serves it with reload."""
    options = arguments(session, live="serve the site and build again on each change")
    install(session, "recipes", "live" if options.live else "docs")
    session.run("python", "-m", "fashion_mnist")
    strict = ("-W", "--keep-going", "-n")
    build = ("-b", "html", "docs", f"{SITE}/en")
    if options.live:
        ignored = ("--ignore", "docs/recipes", "--ignore", "docs/_build")
        serve = ("--watch", "recipes", *ignored, "--host", "127.0.0.1", "--port", "0")
        session.run("sphinx-autobuild", *serve, "-n", *build)
    else:
        session.run("python", "-m", "sphinx", *strict, *build)
        session.log(f"open {SITE}/en/index.html")


@nox.session
def tests(session: nox.Session) -> None:
    """Run pytest; what stands behind `--` is handed to it."""
    install(session, "recipes", "tests")
    session.run("python", "-m", "fashion_mnist")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def doctest(session: nox.Session) -> None:
    """Run every Python example in pages, recipes' prose and docstrings."""
    arguments(session)
    install(session, "recipes", "docs", "doctest")
    places = ("docs", "recipes", "README.md", "CONTRIBUTING.md")
    session.run("python", "-m", "pytest", "-p", "doctests", *places)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and types; `-- --fix` mends what can be mended."""
    options = arguments(session, fix="format the code and mend what can be mended")
    install(session, "lint")
    fix = ("--fix",) if options.fix else ()
    session.run("ruff", "check", *fix)
    session.run("ruff", "format", *(() if options.fix else ("--diff",)))
    session.run("mypy")


@nox.session
def data(session: nox.Session) -> None:
    """Put Fashion-MNIST in place for every recipe, once."""
    arguments(session)
    install(session, "recipes")
    session.run("python", "-m", "fashion_mnist")
