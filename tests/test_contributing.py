"""The pages for contributors: each begins with its command, and each command exists."""

from __future__ import annotations

import ast
import re
import shlex
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import yaml
from benchmarks.__main__ import parser as benchmark_parser

from recordings.cli import _parser as recordings_parser
from translation.cli import _parser as translation_parser

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

PROJECT: Final = Path(__file__).parents[1]
PAGES: Final = sorted(PROJECT.glob("docs/contributing/*.md"))
INDEX: Final = (PROJECT / "docs/contributing/index.md").read_text("utf-8")
TASKS: Final = re.findall(r"(?m)^\| .* \| \{doc\}`(\w+)` \|$", INDEX)
COMMAND: Final = re.compile(r"(?m)^\$ (.+)$|`((?:nox|python -m) [^`]+)`")


def body(noxfile: str) -> dict[str, ast.FunctionDef]:
    return {
        each.name: each
        for each in ast.parse(noxfile).body
        if isinstance(each, ast.FunctionDef)
        and any("nox.session" in ast.unparse(it) for it in each.decorator_list)
    }


SESSIONS: Final = body((PROJECT / "noxfile.py").read_text("utf-8"))


def commands(page: Path) -> Iterator[list[str]]:
    for block, inline in COMMAND.findall(page.read_text("utf-8")):
        words = shlex.split((block or inline).replace("…", ""))
        yield [each for each in words if not re.fullmatch(r"NAME\W*", each)]


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    return {name for action in parser._actions for name in action.option_strings}  # noqa: SLF001 - argparse tells it nowhere else


def of_recordings(command: str) -> set[str]:
    [known] = [
        action.choices
        for action in recordings_parser()._actions  # noqa: SLF001 - as above
        if isinstance(action.choices, dict)
    ]
    return options_of(known[command])


def options(session: str) -> set[str]:
    """Return the options that stand behind `--` of a session."""
    if session == "translate":
        return options_of(translation_parser())
    if session in {"record", "verify"}:
        return of_recordings({"record": "run"}.get(session, session))
    if session == "benchmark":
        return options_of(benchmark_parser())
    if session == "new":
        return {"--pitfall"}
    return {
        f"--{keyword.arg}"
        for node in ast.walk(SESSIONS[session])
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "arguments"
        for keyword in node.keywords
    }


def known(words: list[str]) -> bool:
    """Tell whether a command of this project is one that there is."""
    if words[:2] == ["python", "-m"]:
        return known_module(*words[2:])
    if words[:2] == ["nox", "-s"]:
        return known_session(*(it for it in words[2:] if it != "--install-only"))
    return words == ["nox"] or words[0] in {"pip", "git", "gh"}


def known_module(module: str, command: str = "", *behind: str) -> bool:
    if module != "recordings" or not command:
        return module in {"pip", "recordings", "translation", "editions"}
    return {each for each in behind if each[:2] == "--"} <= of_recordings(command)


def known_session(session: str, *behind: str) -> bool:
    if session not in SESSIONS:
        return False
    if session in {"tests", "browser", "compatibility"}:
        files = takewhile(lambda it: not it.startswith("-"), behind[1:])
        return all((PROJECT / file).is_file() for file in files)
    return {each for each in behind[1:] if each[:2] == "--"} <= options(session)


@pytest.mark.parametrize("page", PAGES, ids=lambda it: it.stem)
def test_each_command_on_a_page_is_one_that_there_is(page: Path) -> None:
    unknown = [words for words in commands(page) if not known(words)]
    assert unknown == []


def test_each_command_of_contributing_and_the_readme_is_one_that_there_is() -> None:
    for name in ("CONTRIBUTING.md", "README.md"):
        unknown = [words for words in commands(PROJECT / name) if not known(words)]
        assert unknown == [], name


UNKNOWN = ["nox -s doc", "nox -s docs -- --lively", "nox -s translate -- --done"]
UNKNOWN += ["nox -s record -- --al", "nox -s tests -- tests/test_gone.py", "make html"]


@pytest.mark.parametrize("command", UNKNOWN)
def test_a_command_that_there_is_not_would_be_found(command: str) -> None:
    assert not known(shlex.split(command))


def test_the_index_leads_to_every_page_and_each_begins_with_its_command() -> None:
    assert len(TASKS) == 11
    listed = set(re.findall(r"\{doc\}`(\w+)`", INDEX))
    assert listed == {page.stem for page in PAGES} - {"index"}
    for page in PAGES:
        if page.stem in TASKS:
            beginning = r"# .+\n\n```console\n\$ nox -s .+\n```\n"
            assert re.match(beginning, page.read_text("utf-8")), page.name


def test_what_is_committed_is_linted_with_the_tools_of_the_session() -> None:
    settings = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text("utf-8"))
    [repository] = settings["repos"]
    assert repository["repo"] == "local", "versions stand in pyproject.toml alone"
    hooks = {hook["entry"].split()[0] for hook in repository["hooks"]}
    lint = ast.unparse(SESSIONS["lint"])
    tools = set(re.findall(r"session\.run\('([\w-]+)'", lint)) - {"python"}
    tools -= {"actionlint"}  # which not everybody has
    assert hooks == tools | {"check-jsonschema"}


def test_owners_own_what_there_is() -> None:
    lines = (PROJECT / ".github/CODEOWNERS").read_text("utf-8").splitlines()
    paths = [
        line.lstrip("#").split()[0] for line in lines if line.startswith(("#/", "/"))
    ]
    assert paths
    for path in paths:
        assert (PROJECT / path.strip("/")).exists(), path
