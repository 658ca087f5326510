"""A broken example fails `nox -s doctest`, with its file and line."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

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
    ("docs/guides/deep.md", "2 * total", "2 * nothing", 12),
    ("README.md", "1 + 1", "1 + nothing", 3),
    ("recipes/one/recipe.py", ">>> 1 + 1\n2", ">>> 1 + 1\n3", 5),
    ("recipes/one/recipe.py", "# 4", "# 5", 12),
    ("recipes/one/recipe.py", "3 == 3", "3 == 4", 15),
    ("recipes/one/GALLERY_HEADER.rst", ">>> 5", ">>> 6", 4),
    ("docs/_ext/documented.py", "        4", "        5", 8),
]


def run(folder: Path, files: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run all examples of a project, as the session does."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    words = ("-m", "pytest", "-p", "doctests", "-q", "docs", "recipes", "README.md")
    paths = (str(Path(__file__).parent), str(folder / "docs/_ext"))
    return subprocess.run(
        [sys.executable, *words, "-p", "no:cacheprovider", "--rootdir", "."],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_sound_examples_pass(tmp_path: Path) -> None:
    done = run(tmp_path, FILES)
    assert done.returncode == 0, done.stdout
    assert "17 passed" in done.stdout


def test_broken_examples_are_named(tmp_path: Path) -> None:
    files = dict(FILES)
    for file, old, new, _line in BREAKS:
        assert old in files[file]
        files[file] = files[file].replace(old, new, 1)
    done = run(tmp_path, files)
    assert done.returncode == 1, done.stdout
    for file, _old, _new, line in BREAKS:
        assert f"{file}::line:{line}," in done.stdout
