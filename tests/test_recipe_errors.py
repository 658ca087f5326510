"""Messages about recipes point at the recipe's own file and line."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from recipe_site.errors import header_line, raised_at, source_line

if TYPE_CHECKING:
    from conftest import MakeSite
    from forked import Build

EXTENSIONS = ["recipe_site"]
TITLE = '"""\nTitle\n=====\n\nText.\n"""\n\n'
GOOD = f"{TITLE}print(1)\n"
STEP = f"{GOOD}\n# %%\n# "

# A recipe of all shapes of block; each line of its text is there once.
SHAPES = '''\
# A licence
# of two lines
r"""

A title
=======

First sentence,
second line.
"""
# code at once,
# after two comments
print("one")
# %%
#
#
# A heading
# ---------
#
# A paragraph
# of two lines.
#
#     a literal block

# a comment of the code
print("many\\n" * 20)

##############################
# After a line of hashes
# comes text.

# %%

# a comment below a bare split
print("two")

# %%
# The end,
# really.
'''


@dataclass(frozen=True)
class Case:
    """A recipe, a piece of the line of it that is to blame, and what is said of it."""

    source: str | bytes
    blamed: str
    message: str

    @property
    def line(self) -> int:
        """The line that is to blame: the only one with *blamed*."""
        source = self.source
        text = source.decode("latin-1") if isinstance(source, bytes) else source
        (line,) = [n for n, t in enumerate(text.split("\n"), 1) if self.blamed in t]
        return line


# Recipes with a page, and one thing in it that Sphinx warns about.
WARNED = {
    "rule": Case('"""\nA title\n====\n"""\nprint()\n', "====", "Title underline too"),
    "role": Case('# (c)\n"""Title\n=====\n\n:no:`x`\n"""\n', ":no:", "Unknown int"),
    "role_in_text": Case(f"{GOOD}# %%\n#\n# A\n# :no:`x`\n", "A", "Unknown int"),
    "windows": Case(f"{STEP}:no:`x`\n".replace("\n", "\r\n"), ":no:", "Unknown int"),
    "directive": Case(f"{STEP}.. no::\n\nprint(2)\n", "no::", "Unknown directive type"),
    "list": Case(f"{STEP}- a\n# b\n", "# b", "Bullet list ends without"),
    "label": Case(f"{STEP}:ref:`nowhere`\n", ":ref:", "undefined label: 'nowhere'"),
    "object": Case(f"{STEP}:py:func:`f`\n", ":py:", "py:func reference target not"),
    "output": Case(f"{TITLE}print('x\\n' * 9)\n# %%\n# *a\n", "*a", "Inline emphasis"),
    "no_code": Case('"""\nTitle\n=====\n\n*a\n"""\n', "*a", "Inline emphasis"),
    "footer": Case(f"{STEP}A\n\n# sphinx_gallery_tags = ['*a']\n", "tags", "Inline e"),
}
# Recipes with a page that shows how running them failed.
GO = "def go():\n    raise OSError('a\\nb')\n\n# %%\n# Text.\n\ngo()\n"
RAISES = {
    "raises": Case(f"{GOOD}int('%s')\n", "'%s'", "ValueError: invalid literal"),
    "raises_within": Case(f"{TITLE}{GO}", "raise", "OSError: a"),
    "raises_elsewhere": Case(f"{GOOD}import ast\n\nast.parse(2)\n", "(2)", "TypeErr"),
    "raises_syntax": Case(f"{TITLE}exec('1 +')\n", "exec", "SyntaxError: invalid"),
}
# Recipes that Sphinx-Gallery cannot make a page of.
NO_DOCSTRING = "the recipe does not begin with a docstring"
NO_TITLE = "the docstring does not begin with an underlined title"
LITERAL = "sphinx_gallery_x is not a Python literal"
SETTING = f"{GOOD}\n# sphinx_gallery"
UNREADABLE = {
    "syntax": Case(f"{STEP}Text.\n\nif 1\n", "if 1", "SyntaxError: expected ':'"),
    "indentation": Case(f"{GOOD}  print(2)\n", "(2)", "IndentationError: unexpected"),
    "returns": Case(f"{GOOD}\nreturn\n", "return", "SyntaxError: 'return' outside"),
    "byte": Case(f"{GOOD}#\xe9".encode("latin-1"), "\xe9", "byte 0xe9 is not UTF-8"),
    "mark": Case(f"\ufeff{GOOD}", "\ufeff", "SyntaxError: invalid non-printable"),
    "empty": Case("", "", NO_DOCSTRING),
    "no_docstring": Case("# Licence\nimport json\n", "import", NO_DOCSTRING),
    "empty_docstring": Case('""""""\nprint()\n', '""""""', NO_DOCSTRING),
    "name_": Case("", "", NO_DOCSTRING),
    "no_title": Case('# Licence\n"""\n\nWords.\n\nMore.\n"""\n', "Words", NO_TITLE),
    "tiny_rule": Case('"""A title\n==\n"""\n', "A title", NO_TITLE),
    "only_rule": Case('"""\n=====\n\nText.\n"""\n', "=====", NO_TITLE),
    "setting": Case(f"{SETTING}_x = [a\r\n", "[a", f"{LITERAL}: [a [recipe"),
    "tags": Case(f"{SETTING}_tags = 'a'\n", "tags", "sphinx_gallery_tags is"),
    "number": Case(f"{SETTING}_thumbnail_number = ''\n", "thumb", "sphinx_gallery_t"),
    "ignore": Case(f"{SETTING}_start_ignore\n", "start", "sphinx_gallery_start"),
}
ALL = {**WARNED, **RAISES, **UNREADABLE}


def located(stderr: str) -> list[str]:
    """Return all messages but the summary, each "place: text"."""
    message = re.compile(
        r"^(.*?)(?:WARNING|ERROR): (?!Here is a sum)(.*)", re.MULTILINE
    )
    return [place + text for place, text in message.findall(stderr)]


def words(page: str) -> str:
    """Return what a reader sees of a page."""
    return html.unescape(re.sub(r"<[^>]+>", "", page))


@pytest.fixture(scope="module", params=["serial", "parallel"])
def build(make_site: MakeSite, request: pytest.FixtureRequest) -> Build:
    """Build one site with all faulty recipes, with good ones, and a faulty header."""
    sources = {name: case.source for name, case in ALL.items()}
    sources |= {"shapes": SHAPES, "good": GOOD}
    links = "".join(f"- :ref:`sphx_glr_recipes_a_{name}.py`\n" for name in UNREADABLE)
    files = {f"recipes/a/{name}.py": source for name, source in sources.items()}
    files["recipes/a/GALLERY_HEADER.rst"] = "Section\n=======\n\n:no:`x`\n"
    files["docs/links.rst"] = f":orphan:\n\nLinks\n=====\n\n{links}"
    options = {"serial": ["-j", "1"], "parallel": ["-j", "2", "--color"]}
    return make_site(files, extensions=EXTENSIONS).build(*options[request.param])


@pytest.mark.parametrize("name", ALL)
def test_message_names_file_and_line(build: Build, name: str) -> None:
    """Each fault is told once, with the recipe, the line and the cause."""
    told = [text for text in located(build.stderr) if f"/{name}.py:" in text]
    assert len(told) == 1, build.stderr
    assert told[0].startswith(
        f"recipes/a/{name}.py:{ALL[name].line}: {ALL[name].message}"
    )


def test_nothing_else_is_said(build: Build) -> None:
    """No fault has consequences: no message more, none about a generated file."""
    assert len(located(build.stderr)) == len(ALL) + 2  # a header is in two pages
    assert "docs/" not in build.stderr
    assert "report this error to the developers" not in build.stderr
    assert build.status == 1


@pytest.mark.parametrize("name", ["shapes", "good", *WARNED, *RAISES])
def test_other_pages_are_built(build: Build, name: str) -> None:
    """A recipe that can be read has its page, whatever is wrong with the others."""
    assert "cannot be built" not in build.page(f"recipes/a/{name}.html")


@pytest.mark.parametrize("name", UNREADABLE)
def test_page_says_that_it_could_not_be_built(build: Build, name: str) -> None:
    """A recipe that cannot be read has a page, at its address, that says why not."""
    page = words(build.page(f"recipes/a/{name}.html"))
    assert "This recipe cannot be built" in page
    assert f"recipes/a/{name}.py:{UNREADABLE[name].line}: " in page
    assert f"recipes/a/{name}.html" in build.page("links.html")


@pytest.mark.parametrize("name", RAISES)
def test_traceback_is_told(build: Build, name: str) -> None:
    """The traceback names the recipe's file and line, in the log and on the page."""
    frame = rf'File ".*/recipes/a/{name}\.py", line {RAISES[name].line}, in'
    assert re.search(frame, build.stderr)
    assert re.search(frame, words(build.page(f"recipes/a/{name}.html")))


# What stands in the page of the shapes, and where it comes from in the recipe.
LINES = {
    "A title": "A title",
    "second line.": "second line.",
    "A heading": "# A heading",
    "of two lines.": "# of two lines.",
    "    a literal block": "#     a literal block",
    "comes text.": "# comes text.",
    "really.": "# really.",
    '    print("one")': "# code at once,",
    "    # a comment of the code": "# a comment of the code",
    '    print("many\\n" * 20)': "# a comment of the code",
    "    many": "# a comment of the code",
    '    print("two")': "# a comment below a bare split",
    ".. _sphx_glr_recipes_a_shapes.py:": "A title",
    ".. _sphx_glr_download_recipes_a_shapes.py:": "# really.",
}


@pytest.mark.parametrize("made", LINES)
def test_line_of_page_comes_from_line_of_recipe(build: Build, made: str) -> None:
    """Text comes from the very line, what code made from its block's first line."""
    generated = (build.folder.parents[1] / "recipes/a/shapes.rst").read_text()
    recipe = [text.startswith(LINES[made]) for text in SHAPES.split("\n")]
    assert recipe.count(True) == 1
    line = generated.split("\n").index(made) + 1
    assert source_line(generated, line, SHAPES) == recipe.index(True) + 1


def test_line_of_index_comes_from_line_of_header() -> None:
    """Only the lines of the header are the header's."""
    index, header = "a\nb\nT\n=\nText\n\nc\n", "T\n=\nText\n\n"
    lines = [header_line(index, line, header) for line in range(2, 7)]
    assert lines == [None, 1, 2, 3, None]


def test_raise_outside_of_the_recipe_blames_its_first_line() -> None:
    """A figure that cannot be saved has no frame in the recipe."""
    traceback = 'Traceback (most recent call last):\n  File "a.py", line 7\nOSError: b'
    assert raised_at(traceback, "a.py") == (7, "OSError: b")
    assert raised_at(traceback, "c.py") == (1, "OSError: b")


def test_header_of_a_section_is_named(build: Build) -> None:
    """A header is in two generated pages, and is named for both."""
    where = "recipes/a/GALLERY_HEADER.rst:4: Unknown interpreted text role"
    told = [text for text in located(build.stderr) if "HEADER" in text]
    assert [text.startswith(where) for text in told] == [True, True]


def test_galleries_elsewhere(make_site: MakeSite) -> None:
    """Folders are those of the settings; types of warnings are kept."""
    folders = {"examples_dirs": ["../cookbook"], "gallery_dirs": ["made/pages"]}
    files = {
        "docs/index.rst": "Site\n====\n\n.. toctree::\n\n   made/pages/index\n",
        "cookbook/GALLERY_HEADER.rst": "Cookbook\n========\n",
        "cookbook/role.py": f"{STEP}:no:`x` and :ref:`nowhere`\n",
        "cookbook/empty.py": "",
        "cookbook/_draft.py": "",
    }
    conf: dict[str, object] = {"suppress_warnings": ["ref.ref"]}
    conf["sphinx_gallery_conf"] = {**folders, "ignore_pattern": "^_"}
    build = make_site(files, extensions=EXTENSIONS, **conf).build()
    unreadable, role = located(build.stderr)
    assert unreadable.startswith(f"cookbook/empty.py:1: {NO_DOCSTRING}")
    assert role.startswith("cookbook/role.py:11: Unknown interpreted text role")
    assert "cookbook/empty.py:1: " in words(build.page("made/pages/empty.html"))


@pytest.mark.parametrize(
    "source", ["", f"{TITLE}1 / 0\n"], ids=["unreadable", "raises"]
)
def test_fails_without_strictness(make_site: MakeSite, source: str) -> None:
    """A recipe that failed is no mere warning."""
    site = make_site({"recipes/a/bad.py": source}, extensions=EXTENSIONS)
    assert site.build(strict=False).status == 1


def test_expected_failure_passes(make_site: MakeSite) -> None:
    """What Sphinx-Gallery is told to expect is not a failure."""
    site = make_site(
        {"recipes/a/bad.py": f"{TITLE}1 / 0\n"},
        extensions=EXTENSIONS,
        sphinx_gallery_conf={"expected_failing_examples": ["../recipes/a/bad.py"]},
    )
    assert site.build().status == 0


def test_page_comes_back_with_the_recipe(make_site: MakeSite) -> None:
    """Repaired, a recipe has its page again; deleted, it leaves none."""
    bad, good = {"recipes/a/one.py": GOOD[3:]}, {"recipes/a/one.py": GOOD}
    site = make_site({**good, "recipes/a/two.py": GOOD}, extensions=EXTENSIONS)
    for files, status, says in ((good, 0, False), (bad, 1, True), (good, 0, False)):
        site.write(files)
        build = site.build()
        assert build.status == status, build.stderr
        assert ("cannot be built" in build.page("recipes/a/one.html")) is says
    site.write(bad)
    site.build()
    (site.root / "recipes/a/one.py").unlink()
    build = site.build()
    assert build.status == 0, build.stderr
    assert not (site.root / "docs/recipes/a/one.rst").exists()
