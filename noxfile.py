"""Every task of the project, as `nox -s <name>`; versions stand in pyproject.toml."""

import argparse
import json
import os
import shlex
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nox

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["docs"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
BUILD = Path("docs/_build")
SITE = BUILD / "html"
WORKFLOWS = Path(".github/workflows")
EDITIONS = {
    language.lower().replace("_", "-"): language
    for language in (
        "en",
        *sorted(path.parent.name for path in Path().glob("locales/*/LC_MESSAGES")),
    )
}
"""The language of each edition, by the name of its folder on the site."""


def install(session: nox.Session, *groups: str) -> None:
    """Install dependency groups, and this site's extensions as editable."""
    # Python keeps what it compiles, whatever the caller's habit: a session starts
    # many processes, and each would compile Sphinx and PyTorch anew.
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
    wanted = dict.fromkeys(
        requirement
        for group in groups
        for requirement in nox.project.dependency_groups(PYPROJECT, group)
    )
    session.install(*wanted)
    session.install("--no-deps", "--editable", ".")


def arguments(session: nox.Session, **options: dict[str, Any]) -> argparse.Namespace:
    """Parse what stands behind `--`; an unknown word is answered with the known ones.

    Args:
        session: The session.
        options: What argparse is told of each option, by its name without dashes.
    """
    parser = argparse.ArgumentParser(prog=f"nox -s {session.name} --", add_help=False)
    for name, about in options.items():
        parser.add_argument(f"--{name}", **about)
    known = "; it knows " + (
        ", ".join(f"--{name} ({about['help']})" for name, about in options.items())
        if options
        else "no arguments"
    )
    try:
        parsed, unknown = parser.parse_known_args(session.posargs)
    except SystemExit:  # argparse said what is wrong with a value
        session.error(f"nox -s {session.name}: see the line above{known}")
    if unknown:
        session.error(f"nox -s {session.name} does not know {unknown[0]!r}{known}")
    return parsed


def flag(meaning: str) -> dict[str, Any]:
    """Describe an option that takes no value."""
    return {"action": "store_true", "help": meaning}


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site in docs/_build/html, recording first what is stale."""
    options = arguments(
        session,
        edition={
            "choices": [*EDITIONS],
            "help": "build this edition only, not all; not with --live",
        },
        live=flag("serve the site, build on each change, record in the background"),
        mode={
            "choices": ["auto", "replay", "run"],
            "default": "replay" if os.environ.get("CI") else "auto",
            "help": "auto: record what is stale; replay: never run; run: record all",
        },
    )
    if options.live:
        _serve(session, record=options.mode != "replay")
        return
    install(session, "docs")
    if options.mode == "run" or (options.mode == "auto" and stale(session)):
        words = ["run", "--all"] if options.mode == "run" else ["run"]
        install(session, "recipes")
        session.run("python", "-m", "recipe_site.fashion_mnist")
        # Where a stale recipe fails, the other pages are built all the same; its own
        # says so, and fails the build. One with a fresh recording would not.
        well = [0] if options.mode == "run" else [0, 1]
        session.run("python", "-m", "recordings", *words, success_codes=well)
    else:
        session.log("no recipe is run: pages are made from recordings")
    session.run("python", "-m", "editions", "--site", str(SITE))
    names = [options.edition] if options.edition else [*EDITIONS]
    session.log(f"building side by side: {', '.join(names)}")

    def build_one(name: str) -> None:
        build = of_edition(name)
        strict = ("-W", "--keep-going", "-n", "-q")
        # What two builds say at once can't be read: it is shown if one of them fails.
        session.run("python", "-m", "sphinx", *strict, *build, silent=True, log=False)

    with ThreadPoolExecutor() as pool:
        for _ in pool.map(build_one, names):
            pass
    session.log(f"open {SITE}/index.html")


def _serve(session: nox.Session, *, record: bool) -> None:
    """Serve the site; what is stale is recorded by the session that is there for it."""
    install(session, "live")
    again = (sys.executable, "-m", "nox", "--reuse-venv=yes", "-s", "record", "--")
    words = ("--record", shlex.join(again)) if record else ()
    serve = ("python", "-m", "live", "--site", str(SITE), *words)
    session.run(*serve, interrupt_timeout=10)  # seconds, to end what was started


def of_edition(name: str) -> tuple[str, ...]:
    """Tell Sphinx what to build an edition from, and where to."""
    english = name == "en"
    source = "docs" if english else f"{BUILD}/editions/{name}/docs"
    return (
        *("-D", "recordings_mode=replay"),
        *(() if english else ("-c", "docs", "-D", f"language={EDITIONS[name]}")),
        *("-b", "html", "-d", f"{BUILD}/doctrees/{name}", source, f"{SITE}/{name}"),
    )


def stale(session: nox.Session) -> list[str]:
    """Name the recipes that have no fresh recording, and say so."""
    # What it warns of belongs on the screen, not into the document.
    command = ("python", "-m", "recordings", "status", "--json")
    status = session.run(*command, silent=True, stderr=None)
    entries = json.loads(str(status))["recipes"] if status else []
    names = [each["recipe"] for each in entries if each["state"] != "fresh"]
    if names:
        session.log(f"to be recorded first: {', '.join(names)}")
    return names


@nox.session
def inventories(session: nox.Session) -> None:
    """Fetch where PyTorch documents the names that recipes use."""
    arguments(session)
    install(session, "docs")
    session.run("python", "-m", "recipe_site.api_links")


@nox.session
def record(session: nox.Session) -> None:
    """Run what is stale and write its recordings; the rest goes to the runner."""
    install(session, "docs", "recipes")
    session.run("python", "-m", "recipe_site.fashion_mnist")
    session.run("python", "-m", "recordings", "run", *session.posargs)


@nox.session
def verify(session: nox.Session) -> None:
    """Run recipes again and compare with their recordings; the rest goes to verify."""
    install(session, "docs", "recipes")
    session.run("python", "-m", "recipe_site.fashion_mnist")
    session.run("python", "-m", "recordings", "verify", *session.posargs)


@nox.session
def claims(session: nox.Session) -> None:
    """Run recipes on other threads and kernels; the rest goes to tests/claims.py."""
    install(session, "docs", "recipes")
    session.run("python", "-m", "recipe_site.fashion_mnist")
    session.run("python", "tests/claims.py", *session.posargs)


@nox.session
def translate(session: nox.Session) -> None:
    """Refresh the catalogs in locales/; the rest goes to `python -m translation`."""
    install(session, "docs")
    session.run("python", "-m", "translation", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run pytest, a process for each core; what is behind `--` is handed to it."""
    install(session, "recipes", "tests")
    session.run("python", "-m", "recipe_site.fashion_mnist")
    # The tests of one file share what they build.
    side_by_side = ("-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder")
    session.run("python", "-m", "pytest", *side_by_side, *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """Look at every page of both editions in a browser; pytest has the rest."""
    install(session, "browser")
    session.env["PYTHONPATH"] = "tests"
    session.run(
        *("python", "-m", "pytest", "-q", "-n", "auto", *session.posargs),
        "tests/browser/check_pages.py",
    )


@nox.session
def doctest(session: nox.Session) -> None:
    """Run every Python example in pages, recipes' prose and docstrings."""
    arguments(session)
    install(session, "recipes", "docs", "doctest")
    places = ("docs", "recipes", "README.md", "CONTRIBUTING.md")
    made = ("--ignore=docs/_build", "--ignore=docs/recipes")
    words = ("python", "-m", "pytest", "-p", "doctests")
    session.run(*words, *made, *places, env={"PYTHONPATH": "tests"})


@nox.session
def benchmark(session: nox.Session) -> None:
    """Compare with plain Sphinx-Gallery, as ratios of times within this run."""
    arguments(session)
    install(session, "docs", "recipes", "benchmark")
    session.run("python", "-m", "recipe_site.fashion_mnist")
    session.run("python", "tests/benchmark.py")


@nox.session
def package(session: nox.Session) -> None:
    """Build `recordings` as a wheel for other projects, in docs/_build/dist."""
    arguments(session)
    session.install(*nox.project.dependency_groups(PYPROJECT, "package"))
    _build_wheel(session)


SUPPORTED = {
    "oldest": ("sphinx==8.2.*", "sphinx-gallery==0.22.0"),
    "newest": ("sphinx", "sphinx-gallery"),
}
"""Versions on which the wheel is tested; newest: of those that it asks for."""


@nox.session
@nox.parametrize("versions", [*SUPPORTED], ids=[*SUPPORTED])
def compatibility(session: nox.Session, versions: str) -> None:
    """Test the wheel alone, on the oldest and newest versions that it supports."""
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
    groups = nox.project.dependency_groups(PYPROJECT, "package", "compatibility")
    session.install(*groups)
    wheel = _build_wheel(session)
    session.install(f"{wheel}[dask,guides,web]", *SUPPORTED[versions])
    session.run("python", "-m", "pytest", *(session.posargs or PACKAGE_TESTS))


PACKAGE_TESTS = [
    f"tests/test_{name}.py"
    for name in ("replay", "edits", "promises", "faults", "run_card", "runner")
]
"""Tests of `recordings` that need nothing else of this site."""


def _build_wheel(session: nox.Session) -> str:
    folder = (BUILD / "dist").resolve()
    shutil.rmtree(folder, ignore_errors=True)
    with session.chdir("docs/_ext/recordings"):
        session.run("hatchling", "build", "-t", "wheel", "-d", str(folder))
    [wheel] = folder.glob("*.whl")
    return str(wheel)


@nox.session
def notebooks(session: nox.Session) -> None:
    """Commit the built site's notebooks to the branch that Colab opens."""
    options = arguments(session, push=flag("send the branch to the repository"))
    install(session, "docs")
    command = ("python", "-m", "recipe_site.sharing.notebooks_branch", str(SITE))
    session.run(*command, *(["--push"] if options.push else []))


@nox.session
def check(session: nox.Session) -> None:
    """Run all that a pull request must pass, quick things first."""
    arguments(session)
    for name in ("lint", "translate -- --check", "docs", "doctest", "tests", "browser"):
        session.run(sys.executable, "-m", "nox", "-s", *name.split(), external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and types."""
    options = arguments(session, fix=flag("format, and mend what can be mended"))
    install(session, "lint")
    session.run("ruff", "check", *(["--fix"] if options.fix else []))
    session.run("ruff", "format", *([] if options.fix else ["--diff"]))
    session.run("mypy")
    session.run("lint-imports", "--no-logo", silent=True)
    schema = ("--builtin-schema", "vendor.github-workflows")
    session.run("check-jsonschema", *schema, *map(str, WORKFLOWS.glob("*.yml")))
    session.run("zizmor", "--offline", "--quiet", str(WORKFLOWS))


@nox.session
def data(session: nox.Session) -> None:
    """Put Fashion-MNIST in place for every recipe, once."""
    arguments(session)
    install(session, "recipes")
    session.run("python", "-m", "recipe_site.fashion_mnist")


@nox.session
def diff(session: nox.Session) -> None:
    """Tell what changed in recordings since a commit (main); figures in HTML."""
    install(session, "docs")
    page = ("--html", str(BUILD / "diff.html"))
    session.run("python", "-m", "recordings", "diff", *page, *session.posargs)


@nox.session
def upgrade(session: nox.Session) -> None:
    """Raise what recipes are pinned to (`-- torch`), run all, and say what changed."""
    # First what was pinned until now: facts that were looked up in it are compared.
    install(session, "docs", "recipes", "tests")
    session.run("python", "tests/upgrade.py", "raise", *session.posargs)
    if not (BUILD / "upgrade" / "before.json").is_file():
        return  # there is nothing newer
    raised = nox.project.load_toml("pyproject.toml")
    session.install(*nox.project.dependency_groups(raised, "recipes"))
    session.run("python", "-m", "recipe_site.fashion_mnist")
    # What fails is in the summary, too.
    session.run("python", "-m", "recordings", "run", success_codes=[0, 1])
    session.run("python", "tests/upgrade.py", "summary")
