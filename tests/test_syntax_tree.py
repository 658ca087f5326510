"""The digest of code is the same on every Python version, and tells code from code."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from recordings import syntax_tree

SNIPPETS = Path(__file__).parent / "data" / "keys.toml"
# Run by other interpreters, which have nothing but their standard library.
DIGESTS_OF_SNIPPETS = """
import json, pathlib, runpy, sys, tomllib
tree = runpy.run_path(sys.argv[1])
version = ".".join(map(str, sys.version_info[:2]))
found = {}
for each in tomllib.loads(pathlib.Path(sys.argv[2]).read_text("utf-8"))["snippet"]:
    if each.get("since", "3.11") <= version:
        parsed = tree["parse"](each["source"])
        lined = tree["digest"](parsed, with_lines=True)
        found[each["name"]] = [tree["digest"](parsed), lined]
print(json.dumps(found))
"""


def interpreter(version: str) -> str:
    """Find Python of a version; skip the test if there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    installed = pyenv.glob(f"versions/{version}.*/bin/python")
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in (sys.executable, f"python{version}", *map(str, installed)):
        try:
            answer = subprocess.run(
                [candidate, "-I", "-c", ask],
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError:
            continue
        if answer.stdout.strip() == version:
            return candidate
    pytest.skip(f"there is no Python {version} here")


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14", "3.15"])
def test_stored_digests(version: str) -> None:
    """They are found again on every Python version, and nothing is warned of."""
    options = ("-I", "-W", "error", "-c", DIGESTS_OF_SNIPPETS)
    answer = subprocess.run(
        [interpreter(version), *options, syntax_tree.__file__, str(SNIPPETS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stderr == ""
    assert json.loads(answer.stdout) == {
        each["name"]: [each["digest"], each["with_lines"]]
        for each in tomllib.loads(SNIPPETS.read_text(encoding="utf-8"))["snippet"]
        if each.get("since", "3.11") <= version
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("'1'", "1"),
        ("1", "1.0"),
        ("1", "True"),
        ("0.0", "0j"),
        ("'a'", "b'a'"),
        ("'None'", "None"),
        ("'\\ud83d\\ude00'", "'\\U0001f600'"),
        ("f'a'", "'a'"),
        ("f'{a}b'", "f'{a}' + 'b'"),
        ("f'{a}'", "f'{a!s}'"),
        ("a - (b - c)", "a - b - c"),
        ("(a,)", "(a)"),
        ("[a, b]", "[a], [b]"),
        ("{**a, b: c}", "{b: c, **a}"),
        ("def f(*, a, b=1): 0", "def f(*, a=1, b): 0"),
        ("def f(a, /): 0", "def f(a): 0"),
        ("x: int", "(x): int"),
        ("import a.b", "import a"),
        ("from . import a", "from .. import a"),
        ("async def f(): 0", "def f(): 0"),
        ("match a:\n case None: 0", "match a:\n case _: 0"),
    ],
)
def test_code_that_differs_has_another_digest(one: str, other: str) -> None:
    digests = {syntax_tree.digest(syntax_tree.parse(code)) for code in (one, other)}
    assert len(digests) == 2


@pytest.mark.parametrize("code", ["+".join("1" * 900), "0x" + "f" * 9000])
def test_code_of_any_size_has_a_digest(code: str) -> None:
    assert syntax_tree.digest(syntax_tree.parse(code))


@pytest.mark.parametrize(
    ("other", "equal"),
    [
        ("a = (1 +\n     2)  # the sum\n", True),
        ("a = 1 + 3", False),
        ("a = 1 + 2\nb = 0", False),
        ("a = 1 +", False),
    ],
)
def test_code_is_equal_whatever_its_layout(other: str, *, equal: bool) -> None:
    assert syntax_tree.are_equal("a = 1 + 2", other) is equal
