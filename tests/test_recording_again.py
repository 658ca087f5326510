"""Recording again, where no output changes, adds a confirmation and nothing else."""

import json
from pathlib import Path

import pytest
from conftest import MakeSite, Site

from recordings.library import open_library
from recordings.running import runner

RECIPE = '''\
"""
Title
=====

Words.
"""

# %%
# Prints and draws.

import matplotlib.pyplot as plt
import random

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
SETTINGS = """
sphinx_gallery_conf |= {
    "image_scrapers": ("matplotlib",),
    "reset_modules": ("matplotlib",),
}
"""
SVG = """
sphinx_gallery_conf |= {
    "image_scrapers": ("recipe_site.figures.scrape",),
    "reset_modules": ("matplotlib", "recipe_site.figures.reset"),
}
"""
NAMES = ["guide.ipynb", "recipes/one/recipe.ipynb"]


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    """Make a site of a recipe and a guide."""
    return make_site(
        {"recipes/one/recipe.py": RECIPE, "docs/guide.md": GUIDE},
        draws=True,
        extensions=["myst_nb", "recordings"],
        recordings_preload=["matplotlib.pyplot"],
        recordings_requirements=["a-package==1.0"],
        exclude_patterns=["**.ipynb"],
    )


def record(site: Site, settings: str, status: str) -> list[str]:
    """Record everything; return the text of each recording."""
    conf = site.root / "docs/conf.py"
    before = conf.read_text("utf-8")
    conf.write_text(before + settings, "utf-8")
    library = open_library(site.root / "docs")
    results = runner.run(library, library.entries(), anew=True)
    conf.write_text(before, "utf-8")
    assert [each.status for each in results] == [status] * 2, results
    return [Path(site.root, "docs/recordings", n).read_text("utf-8") for n in NAMES]


def without_run(text: str) -> str:
    """Take time, place and confirmations out of a recording."""
    notebook = json.loads(text)
    about = notebook["metadata"]["recording"]
    del about["run"], about["seal"]
    about.pop("confirmations", None)
    for cell in notebook["cells"]:
        del cell["metadata"]["recording"]
    return json.dumps(notebook, indent=1)


def without_seal(text: str) -> list[str]:
    return [line for line in text.splitlines() if '"seal": ' not in line]


def test_recording_again_confirms_and_changes_nothing(site: Site) -> None:
    first = record(site, SETTINGS, "recorded")
    assert "image/png" in first[1]
    again = record(site, SETTINGS, "confirmed")
    for before, after in zip(first, again, strict=True):
        lines, old = without_seal(after), without_seal(before)
        start = lines.index('   "confirmations": [')
        assert lines[:start] + lines[start + 3 :] == old
    upgraded = f"{SETTINGS}recordings_requirements = ['a-package==2.0']\n"
    again = record(site, upgraded, "confirmed")
    for before, after in zip(first, again, strict=True):
        lines, known = after.splitlines(), before.splitlines()
        changed = [line for line in lines if line not in known]
        assert len(changed) <= 6, "two confirmations, the key, the version, the seal"
        assert '    "a-package": "2.0"' in "\n".join(changed)


def test_recording_anew_gives_every_byte_of_the_outputs_again(site: Site) -> None:
    recordings = []
    for _ in range(2):
        for name in NAMES:
            Path(site.root, "docs/recordings", name).unlink(missing_ok=True)
        recordings.append(record(site, SVG, "recorded"))
    for first, second in zip(*recordings, strict=True):
        assert "image/svg+xml" in first
        assert first != second, "the time, at least, is another"
        assert without_run(first) == without_run(second)
