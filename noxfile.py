"""Every task of the project, as `nox -s <name>`; versions stand in pyproject.toml."""

import argparse
import atexit
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import nox
from nox.command import CommandFailed
from nox.virtualenv import VirtualEnv
from packaging.requirements import Requirement

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv"  # it checks the hashes in the lock
nox.options.sessions = []  # `nox` alone lists them
nox.options.reuse_venv = "yes"

PYPROJECT = nox.project.load_toml("pyproject.toml")
LOCK = Path("requirements.lock")
"""The version of each package that any group leads to, with its hashes."""
BUILD = Path("docs/_build")
SITE = BUILD / "html"
WORKFLOWS = Path(".github/workflows")


def install(session: nox.Session, *groups: str) -> None:
    """Install dependency groups, and this site's extensions as editable.

    An environment that has them is used as it is. One whose groups have changed since
    is made anew, so that it never holds what they no longer name.
    """
    # Python keeps what it compiles, whatever the caller's habit: a session starts
    # many processes, and each would compile Sphinx and PyTorch anew.
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
    known = {group: requirements(group) for group in PYPROJECT["dependency-groups"]}
    known["project"] = [json.dumps(PYPROJECT["project"], sort_keys=True)]
    known["lock"] = [hashlib.sha256(LOCK.read_bytes()).hexdigest()]
    if {"-R", "--no-install"} & {*sys.argv}:
        return  # what is there is used, whatever it is
    environment = session.virtualenv
    stamp = Path(environment.location or "", "groups.json")
    held = json.loads(stamp.read_text("utf-8")) if stamp.exists() else {}
    if any(known.get(group) != wanted for group, wanted in held.items()) or not held:
        # What is in one without a stamp is not known.
        if isinstance(environment, VirtualEnv):
            environment.reuse_existing = False
            environment.create()
        held = {}
    if {*groups} <= held.keys():
        return
    install_locked(session, *(each for group in groups for each in known[group]))
    session.install("--no-deps", "--no-build-isolation", "--editable", ".")
    made = ("project", "lock", *held, *groups)
    stamp.write_text(json.dumps({group: known[group] for group in made}), "utf-8")


def install_locked(session: nox.Session, *wanted: str) -> None:
    """Install packages, and what builds this one, as the lock has them."""
    builds = PYPROJECT["build-system"]["requires"]
    try:
        session.install("--constraint", str(LOCK), *dict.fromkeys((*wanted, *builds)))
    except CommandFailed:
        session.error(
            "packages could not be installed: see above. Is there a network? After a "
            "change in pyproject.toml, type first: nox -s lock"
        )


def requirements(group: str) -> list[str]:
    """Return what a dependency group of pyproject.toml asks for."""
    return [*nox.project.dependency_groups(PYPROJECT, group)]


def arguments(session: nox.Session, **options: dict[str, Any]) -> argparse.Namespace:
    """Parse what stands behind `--`; an unknown word is answered with the known ones.

    Args:
        session: The session.
        options: What argparse is told of each option, by its name without dashes.
    """
    parser = argparse.ArgumentParser(
        prog=f"nox -s {session.name} --", add_help=False, allow_abbrev=False
    )
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
            "help": "build this edition only, such as zh-cn; not with --live",
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
    if options.mode == "run":
        session.run(*nox_of_this("record"), "--all", external=True)
    record = options.mode != "replay"
    if not record:
        session.log("no recipe is run: pages are made from recordings")
    if not build(session, record=record, edition=options.edition):
        session.error("not built without faults: see above")
    session.log(f"open {SITE / (options.edition or '') / 'index.html'}")


def build(
    session: nox.Session, *, record: bool = False, edition: str | None = None
) -> bool:
    """Build the site, all editions or one; return whether it is without faults."""
    words = ["python", "-m", "building", "--site", str(SITE)]
    if record:
        words += ["--record", shlex.join(nox_of_this("record"))]
    if edition:
        words += ["--edition", edition]
    try:
        session.run(*words)
    except CommandFailed:
        return False
    return True


def nox_of_this(name: str) -> list[str]:
    """Return what to type for another session, up to the words behind `--`."""
    return [sys.executable, "-m", "nox", "--reuse-venv=yes", "-s", name, "--"]


def _serve(session: nox.Session, *, record: bool) -> None:
    """Serve the site; what is stale is recorded by the session that is there for it."""
    install(session, "live")
    words = ("--record", shlex.join(nox_of_this("record"))) if record else ()
    serve = ("python", "-m", "live", "--site", str(SITE), *words)
    session.run(*serve, interrupt_timeout=10)  # seconds, to end what was started


STATUS = ("python", "-m", "recordings", "status")


def states(session: nox.Session, *names: str) -> list[dict[str, Any]]:
    """Return what is known of recordings: of these recipes, or of all."""
    # What it warns of belongs on the screen, not into the document.
    told = session.run(*STATUS, "--json", "--", *names, silent=True, stderr=None)
    found: list[dict[str, Any]] = json.loads(str(told))["recipes"] if told else []
    return found


@nox.session
def inventories(session: nox.Session) -> None:
    """Fetch where PyTorch documents the names that recipes use."""
    arguments(session)
    install(session, "docs")
    session.run("python", "-m", "recipe_site.api_links")


@nox.session
def record(session: nox.Session) -> None:
    """Run what is stale and write its recordings; the rest goes to the runner."""
    install(session, "docs", "recipes", *for_scheduler(session))
    session.run("python", "-m", "recipe_site.fashion_mnist")
    session.run("python", "-m", "recordings", "run", *session.posargs)


def for_scheduler(session: nox.Session) -> tuple[str, ...]:
    """Name the group that a scheduler's workers ask for, if they are to run recipes."""
    asked = any(each.partition("=")[0] == "--scheduler" for each in session.posargs)
    return ("cluster",) if asked else ()


@nox.session
def verify(session: nox.Session) -> None:
    """Run recipes again and compare with their recordings; the rest goes to verify."""
    install(session, "docs", "recipes", *for_scheduler(session))
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
    """Measure time and memory beside plain Sphinx-Gallery; the rest goes to it."""
    install(session, "docs", "recipes", "benchmark")
    session.run("python", "-m", "recipe_site.fashion_mnist")
    words = ("python", "-m", "benchmarks", *session.posargs)
    session.run(*words, env={"PYTHONPATH": "tests"})


@nox.session(reuse_venv=False)
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


@nox.session(reuse_venv=False)
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
    *(f"tests/test_{name}.py" for name in ("cluster", "edits", "faults", "promises")),
    *(f"tests/test_{name}.py" for name in ("replay", "run_card", "runner")),
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


@nox.session(venv_backend="none")
def archive(session: nox.Session) -> None:
    """Pack the built site as one file, with its checksum, in docs/_build/dist."""
    arguments(session)
    if not (SITE / "index.html").is_file():
        session.error(f"{SITE} holds no site; type first: nox -s docs")
    packed = Path(shutil.make_archive(str(BUILD / "dist" / "site"), "zip", SITE))
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    packed.with_suffix(".zip.sha256").write_text(f"{digest}  {packed.name}\n", "utf-8")
    session.log(f"packed: {packed}, and beside it {packed.name}.sha256")


@nox.session
def attested(session: nox.Session) -> None:
    """Check that the recordings from GPUs are those that the record workflow made."""
    arguments(session)
    install(session, "docs")
    session.run("python", "-m", "recipe_site.sharing.attested")


@nox.session
def new(session: nox.Session) -> None:
    """Begin a recipe: `nox -s new -- gradients/my_recipe "Title" [--pitfall]`."""
    install(session, "docs")
    session.run("python", "-m", "recipe_site.new_recipe", *session.posargs)


QUICK = (("lint",), ("translate", "--check"), ("docs",))
WITH_TORCH = ("doctest", "tests", "browser")
CODE = (
    *("docs/_*", "docs/conf.py", "docs/recordings"),
    *("tests", "noxfile.py", "*.toml", "*.lock"),
)
"""Paths of what tests are about; a recipe's code is not without its recording."""


@nox.session(reuse_venv=False)
def downloads(session: nox.Session) -> None:
    """Run all downloads of the built site alone, with only what recipes need."""
    arguments(session)
    install_locked(session, *requirements("recipes"), *requirements("downloads"))
    session.run("python", "tests/downloads.py", str(SITE))


@nox.session(reuse_venv=False)
def colab(session: nox.Session) -> None:
    """Run ten notebooks of the built site on the package versions that Colab has."""
    arguments(session)
    packages = [Requirement(each).name for each in requirements("recipes")]
    packages += [Requirement(each).name for each in requirements("downloads")]
    session.install("--constraint", "tests/data/colab.txt", *packages)
    session.run("python", "tests/downloads.py", str(SITE), "--some", "10")


@nox.session
def links(session: nox.Session) -> None:
    """Ask every address that a page leads to whether it still answers."""
    arguments(session)
    install(session, "docs")
    where = ("-d", str(BUILD / "doctrees/links"), "docs", str(BUILD / "links"))
    replay = ("-D", "recordings_mode=replay")
    session.run("python", "-m", "sphinx", "-q", "-b", "linkcheck", *replay, *where)


@nox.session
def check(session: nox.Session) -> None:
    """Run all that a pull request must pass; behind `--`, of these recipes only."""
    if session.posargs:
        for option in (each for each in session.posargs if each.startswith("-")):
            session.error(f"nox -s check has no options, such as {option!r}")
        check_recipes(session, session.posargs)
        return
    for name, *words in QUICK:
        session.run(*nox_of_this(name), *words, external=True)
    if code_changed():
        for name in WITH_TORCH:
            session.run(*nox_of_this(name), external=True)
    else:
        session.log("no code has changed: what recipes and pages say is checked")
        install(session, "lint")
        session.run("python", "-m", "pytest", "-q", *FORM, "-k", "not mutation_fails")


def code_changed() -> bool:
    """Tell whether code differs from the branch that changes are proposed for."""

    def git(*words: str) -> str | None:
        done = subprocess.run(
            ["git", *words], capture_output=True, text=True, check=False
        )
        return None if done.returncode else done.stdout.strip()

    base = git("merge-base", "HEAD", "origin/HEAD") or git("rev-parse", "main")
    changed = git("diff", "--name-only", base or "HEAD", "--", *CODE)
    untracked = git("ls-files", "--others", "--exclude-standard", "--", *CODE)
    return base is None or changed != "" or untracked != ""


FORM = [
    f"tests/test_{name}.py"
    for name in ("recipe_style", "recipes", "recipe_claims", "words", "recipe_errors")
]
"""Tests of what a recipe is and says."""


def check_recipes(session: nox.Session, names: list[str]) -> None:
    """Make every check of some recipes: form, claims, translation and pages."""
    install(session, "recipes", "lint")
    session.run("python", "-m", "recipe_site.fashion_mnist", silent=True)
    known = states(session, *names)
    pages = [Path(each["recipe"]) for each in known]
    scripts = [str(each) for each in pages if each.suffix == ".py"]
    about = " or ".join(each.stem for each in pages)
    for script in scripts:  # all else would fail for that
        try:
            compile(Path(script).read_bytes(), script, "exec", dont_inherit=True)
        except SyntaxError as error:
            session.error(f"{script}:{error.lineno}: {error.msg}")
    # Beside what follows, and in the environment that is there for it: made in another,
    # all pages would have to be made anew.
    pages_built = start(*nox_of_this("docs"), "--mode=replay")
    failed = []

    def attempt(what: str, *command: str) -> None:
        session.log(what)
        try:
            session.run(*command, env=FOR_TESTS, success_codes=[0, NO_TESTS])
        except CommandFailed:
            failed.append(what)

    if any(each["state"] != "fresh" or each["found_at"] for each in known):
        attempt("its recording", *STATUS, "--check", "--", *names)
    if scripts:
        attempt("its style", "ruff", "check", "--output-format=concise", *scripts)
        attempt("its layout", "ruff", "format", "--diff", "--quiet", *scripts)
        if any(">>>" in Path(each).read_text("utf-8") for each in scripts):
            examples = ("python", "-m", "pytest", "-q", "-p", "doctests")
            # A script that is named would else be a module of tests, and run.
            attempt("examples in its prose", *examples, "-p", "no:python", *scripts)
    of_pages = (f"--page={each.with_suffix('')}" for each in pages)
    attempt("its translation", "python", "-m", "translation", "--check", *of_pages)
    tests_of = ("python", "-m", "pytest", "-q", "-k", about, "--no-header")
    attempt("its form and its claims", *tests_of, *FORM)
    session.log("its page")
    if not pages_built():
        failed.append("its page")
    else:
        looked_at = ("-n", "auto", "tests/browser/check_pages.py")
        attempt("its page in a browser", *tests_of, *looked_at)
    if failed:
        session.error(f"to be mended: {', '.join(failed)}; see above")


def start(*command: str) -> Callable[[], bool]:
    """Start a command; return what waits for it and tells whether it went well."""
    said = tempfile.TemporaryFile()  # noqa: SIM115 - it is there until the end
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
    )
    atexit.register(process.terminate)

    def ended() -> bool:
        status = process.wait()
        said.seek(0)
        sys.stdout.write(said.read().decode("utf-8", "replace"))
        sys.stdout.flush()
        return status == 0

    return ended


NO_TESTS = 5
"""What pytest ends with where it finds none, as in prose without examples."""
FOR_TESTS = {"PYTHONPATH": "tests", "BUILT_SITE": str(SITE.absolute())}
"""Where tests find their helpers, and a site that is built already."""


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and types."""
    options = arguments(session, fix=flag("format, and mend what can be mended"))
    install(session, "lint")
    session.run("ruff", "check", *(["--fix"] if options.fix else []))
    session.run("ruff", "format", *([] if options.fix else ["--diff"]))
    session.run("mypy")
    session.run("lint-imports", "--no-logo", silent=True)
    session.run("python", "tests/schemas.py")
    session.run("zizmor", "--offline", "--quiet", str(WORKFLOWS))
    if shutil.which("actionlint"):  # no package that could be locked brings it
        session.run("actionlint", external=True)
    else:
        session.log("actionlint is not on the PATH, so it did not read the workflows")


@nox.session(venv_backend="none")
def lock(session: nox.Session) -> None:
    """Write requirements.lock anew: the newest versions that pyproject.toml allows."""
    options = arguments(session, keep=flag("raise only what has to be raised"))
    groups = [f"--group={group}" for group in PYPROJECT["dependency-groups"]]
    python = PYPROJECT["project"]["requires-python"].removeprefix(">=")
    where = ("--universal", "--python-version", python)
    how = ["--generate-hashes", "--no-emit-index-url", "--no-header"]
    if not options.keep:
        how.append("--upgrade")  # else uv prefers what the lock has
    uv = ["uv"] if shutil.which("uv") else [sys.executable, "-m", "uv"]  # nox[uv]
    session.run(*uv, "pip", "compile", "-q", *where, *how, *groups, "-o", str(LOCK))
    session.log(f"written: {LOCK}; say with it what changed: git diff {LOCK}")


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
    session.log(f"open {page[1]}")


@nox.session
def upgrade(session: nox.Session) -> None:
    """Raise what recipes are pinned to (`-- torch`), run all, and say what changed."""
    # First what was pinned until now: facts that were looked up in it are compared.
    install(session, "docs", "recipes", "tests")
    session.run("python", "tests/upgrade.py", "raise", *session.posargs)
    if not (BUILD / "upgrade" / "before.json").is_file():
        return  # there is nothing newer
    # Recordings belong to what the lock has; the stamp is of what was pinned until now.
    # What else is newer would come between PyTorch and what it changed.
    session.run(*nox_of_this("lock"), "--keep", external=True)
    Path(session.virtualenv.location or "", "groups.json").unlink(missing_ok=True)
    raised = nox.project.load_toml("pyproject.toml")
    install_locked(session, *nox.project.dependency_groups(raised, "recipes"))
    session.run("python", "-m", "recipe_site.fashion_mnist")
    # What fails is in the summary, too.
    session.run("python", "-m", "recordings", "run", success_codes=[0, 1])
    session.run("python", "tests/upgrade.py", "summary")


def answer_an_unknown_session(words: list[str]) -> None:
    """Name the sessions that are near to what was typed, and stop."""
    known = [*nox.registry.get()]
    asked = next((place for place, word in enumerate(words) if word in SESSION), None)
    for word in words[asked + 1 :] if asked is not None else ():
        if word.startswith("-"):
            return
        if word.partition("(")[0] not in known:
            near = get_close_matches(word, known)
            hint = f"did you mean {' or '.join(near)}? " if near else ""
            sys.exit(f"nox: no session is called {word}; {hint}Type nox for all")


SESSION = ("-s", "-e", "--session", "--sessions")
answer_an_unknown_session(sys.argv[1:])
