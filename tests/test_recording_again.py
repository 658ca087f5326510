"""Recording again, without a change of output, changes nothing but time and place."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeSite

from recordings.library import open_library
from recordings.running import runner

OF_THE_RUN = (
    "commit",
    "date",
    "gpu",
    "peak_memory",
    "processor",
    "seconds",
    "system",
)
"""Metadata of a recording that tells when, where and how fast the recipe ran."""
OF_A_BLOCK = ("peak_memory", "seconds")
"""The same, of one code block."""

RECIPE = '''\
"""
Title
=====

Words.
"""

# %%
# Prints and draws.

import random
import matplotlib.pyplot as plt

print(sorted({"gradient", "loss"}), {"gradient", "loss", "step"}, hash("step"))
figure, axes = plt.subplots(2)
axes[0].plot([1, 3, 2], label="loss")
axes[0].set_clip_path(axes[0].patch)
axes[0].legend()
_ = axes[1].fill_between([1, 2, 3], [1, 3, 2], hatch="/")

# %%
# A value, as text and as HTML.


class Shown:
    def __repr__(self):
        return "plain"

    def _repr_html_(self):
        return "<b>bold</b>"


Shown()

# %%
# A warning names lines.

import warnings

warnings.warn("careful")
'''
GUIDE = """\
---
file_format: mystnb
kernelspec: {name: python3}
---
# A guide

```{code-cell}
import matplotlib.pyplot as plt
print({"gradient", "loss", "step"}, hash("step"))
_ = plt.plot([1, 3, 2])
```
"""
SCRAPERS: dict[str, tuple[dict[str, Any], str]] = {
    "png": ({"image_scrapers": ("matplotlib",)}, "image/png"),
    "svg": (
        {
            "image_scrapers": ("recipe_site.figures.scrape",),
            "reset_modules": ("matplotlib", "recipe_site.figures.reset"),
        },
        "image/svg+xml",
    ),
}


def without_time_and_place(text: str) -> str:
    """Take out of a recording what may differ; what is left may not, in any byte."""
    notebook = json.loads(text)
    for name in OF_THE_RUN:
        del notebook["metadata"]["recording"]["run"][name]
    for cell in notebook["cells"]:
        for name in OF_A_BLOCK:
            del cell["metadata"]["recording"][name]
    return json.dumps(notebook, indent=1)


@pytest.mark.parametrize("kind", SCRAPERS)
def test_only_time_and_place_change(make_site: MakeSite, kind: str) -> None:
    gallery, mime = SCRAPERS[kind]
    site = make_site(
        {"recipes/one/recipe.py": RECIPE, "docs/guide.md": GUIDE},
        extensions=["myst_nb", "recordings"],
        nb_execution_mode="cache",
        exclude_patterns=["**.ipynb"],
        sphinx_gallery_conf=gallery,
    )

    def record() -> dict[str, str]:
        library = open_library(site.root / "docs")
        results = runner.run(library, library.entries(), anew=True)
        assert [each.status for each in results] == ["recorded"] * 2, results
        folder = site.root / "docs" / "recordings"
        return {
            path.relative_to(folder).as_posix(): path.read_text("utf-8")
            for path in Path(folder).rglob("*.ipynb")
        }

    first, second = record(), record()
    assert first.keys() == second.keys() == {"guide.ipynb", "recipes/one/recipe.ipynb"}
    assert mime in first["recipes/one/recipe.ipynb"]
    assert "image/svg+xml" in first["guide.ipynb"]
    for name, text in first.items():
        assert second[name] != text, "the time, at least, is another"
        assert without_time_and_place(second[name]) == without_time_and_place(text)
