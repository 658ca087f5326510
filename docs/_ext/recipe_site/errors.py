"""Make every message about a recipe point at the recipe's own file and line.

Sphinx-Gallery writes a page of reStructuredText for each recipe, and Sphinx reports
what is wrong with it there, in a file that nobody wrote. Where a recipe cannot even be
read, Sphinx-Gallery ends the whole build, at times without the recipe's name. Here

- a warning names the line of the recipe or gallery header that it comes from;
- a recipe that raises is reported at the line that raised;
- a recipe that cannot be read is reported before the gallery begins and left out of it;
  a page that says so stands in for it, so that links to it still lead somewhere;
- each such recipe fails the build, after all other pages are built.
"""

from __future__ import annotations

import ast
import logging
import os
import re
import warnings
from itertools import takewhile
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Final, NamedTuple

from docutils.utils import column_width
from sphinx.util.logging import SphinxLogRecord, WarningStreamHandler, getLogger
from sphinx_gallery.gen_gallery import get_subsections
from sphinx_gallery.py_source_parser import INFILE_CONFIG_PATTERN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx.application import Sphinx

_logger = getLogger(__name__)


# What is wrong with a recipe -------------------------------------------------------

# A title after labels and comments, with or without a line above it.
_TITLE: Final = re.compile(
    r"(?:\.\. .*\n(?:.+\n)*\n+)*"
    r"(?:([^\w\s])\1{3,}\n)?(?P<title>.+)\n(?P<rule>([^\w\s])\4*)[ \t]*(?:\n|$)"
)
# Settings in a recipe that end the gallery where their value is of another type.
_SETTINGS: Final = {"tags": list, "thumbnail_number": int}


class Fault(NamedTuple):
    """Why a recipe cannot be read, and the line of it that is to blame."""

    line: int
    cause: str


def find_fault(content: bytes) -> Fault | None:
    """Return the first thing in a recipe that would end the whole gallery, if any."""
    try:
        source = content.decode().replace("\r\n", "\n")
        with warnings.catch_warnings(action="ignore"):
            compile(source, "recipe", "exec", dont_inherit=True)
            tree = ast.parse(source)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Fault(line, f"byte 0x{content[error.start]:02x} is not UTF-8")
    except (SyntaxError, ValueError) as error:
        cause = f"{type(error).__name__}: {getattr(error, 'msg', error)}"
        return Fault(getattr(error, "lineno", None) or 1, cause)
    return _title_fault(tree, source) or _setting_fault(source)


def _title_fault(tree: ast.Module, source: str) -> Fault | None:
    if not (docstring := ast.get_docstring(tree)):
        line = tree.body[0].lineno if tree.body else 1
        return Fault(line, "the recipe does not begin with a docstring")
    title = _TITLE.match(docstring)
    if title and len(title["rule"]) >= min(4, column_width(title["title"])):
        return None
    line = _first(source.split("\n"), tree.body[0].lineno, _NO_DOCSTRING)
    return Fault(line, "the docstring does not begin with an underlined title")


def _setting_fault(source: str) -> Fault | None:
    lone = None
    for match in INFILE_CONFIG_PATTERN.finditer(source):
        name, written = f"sphinx_gallery_{match[1]}", match[3]
        line = source.count("\n", 0, match.start(1)) + 1
        if match[1] in {"start_ignore", "end_ignore"}:
            lone = Fault(line, f"{name} has no end") if "start" in name else None
        if written is None:
            continue
        try:
            value = ast.literal_eval(written)
        except (SyntaxError, TypeError, ValueError):
            return Fault(line, f"{name} is not a Python literal: {written}")
        if not isinstance(value, kind := _SETTINGS.get(match[1], object)):
            return Fault(line, f"{name} is not of type {kind.__name__}: {written}")
    return lone


# From generated lines to written lines ---------------------------------------------

# Sphinx-Gallery's mark above each block of a page but the first.
_BLOCK: Final = re.compile(r"\.\. GENERATED FROM PYTHON SOURCE LINES (\d+)-\d+$")
# The line of a recipe that makes the comment below it a text block.
_SPLIT: Final = re.compile(r"#{20,}|# ?%%")
# Lines before the first word of a docstring, of a comment, of code, before the label.
_NO_DOCSTRING: Final = re.compile(r"""\s*(#.*|[rRuU]?["']+\s*)?$""")
_NO_COMMENT: Final = re.compile(r"#\s*$")
_NOTHING: Final = re.compile(r"\s*$")
_NO_LABEL: Final = re.compile(r"(?!\.\. _sphx_glr_.+:$)")


def source_line(generated: str, line: int, source: str) -> int:
    """Return the line of a recipe's *source* that *line* of its page comes from.

    In text that is the very line. What a code block made belongs to the block's first
    line, and what Sphinx-Gallery adds below a text to the text's last line.
    """
    page, recipe = generated.split("\n"), source.rstrip().split("\n")
    marks = [(n, _BLOCK.match(text)) for n, text in enumerate(page, 1)]
    starts = [(n, int(mark[1])) for n, mark in marks if mark]
    reached = [start for start in starts if start[0] <= line]
    if not reached:  # the docstring's block has no mark
        top = _first(page, 1, _NO_LABEL)
        begin = _first(recipe, 1, _NO_DOCSTRING)
        end = starts[0][1] - 1 if starts else len(recipe)
    else:
        top, first = reached[-1]
        comment = list(takewhile(lambda text: text[:1] == "#", recipe[first - 1 :]))
        if not (comment and _SPLIT.match(recipe[first - 2])):
            return _first(recipe, first, _NOTHING)
        begin = _first(recipe, first, _NO_COMMENT)
        end = first + len(comment) - 1
    below = line - _first(page, top + 1, _NOTHING)
    return min(begin + max(below, 0), end)


def header_line(generated: str, line: int, header: str) -> int | None:
    """Return the line of a gallery *header* that *line* of an index comes from."""
    written = header.rstrip()
    above, found, _ = generated.partition(written)
    number = line - above.count("\n")
    return number if found and 0 < number <= written.count("\n") + 1 else None


def raised_at(traceback: str, recipe: str) -> tuple[int, str]:
    """Return the innermost line of *recipe* in a *traceback*, and the exception."""
    lines = re.findall(rf'File "{re.escape(recipe)}", line (\d+)', traceback)
    _, *stack = traceback.splitlines()
    cause = next((text for text in stack if text[:1].strip()), "")
    return int(lines[-1]) if lines else 1, cause


def _first(lines: Sequence[str], number: int, empty: re.Pattern[str]) -> int:
    """Return the first line from *number* on that is not *empty*; lines begin at 1."""
    return number + len(list(takewhile(empty.match, lines[number - 1 :])))


# At the rim: Sphinx ----------------------------------------------------------------

_COLOR: Final = re.compile(r"\x1b\[[\d;]*m")
_LOCATION: Final = re.compile(r"(.+\.rst)(?::(\d*))?$")
_STAND_IN: Final = """\
.. This page stands in for a recipe that cannot be read.

:orphan:

.. _sphx_glr_{}:

``{}``
{}

.. error::

   This recipe cannot be built.

   .. code-block:: text

      {}
"""


class PointAtRecipe(logging.Filter):
    """Move the location of a warning from a generated page to what was written."""

    def __init__(self, app: Sphinx) -> None:
        """Remember where the build began: each recipe runs in its own folder."""
        super().__init__()
        self.app = app
        self.start = Path.cwd()

    def filter(self, record: logging.LogRecord) -> bool:
        """Change *record*, and let every record through."""
        if not isinstance(record, SphinxLogRecord):
            return True
        if getattr(record, "subtype", "") == "example_error" and record.args:
            self._point_at_raise(record)
        elif match := _LOCATION.match(record.location or ""):
            page, line = Path(match[1]), int(match[2] or 1)
            record.location = self._written(page, line) or record.location
        return True

    def _written(self, page: Path, line: int) -> str | None:
        """Return where *line* of the generated *page* was written, if it is one."""
        for examples, gallery in _galleries(self.app):
            if not (page.is_relative_to(gallery) and page.is_file()):
                continue
            generated = page.read_text("utf-8")
            folder = examples / page.parent.relative_to(gallery)
            recipe = folder / f"{page.stem}.py"
            if recipe.is_file():
                source = recipe.read_text("utf-8", errors="replace")
                return _shown(recipe, source_line(generated, line, source), self.start)
            for header in folder.glob("**/GALLERY_HEADER.*"):
                if at := header_line(generated, line, header.read_text("utf-8")):
                    return _shown(header, at, self.start)
        return None

    def _point_at_raise(self, record: SphinxLogRecord) -> None:
        """Change Sphinx-Gallery's record: it has a path and an indented traceback."""
        path, traceback = (_COLOR.sub("", str(arg)) for arg in record.args or ())
        recipe = os.path.normpath(self.app.srcdir / path)
        line, cause = raised_at(dedent(traceback), recipe)
        record.location = _shown(Path(recipe), line, self.start)
        record.msg = "%s\n\n" + record.msg.partition(":\n\n")[2]
        record.args = (cause, traceback)


def set_aside(app: Sphinx) -> None:
    """Report the recipes that cannot be read, and put a page in each one's place."""
    conf, ignored = app.config.sphinx_gallery_conf, []
    for examples, gallery in _galleries(app):
        for page in gallery.glob("**/*.rst"):
            if page.read_text("utf-8").startswith(_STAND_IN.split("\n", 1)[0]):
                page.unlink()
        sections = ["", *get_subsections(app.srcdir, examples, conf)]
        for recipe in sorted(r for s in sections for r in (examples / s).glob("*.py")):
            fault = find_fault(recipe.read_bytes())
            if fault and not re.search(conf["ignore_pattern"], recipe.name):
                _stand_in(app, recipe, gallery / recipe.relative_to(examples), fault)
                # Sphinx-Gallery matches names only, and wants each name to be unique.
                ignored.append(rf"^{re.escape(recipe.name)}$")
    conf["ignore_pattern"] = "|".join([conf["ignore_pattern"], *ignored])


def _stand_in(app: Sphinx, recipe: Path, copy: Path, fault: Fault) -> None:
    """Report *fault*; write a page where Sphinx-Gallery would, beside its *copy*."""
    where = _shown(recipe, fault.line, Path.cwd())
    _logger.error(fault.cause, location=where, type="recipe", subtype="unreadable")
    message = f"{where}: {fault.cause}"
    app.config.sphinx_gallery_conf["failing_examples"][str(recipe)] = message
    page = copy.with_suffix(".rst")
    page.parent.mkdir(parents=True, exist_ok=True)
    page.unlink(missing_ok=True)  # Sphinx-Gallery's own is read-only
    label = copy.relative_to(app.srcdir).as_posix().replace("/", "_")
    text = _STAND_IN.format(label, copy.name, "=" * (len(copy.name) + 4), message)
    page.write_text(text, "utf-8")
    # By this digest Sphinx-Gallery would keep the page once the recipe is repaired.
    copy.with_name(f"{copy.name}.md5").unlink(missing_ok=True)


def fail(app: Sphinx, exception: Exception | None) -> None:
    """Fail a build in which a recipe failed."""
    conf = app.config.sphinx_gallery_conf
    expected = conf["expected_failing_examples"]
    paths = {str((app.srcdir / path).resolve()) for path in expected}
    if exception is None and conf["failing_examples"].keys() - paths:
        app.statuscode = 1
        # Sphinx-Gallery sums up. Where it raises, Sphinx asks for a report of its bug.
        conf["only_warn_on_example_error"] = True


def _galleries(app: Sphinx) -> list[tuple[Path, Path]]:
    """Return each gallery's folder of recipes and folder of generated pages."""

    def folders(key: str) -> list[Path]:
        value = app.config.sphinx_gallery_conf[key]
        names = value if isinstance(value, list) else [value]
        return [Path(os.path.normpath(app.srcdir / name)) for name in names]

    return list(zip(folders("examples_dirs"), folders("gallery_dirs"), strict=False))


def _shown(path: Path, line: int, start: Path) -> str:
    path = path.relative_to(start) if path.is_relative_to(start) else path
    return f"{path}:{line}"


def setup_errors(app: Sphinx) -> None:
    """Check recipes before Sphinx-Gallery reads them, fail before it sums up."""
    for handler in logging.getLogger("sphinx").handlers:
        if isinstance(handler, WarningStreamHandler):
            handler.addFilter(PointAtRecipe(app))
    app.connect("builder-inited", set_aside, priority=100)
    app.connect("build-finished", fail, priority=400)
