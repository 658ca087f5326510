"""With `recordings` on, a foreign gallery is what plain Sphinx-Gallery makes of it."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import nbformat
import pytest
from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeSite, Site

OWN = {"run-card", "recording-note"}
"""Classes of what `recordings` adds to a page."""
OTHERWISE = {".ipynb", ".zip", ".md5", ".pyc", ".js", ".inv"}
"""Suffixes of files that hold outputs, digests or an order."""
NOT_OF_PAGES = (
    *("recordings/", "_build/recordings/", "_build/html/.doctrees"),
    "_build/html/_static",
)
LIBRARY = {
    "src/lib/__init__.py": '"""Lib."""\nfrom lib.deep import *\n\ndel hidden\n',
    "src/lib/deep/__init__.py": '''\
"""Deep."""


class Base:
    """Base."""

    def of_base(self):
        """Give one."""
        return 1


class Thing(Base):
    """Thing."""

    @property
    def size(self):
        """Give two."""
        return 2

    def method(self):
        """Give three."""
        return 3


class Full:
    """Full."""


def make():
    """Make a thing."""
    return Thing()


def hidden():
    """Give nothing."""


def own():
    """Give nothing."""
''',
}
FIRST = """\
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "src"))
"""


def recipe(title: str, code: str, words: str = "Words.") -> str:
    return f'"""\n{title}\n{"=" * 40}\n\n{words}\n"""\n\n{code}\n'


def twin(
    make_site: MakeSite,
    files: dict[str, str | bytes],
    conf: str = "",
    *,
    extensions: tuple[str, ...] = (),
    draws: bool = False,
    **gallery: object,
) -> tuple[Site, Site]:
    """Make a site twice: plain, and with recordings."""

    def make(*more: str) -> Site:
        site = make_site(
            files,
            draws=draws,
            extensions=[*extensions, *more],
            recordings_block_times=False,
            sphinx_gallery_conf={"min_reported_time": 1e9, **gallery},
        )
        file = site.root / "docs/conf.py"
        file.write_text(f"{FIRST}{file.read_text('utf-8')}\n{conf}", "utf-8")
        return site

    return make(), make("recordings")


def built(site: Site, *options: str, strict: bool = True) -> dict[str, bytes | str]:
    """Build a site anew; give its pages, and all that Sphinx-Gallery wrote for them."""
    docs = site.root / "docs"
    for name in ("_build", "recipes", "gen"):
        shutil.rmtree(docs / name, ignore_errors=True)
    build = site.build(*options, strict=strict)
    assert build.status == 0, build.stderr
    found: dict[str, bytes | str] = {}
    for path in sorted(docs.rglob("*")):
        name = re.sub("_downloads/[0-9a-f]+", "_downloads", str(path.relative_to(docs)))
        if path.is_file() and not (
            path.suffix in OTHERWISE
            or name.startswith(NOT_OF_PAGES)
            or name.endswith(("conf.py", ".cost.json", ".buildinfo"))
        ):
            found[name] = _compared(path, site.root)
    return found


def _compared(path: Path, root: Path) -> bytes | str:
    """Return a file's content without what may differ."""
    try:
        text = path.read_text("utf-8").replace(f"{root}/recipes/all/", "")
        text = text.replace(str(root), "ROOT")
    except UnicodeDecodeError:
        return path.read_bytes()
    if path.suffix == ".json":
        return json.dumps(json.loads(text), sort_keys=True)
    if path.suffix == ".html":
        page = BeautifulSoup(text, "html.parser")
        for each in page.find_all(class_=[*OWN]):
            each.decompose()
        text = re.sub(r"_downloads/[0-9a-f]+|\?v=[0-9a-f]+", "", str(page))
        return re.sub(r"\n\s*\n+", "\n", text)
    return text


def assert_equal(plain: dict[str, bytes | str], found: dict[str, bytes | str]) -> None:
    assert plain.keys() == found.keys()
    for name, content in plain.items():
        assert found[name] == content, name


USES = """\
import lib
import lib.deep as deep
from lib.deep import Full, make


class Own(lib.Base):
    def method(self):
        return 4


thing = make()
print(thing.method(), thing.of_base(), thing.size, Own().method())
own = Own()
own.of_base()
deep.hidden()

# %%
# See :meth:`lib.Thing.method` and `lib.Base`.


def inner():
    local = lib.Thing()
    return local.method()


def never():
    return Full, thing.no_such, lib.no_such
"""
FAILS = "import lib\n\nit = lib.make()\nit.method()\nraise ValueError(it.size)\nit.no\n"
INDEX = """\
Index
=====

.. toctree::

   recipes/index

.. minigallery:: lib.Thing.method lib.Base lib.make lib.Full

.. automodule:: lib
   :members:
   :imported-members:

.. automodule:: lib.deep
   :members: hidden
"""


@pytest.mark.parametrize("inspects", [True, False])
def test_links_from_code_and_mini_galleries(
    make_site: MakeSite, *, inspects: bool
) -> None:
    files: dict[str, str | bytes] = {
        **LIBRARY,
        "docs/index.rst": INDEX,
        "recipes/all/uses.py": recipe(
            "Uses", USES, "Of :class:`~lib.Full`, :func:`lib.deep.own`."
        ),
        "recipes/all/fails.py": recipe("Fails", FAILS),
        "recipes/all/_none.py": recipe("Not run", "import lib\nlib.make()"),
    }
    plain, recorded = twin(
        make_site,
        files,
        "default_role = 'py:obj'",
        extensions=("sphinx.ext.autodoc",),
        filename_pattern="/[a-z]+[.]py$",
        inspect_global_variables=inspects,
        backreferences_dir="gen",
        doc_module=("lib",),
        exclude_implicit_doc={"hidden"},
        prefer_full_module={r"lib\.deep\.Full"},
        expected_failing_examples=["../recipes/all/fails.py"],
    )
    expected = built(plain, strict=False)
    assert_equal(expected, built(recorded, strict=False))
    page = str(expected["_build/html/recipes/all/uses.html"])
    mentions = page.count('title="lib.Thing.method"')
    assert mentions == (2 if inspects else 1), "one is in the prose"
    assert "gen/lib.Thing.method.examples" in expected
    assert "gen/lib.own.examples" in expected, "short, though only prose names it"
    assert 'title="lib.make"' in page
    # The prose is read as it is now, and what the code knows is from the recording.
    for site in (plain, recorded):
        path = site.root / "recipes/all/uses.py"
        path.write_text(path.read_text("utf-8").replace("~lib.Full", "lib.deep.hidden"))
    edited = built(plain, strict=False)
    assert "gen/lib.deep.hidden.examples" in edited
    assert_equal(edited, built(recorded, "-Drecordings_mode=replay", strict=False))


SCRAPER = '''
def scrape(block, block_vars, gallery_conf):
    """Write what scrapers write: pages, films, other sizes, files of the site."""
    from sphinx_gallery.scrapers import figure_rst

    kind = block_vars["example_globals"].pop("SHOW", None)
    source = pathlib.Path(gallery_conf["src_dir"])
    paths = block_vars["image_path_iterator"]
    if kind is None:
        return ""
    path = pathlib.Path(next(paths))
    folder = path.parent.relative_to(source).as_posix()
    path.write_bytes(PIXEL)
    if kind == "sizes":
        twice = path.with_name(f"{path.stem}_2_00x.png")
        twice.write_bytes(PIXEL)
        return figure_rst([path], source, "Two", srcsetpaths=[{0: path, 2.0: twice}])
    if kind == "page":
        path.with_suffix(".html").write_text(f"<b>{gallery_conf['builder_name']}</b>")
        path.with_suffix(".svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
        return f"""
.. raw:: html
   :file: {path.with_suffix(".html")}

.. image:: /{folder}/{path.stem}.svg

"""
    (path.parent / "film.mp4").write_bytes(b"\\0film")
    (source / "_static").mkdir(exist_ok=True)
    (source / "_static/data.json").write_text("[1]")
    return f"""
:download:`film </{folder}/film.mp4>`, :download:`data </_static/data.json>`

"""


import base64

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9aw"
    "AAAABJRU5ErkJggg=="
)
sphinx_gallery_conf["image_scrapers"] = ("matplotlib", scrape)
suppress_warnings = ["config.cache"]
'''
DRAWS = """\
import matplotlib.pyplot as plt

for n in range(2):
    plt.figure()
    plt.plot([n, 2])
    plt.title(f"Picture {n}")

# %%
# Other sizes, in a scraper of its own.

SHOW = "sizes"

# %%
# HTML.

SHOW = "page"

# %%
# Films.

SHOW = "film"
plt.figure()
_ = plt.title("Before a film")
"""


def test_all_that_scrapers_write(make_site: MakeSite) -> None:
    files: dict[str, str | bytes] = {"recipes/all/draws.py": recipe("Draws", DRAWS)}
    plain, recorded = twin(
        make_site, files, SCRAPER, draws=True, image_srcset=["2x", "1.5x"]
    )
    expected = built(plain)
    assert "recipes/all/images/sphx_glr_draws_002_1_50x.png" in expected
    assert "_build/html/_downloads/film.mp4" in expected
    assert_equal(expected, built(recorded))
    (recorded.root / "docs/_static/data.json").unlink()
    assert_equal(expected, built(recorded, "-Drecordings_mode=replay"))
    notebook = nbformat.read(
        recorded.root / "docs/recipes/all/draws.ipynb", as_version=4
    )
    kinds = {
        kind
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        for kind in output.get("data", {})
    }
    assert kinds == {"image/png"}, "nothing that only a page can show"
    # What is written goes with a recipe that is renamed.
    for site in (plain, recorded):
        folder = site.root / "recipes/all"
        (folder / "draws.py").rename(folder / "renamed.py")
    expected = built(plain)
    assert_equal(expected, built(recorded, "-Drecordings_mode=replay"))
    assert "recipes/all/images/sphx_glr_renamed_004.html" in expected


HOOKS = '''
def header(gallery_conf, name):
    from sphinx_gallery import gen_rst

    if "keywords" not in gen_rst.EXAMPLE_HEADER:
        gen_rst.EXAMPLE_HEADER += "\\n.. meta::\\n   :keywords: of a hook\\n\\n"


class Footer:
    def __call__(self, gallery_conf, name, when):
        from sphinx_gallery import gen_rst

        gen_rst.SPHX_GLR_SIG = f"\\n\\nMade {when} {name}\\n"


def not_here(gallery_conf, name):
    if "recordings" in extensions and "recordings.page.build" in sys.modules:
        import no_such_package


def look(app):
    """Do as Autosummary: look at the functions of a package, at the same event."""
    from sphinx_gallery import gen_rst

    for name, it in vars(gen_rst).items():
        assert not callable(it) or "recordings" not in (it.__module__ or ""), name


def setup(app):
    for priority in (10, 449, 451, 500, 501, 549, 900):
        app.connect("builder-inited", look, priority=priority)


sphinx_gallery_conf["reset_modules"] = (header, Footer(), not_here, "hooks.named")
suppress_warnings = ["config.cache"]
'''
NAMED = '''
from pathlib import Path


def named(gallery_conf, name):
    """Note where this was run."""
    (Path(__file__).parent / "named.txt").open("a").write(f"{name}\\n")
'''
DUMMY = "\n\n# sphinx_gallery_dummy_images = 2\n# sphinx_gallery_thumbnail_number = 2"


def test_hooks_and_pages_where_nothing_runs(make_site: MakeSite) -> None:
    files: dict[str, str | bytes] = {
        "docs/hooks.py": NAMED,
        "recipes/all/plot_runs.py": recipe("Runs", f"print(1){DUMMY}"),
        "recipes/all/never_run.py": recipe("Never run", f"print(2){DUMMY}"),
    }
    plain, recorded = twin(
        make_site,
        files,
        f"sys.path.insert(0, str(pathlib.Path(__file__).parent))\n{HOOKS}",
        filename_pattern="/plot_",
        reset_modules_order="both",
        show_signature=True,
    )
    off = "-Dplot_gallery=0"
    without_output = built(plain, off)
    assert "recipes/all/images/sphx_glr_plot_runs_002.png" in without_output
    quiet = "-Dsuppress_warnings=config.cache,recordings.missing"
    assert_equal(without_output, built(recorded, off, quiet))
    notes = [site.root / "docs/named.txt" for site in (plain, recorded)]
    assert not any(note.exists() for note in notes)
    expected, found = built(plain), built(recorded)
    for result, note in zip((expected, found), notes, strict=True):
        assert result.pop("named.txt")
        note.unlink()
    assert_equal(expected, found)
    page = str(expected["_build/html/recipes/all/plot_runs.html"])
    assert "of a hook" in page
    assert "Made after plot_runs.py" not in page
    assert "Made before plot_runs.py" in page
    assert_equal(expected, built(recorded, "-Drecordings_mode=replay"))
    assert not notes[1].exists(), "a name stands for what recipes use"


PROSE = """Of `lib.make`, |lib| and one_.

.. image:: /_static/p.png
   :alt: A pixel.

.. code-block:: bash

   %%bash
   ls
"""


def test_notebooks_obey_the_settings(make_site: MakeSite) -> None:
    site = make_site(
        {
            "recipes/all/one.py": recipe("One", "print(1)", PROSE),
            "docs/_static/p.png": b"\x89PNG",
            "docs/page.md": "# Page\n",
            # What a failed run left.
            "docs/_build/recordings/logs/recipes/all/two.ipynb": "no notebook",
        },
        extensions=["myst_nb", "recordings"],
        default_role="obj",
        rst_prolog=".. |lib| replace:: The Library",
        rst_epilog=".. _one: https://a.b",
        exclude_patterns=["recipes/**.ipynb"],
        sphinx_gallery_conf={
            "first_notebook_cell": "%matplotlib inline",
            "last_notebook_cell": "# The end",
            "notebook_images": True,
            "promote_jupyter_magic": True,
        },
    )
    build = site.build(strict=False)
    assert build.status == 0, build.stderr
    # MyST-NB would take each notebook for a page.
    assert (site.root / "docs/recordings/recipes/all/one.ipynb").is_file()
    assert not (build.folder / "recordings").exists()
    assert not (build.folder / "_build").exists()
    assert "recordings" not in build.stderr.replace("[recordings", "")
    made = nbformat.read(site.root / "docs/recipes/all/one.ipynb", as_version=4)
    nbformat.validate(made)
    first, prose, magic, code, last, card = made.cells
    assert (first.source, last.source) == ("%matplotlib inline", "# The end")
    assert "Of `lib.make`, The Library and [one](https://a.b)." in prose.source
    assert '<img src="data:image/png;base64,iVBORw==" alt="A pixel.">' in prose.source
    assert magic.cell_type == "code"
    assert magic.source == "%%bash\nls"
    assert code.outputs[0].text == "1\n"
    assert "How this output was made" in card.source
