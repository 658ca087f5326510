"""Messages about recipes point at the recipe's own file and line, and end no build."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from recipe_site.unreadable import find_fault

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeSite
    from forked import Build

TITLE = '"""\nTitle\n=====\n\nText.\n"""\n\n'
GOOD = f"{TITLE}print(1)\n"
STEP = f"{GOOD}\n# %%\n# "
SHOWS_COLLECTION = """
import gc
def setup(app):
    app.connect("build-finished", lambda *_: print("collects:", gc.isenabled()))
"""


@dataclass(frozen=True)
class Case:
    """A recipe, a piece of the line of it that is to blame, and what is said of it."""

    source: str | bytes
    blamed: str
    message: str

    @property
    def line(self) -> int:
        """The line that is to blame: the only one with *blamed*, or the first."""
        source = self.source
        text = source.decode("latin-1") if isinstance(source, bytes) else source
        (line,) = [
            n
            for n, written in enumerate(text.split("\n"), 1)
            if (self.blamed in written if self.blamed else n == 1)
        ]
        return line


# Recipes with a page, and one thing in it that Sphinx warns about.
WARNED = {
    "rule": Case('"""\nA title\n====\n"""\nprint()\n', "====", "Title underline too"),
    "role": Case('# (c)\n"""Title\n=====\n\n:no:`x`\n"""\n', ":no:", "Unknown int"),
    "role_in_text": Case(f"{GOOD}# %%\n#\n# A\n# :no:`x`\n", "A", "Unknown int"),
    "hashes": Case(f"{GOOD}{'#' * 30}\n# A\n#\n# :no:`x`\n", ":no:", "Unknown int"),
    "twice": Case(f"{STEP}A\nprint(2)\n# %%\n# :no:`x` A\n", ":no:", "Unknown int"),
    "windows": Case(f"{STEP}:no:`x`\n".replace("\n", "\r\n"), ":no:", "Unknown int"),
    "directive": Case(f"{STEP}.. no::\n\nprint(2)\n", "no::", "Unknown directive type"),
    "list": Case(f"{STEP}- a\n# b\n", "# b", "Bullet list ends without"),
    "label": Case(f"{STEP}:ref:`nowhere`\n", ":ref:", "undefined label: 'nowhere'"),
    "object": Case(f"{STEP}:py:func:`f`\n", ":py:", "py:func reference target not"),
    "output": Case(f"{TITLE}print('x\\n' * 9)\n# %%\n# *a\n", "*a", "Inline emphasis"),
    "no_code": Case('"""\nTitle\n=====\n\n*a\n"""\n', "*a", "Inline emphasis"),
    "footer": Case(f"{STEP}A\n\n# sphinx_gallery_tags = ['*a']\n", "tags", "Inline e"),
}
# Recipes with a page that shows how running them failed, as Sphinx-Gallery does it.
GO = "def go():\n    raise OSError('a\\nb')\n\n# %%\n# Text.\n\ngo()\n"
RAISES = {
    "raises": Case(f"{GOOD}int('%s')\n", "'%s'", "ValueError: invalid literal"),
    "raises_within": Case(f"{TITLE}{GO}", "raise", "OSError: a"),
    "syntax": Case(f"{STEP}Text.\n\nif 1\n", "if 1", "SyntaxError: expected ':'"),
    "returns": Case(f"{GOOD}\nreturn\n", "return", "SyntaxError: 'return' outside"),
}
# Recipes that Sphinx-Gallery cannot make a page of, and would end the build at.
SETTING = f"{GOOD}\n# sphinx_gallery"
UNREADABLE = {
    "byte": Case(f"{GOOD}#\xe9".encode("latin-1"), "\xe9", "byte 0xe9 is not UTF-8"),
    "empty": Case("", "", "Could not find docstring in file"),
    "no_docstring": Case("# Licence\nimport json\n", "# L", "Could not find docstring"),
    "empty_docstring": Case('""""""\nprint()\n', '""""""', "Example docstring should"),
    "only_rule": Case('"""\n=====\n\nText.\n"""\n', "", "Could not find a title in"),
    "setting": Case(f"{SETTING}_x = [a\r\n", "[a", "sphinx_gallery_x must be a Python"),
    "tags": Case(f"{SETTING}_tags = 'a'\n", "tags", "sphinx_gallery_tags must be a l"),
    "number": Case(f"{SETTING}_thumbnail_number = ''\n", "thumb", "sphinx_gallery_t"),
    "ignore": Case(f"{SETTING}_start_ignore\n", "", 'All "sphinx_gallery_start_'),
}
LOCATED = {**WARNED, **UNREADABLE}


def located(stderr: str) -> list[str]:
    """Return all messages but those of recipes that raised, each "place: text"."""
    message = re.compile(
        r"^(.*?)(?:WARNING|ERROR): (?!Here is a sum)(.+)", re.MULTILINE
    )
    return [place + text for place, text in message.findall(stderr)]


@pytest.fixture(scope="module")
def build(make_site: MakeSite) -> Build:
    """Build one site with all faulty recipes, a good one, and a faulty header."""
    cases = {**LOCATED, **RAISES}
    files = {f"recipes/a/{name}.py": case.source for name, case in cases.items()}
    files["recipes/a/good.py"] = GOOD
    files["recipes/a/GALLERY_HEADER.rst"] = "Section\n=======\n\n:no:`x`\n"
    site = make_site(
        files,
        extensions=["recipe_site"],
        sphinx_gallery_conf={"only_warn_on_example_error": True},
    )
    conf = site.root / "docs/conf.py"
    conf.write_text(conf.read_text("utf-8") + SHOWS_COLLECTION, "utf-8")
    return site.build("-j", "2")


@pytest.mark.parametrize("name", LOCATED)
def test_message_names_file_and_line(build: Build, name: str) -> None:
    """Each fault is told once, with the recipe, the line and the cause."""
    told = [text for text in located(build.stderr) if f"/{name}.py:" in text]
    assert len(told) == 1, build.stderr
    case = LOCATED[name]
    assert told[0].startswith(f"recipes/a/{name}.py:{case.line}: {case.message}")


@pytest.mark.parametrize("name", RAISES)
def test_traceback_names_file_and_line(build: Build, name: str) -> None:
    case = RAISES[name]
    frame = (
        rf'/recipes/a/{name}\.py", line {case.line}\b(?s:.*?){re.escape(case.message)}'
    )
    assert re.search(frame, build.stderr)
    assert name in build.page(f"recipes/a/{name}.html")


def test_nothing_else_is_said(build: Build) -> None:
    """No fault has consequences: no message more, none about a generated file."""
    told = located(build.stderr)
    header = "recipes/a/GALLERY_HEADER.rst:4: Unknown interpreted text role"
    of_header = [text for text in told if text.startswith(header)]
    assert len(of_header) == 2  # it is in two pages
    assert len(told) == len(LOCATED) + len(of_header), "\n".join(told)
    assert "docs/" not in build.stderr
    assert "report this error to the developers" not in build.stderr
    assert build.status == 1


def test_recipes_that_can_be_read_have_their_pages_and_no_others(build: Build) -> None:
    made = {path.stem for path in build.folder.glob("recipes/a/*.html")}
    assert made == {"index", "good", *WARNED, *RAISES}


def test_garbage_collection_is_off_in_a_build(build: Build) -> None:
    assert "collects: False" in build.stdout


def test_galleries_elsewhere(make_site: MakeSite) -> None:
    """Folders are those of the settings; types of warnings are kept."""
    folders = {"examples_dirs": ["../cookbook"], "gallery_dirs": ["made/pages"]}
    files = {
        "docs/index.rst": "Site\n====\n\n.. toctree::\n\n   made/pages/index\n",
        "docs/made/index.rst": ":orphan:\n\nMine\n====\n",
        "cookbook/GALLERY_HEADER.rst": "Cookbook\n========\n",
        "cookbook/role.py": f"{STEP}:no:`x` and :ref:`nowhere`\n",
        "cookbook/empty.py": "",
        "cookbook/_draft.py": "",
    }
    conf: dict[str, object] = {"suppress_warnings": ["ref.ref"]}
    conf["sphinx_gallery_conf"] = {**folders, "ignore_pattern": "^_"}
    build = make_site(files, extensions=["recipe_site"], **conf).build()
    empty, role = located(build.stderr)
    assert empty.startswith("cookbook/empty.py:1: Could not find docstring")
    assert role.startswith("cookbook/role.py:11: Unknown interpreted text role")
    assert "Mine" in build.page("made/index.html")


def test_a_fault_is_said_by_each_build_until_it_is_mended(make_site: MakeSite) -> None:
    faulty = {"recipes/a/one.py": f"{STEP}:ref:`nowhere`\n"}
    page = {"docs/guide.rst": "Guide\n=====\n\n:ref:`nowhere`\n"}
    index = {
        "docs/index.rst": "Site\n====\n\n.. toctree::\n\n   recipes/index\n   guide\n"
    }
    site = make_site({**faulty, **page, **index}, extensions=["recipe_site"])
    for _ in range(3):
        build = site.build(strict=False)
        assert build.stderr.count("undefined label") == 2, build.stderr
    site.write({"recipes/a/one.py": GOOD, "docs/guide.rst": "Guide\n=====\n"})
    for _ in range(2):
        assert site.build().status == 0


def test_settings_in_the_last_lines_are_looked_at(make_site: MakeSite) -> None:
    def recipe(title: str, last: str) -> str:
        return f"{GOOD.replace('Title', title)}\n# sphinx_gallery_{last}\n"

    site = make_site(
        {
            "recipes/a/one.py": recipe("First", "position = 1"),
            "recipes/a/two.py": recipe("Other", "position = 1"),
            "recipes/a/three.py": recipe("Third", 'costs = "1 s"'),
            "recipes/a/four.py": recipe("Fours", "odd = 1"),
        },
        extensions=["recipe_site"],
    )
    three, two = located(site.build(strict=False).stderr)
    known = "there is no setting sphinx_gallery_costs; did you mean cost?"
    assert three.startswith(f"recipes/a/three.py:10: {known}")
    place = "place 1 of this section is that of one.py; give it another"
    assert two.startswith(f"recipes/a/two.py:10: {place}")


def test_a_recipe_without_a_title_is_named(make_site: MakeSite) -> None:
    untitled = '"""\nText.\n"""\n\n# %%\n# In short\n# --------\nprint(1)\n'
    site = make_site({"recipes/a/one.py": untitled}, extensions=["recipe_site"])
    said = "recipes/a/one.py:1: it has no title; write one in its docstring, underlined"
    assert any(each.startswith(said) for each in located(site.build().stderr))


TITLES = {
    "code": "``nn.Module`` in a minute\n=========================",
    "quoted": "“Why?”\n======",
    "chinese": "图\n==",
    "short": "T\n=",
    "between": "=====\nTitle\n=====",
    "inset": "=======\n Title\n=======",
    "underscores": "Title\n_____",
    "label": ".. _here:\n\nTitle\n=====",
}


@pytest.mark.parametrize("name", TITLES)
def test_a_legal_title_is_one(tmp_path: Path, name: str) -> None:
    script = tmp_path / "x.py"
    script.write_text(f'"""\n{TITLES[name]}\n\nText.\n"""\n\nprint(1)\n', "utf-8")
    assert find_fault(script) is None


def test_page_comes_back_with_the_recipe(make_site: MakeSite) -> None:
    """Repaired, a recipe has its page again; broken or deleted, it leaves none."""
    bad, good = {"recipes/a/one.py": "print(1)"}, {"recipes/a/one.py": GOOD}
    two = {"recipes/a/two.py": GOOD}
    site = make_site({**good, **two}, extensions=["recipe_site"])
    for files, status in ((good, 0), (bad, 1), (good, 0)):
        site.write(files)
        build = site.build()
        assert build.status == status, build.stderr
        assert (build.folder / "recipes/a/one.html").is_file() is (status == 0)
    (site.root / "recipes/a/one.py").unlink()
    build = site.build()
    assert build.status == 0, build.stderr
    assert {path.stem for path in build.folder.glob("recipes/a/*")} == {"index", "two"}
    assert not list(site.root.glob("docs/recipes/a/one.*"))
