"""A broken example fails `nox -s doctest`, with its file and line."""

import subprocess
import sys
from pathlib import Path

import pytest

PAGE = """# Title

```python
total = 1 + 1
```

```python
>>> total
2
```

```{code-cell} ipython3
double = 2 * total
```

```python
assert double == 4
```
"""
RECIPE = '''"""
Title
=====

>>> 1 + 1
2
"""

# %%
# Prose.
#
# >>> 2 + 2
# 4
#
# .. code-block:: python
#
#    assert 3 == 3

raise SystemExit("a recipe\'s own code is not run")
'''
MODULE = '''"""A module."""


def double(x: int) -> int:
    """Double a number.

    Examples:
        >>> double(2)
        4
    """
    return 2 * x
'''
FILES = {
    "docs/page.md": PAGE,
    "docs/guides/deep.md": PAGE,
    "README.md": PAGE,
    "recipes/one/recipe.py": RECIPE,
    "recipes/one/GALLERY_HEADER.rst": "One\n===\n\n>>> 5\n5\n",
    "docs/_ext/documented.py": MODULE,
}
BREAKS = [
    ("docs/page.md", "2\n```", "3\n```", 8),
    ("docs/page.md", "double == 4", "double == 5", 16),
    ("docs/guides/deep.md", "1 + 1", "1 + nothing", 3),
    ("docs/guides/deep.md", "2 * total", "2 * nothing", 12),
    ("README.md", "double == 4", "double == 5", 16),
    ("recipes/one/recipe.py", ">>> 1 + 1\n2", ">>> 1 + 1\n3", 5),
    ("recipes/one/recipe.py", "# 4", "# 5", 12),
    ("recipes/one/recipe.py", "3 == 3", "3 == 4", 15),
    ("recipes/one/GALLERY_HEADER.rst", ">>> 5", ">>> 6", 4),
    ("docs/_ext/documented.py", "        4", "        5", 8),
]


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run all examples below a folder, as the session does."""
    words = ("-m", "pytest", "-p", "doctests", "-q", "docs", "recipes", "README.md")
    return subprocess.run(
        [sys.executable, *words, "-p", "no:cacheprovider", "--rootdir", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def write(folder: Path) -> None:
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


@pytest.fixture(autouse=True)
def _importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "docs" / "_ext"), prepend=":")


def test_sound_examples_pass(tmp_path: Path) -> None:
    write(tmp_path)
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "17 passed" in done.stdout


@pytest.mark.parametrize(("file", "old", "new", "line"), BREAKS)
def test_broken_example_is_named(
    tmp_path: Path, file: str, old: str, new: str, line: int
) -> None:
    write(tmp_path)
    path = tmp_path / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    done = run(tmp_path)
    assert done.returncode == 1, done.stdout
    assert f"{file}::line:{line}," in done.stdout
