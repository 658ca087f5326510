"""Raise what recipes are pinned to, and say what that changed: `nox -s upgrade`.

`raise` asks uv for the newest versions that resolve together and writes them into
pyproject.toml; `summary` is for when all was recorded with them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from facts import is_installed, read_facts, sources, to_look_up
from packaging.requirements import Requirement

from recipe_site.printed_messages import printed_messages
from recordings.diff import changes
from recordings.library import open_library
from recordings.report.markdown import to_markdown
from recordings.report.page import to_html

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from recordings.library import Library
    from recordings.model import Recording
    from recordings.report.changes import Change

TOGETHER: Final = ("torch", "torchvision")
"""Packages that are released as a pair: one is not raised without the other."""
PROJECT: Final = Path("pyproject.toml")
CLAIMS: Final = Path("tests/data/claims.toml")
FOLDER: Final = Path("docs/_build/upgrade")
BEFORE, SUMMARY = FOLDER / "before.json", FOLDER / "summary.md"


# raise ------------------------------------------------------------------------


def pinned(text: str) -> dict[str, str]:
    """Return the versions that recipes are pinned to, from pyproject.toml."""
    group = tomllib.loads(text)["dependency-groups"]["recipes"]
    wanted = [Requirement(each) for each in group if isinstance(each, str)]
    return {it.name: str(it.specifier).removeprefix("==") for it in wanted}


def newest(
    now: Mapping[str, str], chosen: Sequence[str], python: str
) -> dict[str, str]:
    """Return the newest versions of the chosen packages that go with all others.

    None may be older than now: what is so old that it names no partner goes with all.
    """
    wanted = [f"{it}{'>=' if it in chosen else '=='}{now[it]}" for it in now]
    command = ["uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
    done = subprocess.run(
        [*command, "--upgrade", "--python-version", python, "-"],
        input="\n".join(wanted),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"uv found nothing that resolves together:\n{done.stderr}")
    found = [Requirement(line) for line in done.stdout.splitlines() if "==" in line]
    versions = {it.name: str(it.specifier).removeprefix("==") for it in found}
    return {it: versions[it] for it in chosen}


def raise_pins(name: str) -> None:
    """Write the newest versions of a package and its partner into pyproject.toml."""
    text = PROJECT.read_text("utf-8")
    now = pinned(text)
    if name not in now:
        near = get_close_matches(name, now) or [*now]
        raise SystemExit(f"recipes have no pin of {name}; did you mean {near[0]}?")
    chosen = TOGETHER if name in TOGETHER else (name,)
    python = tomllib.loads(text)["project"]["requires-python"].removeprefix(">=")
    found = newest(now, chosen, python)
    raised = now | found
    for each in chosen:
        text = text.replace(f'"{each}=={now[each]}"', f'"{each}=={found[each]}"')
    committed = pinned(_git("show", f"HEAD:./{PROJECT}"))
    if raised == committed:
        BEFORE.unlink(missing_ok=True)  # what it tells of is over
        told = " and ".join(f"{it} {now[it]}" for it in chosen)
        print(f"{told}: nothing newer resolves")
        return
    _note_before(committed)
    PROJECT.write_text(text, "utf-8")
    for it, new in raised.items():
        if new != committed.get(it):
            print(f"{it} {committed.get(it, 'not pinned')} → {new}")


def _note_before(versions: dict[str, str]) -> None:
    """Keep what the summary compares with: the last commit, and its packages' code.

    An upgrade that was stopped, or that another package joins, finds the packages of
    now installed: the code that it noted then is still that of the commit.
    """
    noted = json.loads(BEFORE.read_text("utf-8")) if BEFORE.exists() else {}
    kept = noted["sources"] if noted.get("versions") == versions else {}
    files = [
        file for fact in read_facts(CLAIMS.read_text("utf-8")) for file in fact.files
    ]
    before = {
        "versions": versions,
        "commit": _git("rev-parse", "HEAD").strip(),
        "sources": kept | sources(files, versions),
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    BEFORE.write_text(json.dumps(before), "utf-8")


def _git(*words: str) -> str:
    return subprocess.check_output(["git", *words], encoding="utf-8")


# summary ----------------------------------------------------------------------


def messages(change: Change) -> tuple[list[str], list[str]]:
    """Return the messages that a recipe no longer prints, and its new ones."""
    old, new = (_printed(each) for each in (change.before, change.after))
    return [it for it in old if it not in new], [it for it in new if it not in old]


def _printed(recording: Recording | None) -> list[str]:
    return [str(each) for each in printed_messages(recording)] if recording else []


def write_summary() -> None:
    """Write what an upgrade changed, and what a person has to look at."""
    before: dict[str, Any] = json.loads(BEFORE.read_text("utf-8"))
    now = pinned(PROJECT.read_text("utf-8"))
    library = open_library(Path("docs").absolute())
    found = [*changes(library, before["commit"])]
    untouched = len(library.store.names()) - sum(
        each.after is not None for each in found
    )
    raised = [
        f"{it} {v} → {now[it]}" for it, v in before["versions"].items() if v != now[it]
    ]
    words = ("diff", "--shortstat", before["commit"], "--", "docs/recordings")
    lines = _git(*words).strip()
    parts = {
        f"Upgrade: {', '.join(raised)}": [
            f"In `docs/recordings`: {lines or 'no change'}. {confirmed(found)}"
        ],
        "Outputs": [to_markdown(found, untouched, "diff.html")],
        "Recipes without a fresh recording": _items(_unrecorded(library)),
        "Errors and warnings that PyTorch words in another way": _items(
            _reworded(found)
        ),
        "Deprecated names in recipes": _items(_deprecated(library, now)),
        "Facts to look up again": [
            "Begin with what is bold: a fact names it, and it changed.",
            *_items(_outdated_facts(before["sources"], now)),
        ],
        "Pages that name the version of before": _items(
            _mentions(before["versions"], now)
        ),
    }
    text = "\n\n".join(
        "\n\n".join([f"## {title}", *rows]) for title, rows in parts.items()
    )
    SUMMARY.write_text(f"{text}\n\n{NEXT}", "utf-8")
    page = to_html(found, untouched, ", ".join(raised))
    (FOLDER / "diff.html").write_text(page, "utf-8")
    print(f"{SUMMARY} says what changed, {FOLDER / 'diff.html'} shows it")


NEXT: Final = """\
## What is left to do

1. Look up the facts above, correct the pages, and write the new version into
   `tests/data/claims.toml`.
2. `nox -s docs` says which entries of `docs/guides/error_messages.md` no recipe prints.
3. `nox -s inventories`, `nox -s claims`, and `nox -s check`.
"""


def confirmed(found: Sequence[Change]) -> str:
    """Count the recordings whose recipe gave the same with other versions."""
    count = sum(each.state == "as before" and bool(each.versions) for each in found)
    return f"Confirmed with the new versions, as their outputs stayed: {count}."


def _items(rows: Iterator[str]) -> list[str]:
    return ["\n".join(f"- {row}" for row in rows) or "None."]


def _unrecorded(library: Library) -> Iterator[str]:
    for entry in library.entries():
        if entry.state != "fresh":
            yield f"`{entry.recipe.name}`: {entry.state}, {'; '.join(entry.reasons)}"


def _reworded(found: Sequence[Change]) -> Iterator[str]:
    for change in found:
        gone, new = messages(change)
        for label, texts in (("no longer prints", gone), ("now prints", new)):
            yield from (
                f"`{change.name}` {label}: `{' '.join(it.split())}`" for it in texts
            )


def _deprecated(library: Library, now: Mapping[str, str]) -> Iterator[str]:
    if not all(is_installed(it, now) for it in TOGETHER):
        yield "not looked for, since these versions are not installed here"
        return
    from test_deprecated_calls import deprecated  # noqa: PLC0415 - it imports PyTorch

    for recipe in library.recipes:
        code = recipe.path.read_text("utf-8") if recipe.kind == "recipe" else ""
        yield from (f"`{recipe.name}`: `{it}`" for it in sorted(deprecated(code)))


def _outdated_facts(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    told = [
        f"`{fact.recipe}`: {why}\n  - {fact.text}"
        for fact in read_facts(CLAIMS.read_text("utf-8"))
        if (why := to_look_up(fact, before, sources(fact.files, now)))
    ]
    # First where something changed that the fact names.
    yield from sorted(told, key=lambda it: ("**`" not in it, " changed in " not in it))


def _mentions(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    minors = {it: it.rpartition(".")[0] for it in (*before.values(), *now.values())}
    old = {minors[v] for it, v in before.items() if minors[v] != minors[now[it]]}
    if not old:
        return  # pages name no patch release
    named = re.compile(
        rf"(?<![\d.])(?:{'|'.join(map(re.escape, sorted(old)))})(?![\d])"
    )
    pages = [*Path("recipes").rglob("*.py"), *Path("docs/guides").glob("*.md")]
    for path in sorted(pages):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if named.search(line):
                yield f"{path}:{number}: {line.strip('# ')}"


if __name__ == "__main__":
    if sys.argv[1:] == ["summary"]:
        write_summary()
    elif sys.argv[1:2] == ["raise"] and len(sys.argv) == 3:
        raise_pins(sys.argv[2])
    else:
        raise SystemExit("type: nox -s upgrade -- torch")
