"""The strings of the site's own code and templates, as Babel finds them."""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_file

from translation.catalogs.catalog import Source
from translation.sources.sources import Page, SourceError

_FUNCTIONS = {"_": None, "gettext": None, "ngettext": (1, 2)}
"""What marks a string; `{% trans %}` counts as the second or third."""

_NOTE = "For translators:"
"""What begins a comment above a string that translators get to read."""

METHODS = {"*.py": "python", "*.html": "jinja2", "*.jinja": "jinja2"}
_OWN_CATALOG = ("recordings",)
"""Extensions that serve any site, and bring their catalog along."""


def string_pages(project: Path) -> Iterator[Page]:
    """Yield the strings of each extension with a catalog of its own, and the others.

    Raises:
        SourceError: A file cannot be read.
    """
    extensions = project / "docs/_ext"
    found: dict[str, list[Source]] = {name: [] for name in (*_OWN_CATALOG, "site")}
    for folder in (extensions, project / "docs/_templates"):
        for pattern, method in METHODS.items():
            for path in sorted(folder.rglob(pattern)):
                parts = path.relative_to(folder).parts
                own = folder == extensions and parts[0] in _OWN_CATALOG
                found[parts[0] if own else "site"] += _strings(project, path, method)
    for name, messages in found.items():
        yield Page(name, messages)


def _strings(project: Path, file: Path, method: str) -> Iterator[Source]:
    path = file.relative_to(project).as_posix()
    try:
        strings = list(
            extract_from_file(
                method,
                file,
                keywords=_FUNCTIONS,
                comment_tags=[_NOTE],
                options={"silent": "false"},
                strip_comment_tags=True,
            )
        )
    except Exception as error:  # of Python's tokenizer or of Jinja
        raise SourceError(path, getattr(error, "lineno", 1) or 1, str(error)) from error
    for line, text, comments, _ in strings:
        if not isinstance(text, str):
            cause = "strings with a plural are not translated here: write two"
            raise SourceError(path, line, cause)
        yield Source(text, path, line, " ".join(comments), "text")
