"""Guides from end to end: the runner records them, and pages show the recordings."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from recordings import runner
from recordings.library import open_library

if TYPE_CHECKING:
    from conftest import MakeSite, Site

    from recordings.events import Result

GUIDE = """---
file_format: mystnb
kernelspec: {name: python3}
---

# Guide

```{code-cell}
import torch

print("one")
```

```{code-cell}
:tags: [remove-cell]

hidden = b"x" * 200 * 2**20
```

```{code-cell}
:tags: [skip-execution]

print("never")
```

```{code-cell}
:tags: [hide-output]

print("four")
```
"""
TORCH = """
class cuda:
    is_available = staticmethod(lambda: True)
    get_device_name = staticmethod(lambda: "A GPU of this test")
"""


def make_project(make_site: MakeSite, files: dict[str, str]) -> Site:
    """Make a site with one recipe and these files."""
    return make_site(
        {
            "recipes/all/one.py": '"""\nOne\n===\n"""\n\nprint(1)\n',
            "docs/index.md": "# Site\n\n```{toctree}\n:glob:\n\nguides/*\n"
            "recipes/index\n```\n",
            **files,
        },
        extensions=["myst_nb", "recordings"],
        exclude_patterns=["_build", "**.ipynb", "**.md5"],
        nb_execution_mode="cache",
        nb_execution_raise_on_error=True,
        sphinx_gallery_conf={"image_scrapers": (), "reset_modules": ()},
    )


def run(site: Site, name: str) -> Result:
    """Have the runner record one guide."""
    library = open_library(site.root / "docs")
    entries = [each for each in library.entries() if each.recipe.path.stem == name]
    (result,) = runner.run(library, entries, anew=True)
    return result


# Pages -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    """Make a site with a guide, and record it."""
    site = make_project(
        make_site, {"docs/guides/guide.md": GUIDE, "docs/guides/torch.py": TORCH}
    )
    build = site.build()
    assert build.status == 0, build.stderr
    return site


def text_of(page: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", page).split())


def test_run_card_of_a_guide_tells_memory_and_gpu_of_its_kernel(site: Site) -> None:
    card = site.build().page("guides/guide.html").partition("run-card")[2]
    shown = text_of(card)
    assert "GPU : A GPU of this test" in shown
    found = re.search(r"Peak memory : (\d+) MiB", shown)
    assert found
    assert int(found[1]) > 200


def test_each_cell_says_how_long_it_ran(site: Site) -> None:
    file = site.root / "docs/recordings/guides/guide.ipynb"
    before = file.read_text("utf-8")
    recorded = json.loads(before)
    times = [each["metadata"]["recording"] for each in recorded["cells"]]
    assert [each["seconds"] is None for each in times] == [False, False, True, False]
    for number, each in enumerate(times, 1):
        each["seconds"] = each["seconds"] and 10.0 + number
    file.write_text(json.dumps(recorded), "utf-8")
    try:
        shown = re.sub(r"(?s)<script.*?</script>", "", page := built(site))
        assert page.count('class="recording-block-time docutils container"') == 2
        order = re.findall(r"one|never|four|\b1\d s\b", text_of(shown))
        assert order == ["one", "one", "11 s", "never", "four", "four", "14 s"]
        off = built(site, "-D", "recordings_block_times=0")
        assert "recording-block-time" not in off
        assert "11 s" not in text_of(off)
    finally:
        file.write_text(before, "utf-8")


def built(site: Site, *options: str) -> str:
    build = site.build("-D", "recordings_mode=replay", *options)
    assert build.status == 0, build.stderr
    return build.page("guides/guide.html")
