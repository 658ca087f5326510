"""Settings of a build that conf.py alone does not give, and the recipes it records."""

import json
from pathlib import Path

import pytest
from conftest import MakeSite, Site

RECIPE = (
    '"""\nOne\n===\n\nText.\n"""\n\nprint("printed")\n\n# %%\n# A value.\n\n"shown"\n'
)
NAME = "docs/recordings/recipes/all/one.ipynb"

SETUP = """
def setup(app):
    app.connect("config-inited", change)


def change(app, config):
    config.sphinx_gallery_conf["ignore_repr_types"] = "str"
    config.recordings_requirements = ["numbers==2.0"]
"""
TAGS = """
if tags.has("quiet"):
    sphinx_gallery_conf["ignore_repr_types"] = "str"
"""
# Which Sphinx-Gallery tells from an empty list.
EMPTY_TUPLE = """
def setup(app):
    app.connect("config-inited", change)


def change(app, config):
    config.sphinx_gallery_conf["capture_repr"] = ()
"""
SCRAPERS = """
def scrape(block, block_vars, gallery_conf):
    return ""


def scrape_otherwise(block, block_vars, gallery_conf):
    return ""


def setup(app):
    app.connect("config-inited", change)


def change(app, config):
    config.sphinx_gallery_conf["image_scrapers"] = (scrape_otherwise,)


sphinx_gallery_conf["image_scrapers"] = (scrape,)
"""


def site_with(make_site: MakeSite, conf: str = "") -> Site:
    """Make a site of one recipe, with more in its conf.py."""
    site = make_site({"recipes/all/one.py": RECIPE}, extensions=["recordings"])
    file = site.root / "docs" / "conf.py"
    file.write_text(file.read_text("utf-8") + conf, "utf-8")
    return site


def recorded(site: Site) -> dict[str, object]:
    """Give the ingredients of the recording, and the types of its outputs."""
    notebook = json.loads((site.root / NAME).read_text("utf-8"))
    ingredients: dict[str, object] = notebook["metadata"]["recording"]["ingredients"]
    outputs = [each for cell in notebook["cells"] for each in cell["outputs"]]
    return {**ingredients, "outputs": [each["output_type"] for each in outputs]}


@pytest.mark.parametrize(
    ("conf", "arguments"),
    [
        (SETUP, ()),
        (EMPTY_TUPLE, ()),
        (TAGS, ("-t", "quiet")),
        ("", ("-D", "sphinx_gallery_conf.ignore_repr_types=str")),
        ("", ("-D", "recordings_requirements=numbers==2.0")),
        ("", ("-D", "recordings_data.Numbers=aa")),
    ],
    ids=["setup", "empty tuple", "tag", "gallery's -D", "our -D", "part of our -D"],
)
def test_a_build_records_with_its_own_settings(
    make_site: MakeSite, conf: str, arguments: tuple[str, ...]
) -> None:
    site = site_with(make_site, conf)
    build = site.build(*arguments)
    assert build.status == 0, build.stderr
    found = recorded(site)
    if "repr" in f"{conf}{arguments}":
        assert found["outputs"] == ["stream"], "the value was not to be captured"
    if "numbers" in f"{conf}{arguments}":
        assert found["packages"] == {"numbers": "2.0"}
    replayed = site.build(*arguments, "-D", "recordings_mode=replay", "-E")
    assert replayed.status == 0, replayed.stderr


def test_what_cannot_be_handed_over_is_told_before_anything_runs(
    make_site: MakeSite,
) -> None:
    site = site_with(make_site, SCRAPERS)
    build = site.build()
    assert build.status == 1
    assert "setting image_scrapers: ['scrape_otherwise'] → ['scrape']" in build.stderr
    assert "set them in conf.py itself" in build.stderr
    assert not (site.root / NAME).exists()


def test_an_object_that_conf_py_sets_itself_is_no_fault(make_site: MakeSite) -> None:
    conf = SCRAPERS.replace("(scrape_otherwise,)", "(scrape,)")
    site = site_with(make_site, conf)
    build = site.build("-D", "suppress_warnings=config.cache")
    assert build.status == 0, build.stderr
    assert Path(site.root / NAME).is_file()


GUIDE = """\
---
file_format: mystnb
kernelspec: {name: python3}
---
# A guide

```{code-cell}
print("forty two")
```
"""


def test_a_guide_is_recorded_with_the_build_s_settings(make_site: MakeSite) -> None:
    index = "Site\n====\n\n.. toctree::\n\n   recipes/index\n   guide\n"
    site = make_site(
        {"docs/index.rst": index, "docs/guide.md": GUIDE},
        extensions=["recordings", "myst_nb"],
        exclude_patterns=["**.ipynb"],
        nb_execution_mode="off",
    )
    build = site.build("-D", "nb_execution_mode=cache")
    assert build.status == 0, build.stderr
    assert "forty two" in build.page("guide.html")
