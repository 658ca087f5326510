"""The settings of `recordings`, read from `conf.py` with or without Sphinx."""

import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Any, Literal

from sphinx.application import Sphinx
from sphinx.config import Config, eval_config_file
from sphinx.errors import ConfigError
from sphinx.util.tags import Tags

from recordings.key.pins import pins, pins_of_group

PREFIX = "recordings_"
MODES = ("auto", "replay", "run")


@dataclass(frozen=True, slots=True)
class Settings:
    """One attribute for each `recordings_<name>` in `conf.py`."""

    path: str = "recordings"
    """Where recordings are kept: a folder beside `conf.py`, or an fsspec address."""
    mode: str = "auto"
    """`auto`: record what is stale or missing, then build. `replay`: run nothing; a
    page without a fresh recording says so, with a warning. `run`: record everything
    again. Where `plot_gallery` is off, each of them is `replay`."""
    command: str = "python -m recordings run"
    """What messages tell people to type, before the name of a recipe."""
    requirements: tuple[str, ...] = ()
    """Versions that recordings belong to: requirements with `==`, or
    `path/to/pyproject.toml:group`, relative to `conf.py`, for a dependency group."""
    preload: tuple[str, ...] | None = None
    """Modules to import once for all recipes that begin by importing their packages,
    before a recipe's clock starts. What they print then is on no page. `None`: those
    that several recipes import first, if they are installed, print nothing, and
    `conf.py` sets no environment variable; `[]`: none."""
    data: Mapping[str, str] = field(default_factory=dict)
    """Digests of datasets by name; a recipe names those that it needs:
    `# sphinx_gallery_needs = ["…"]`."""
    time_limit: float = 0  # a whole number can be given by `-D`
    """Seconds that a recipe may take; 0: as many as it wants."""
    shared_folders: tuple[str, ...] = ()
    """Folders of recipes, relative to `conf.py`, in which one recipe reads what another
    wrote: they run one after the other, in the gallery's order, in one copy of the
    folder. To run one, those before it run, too."""
    tolerance: float = 0.05
    """Relative difference between two numbers up to which they count as equal."""
    block_times: bool = True
    """Show below each code block how long it took, if that was 0.1 seconds or more."""
    svg_scripts: bool = False
    """Keep scripts in recorded SVG pictures. Without it, pages and notebooks show the
    pictures without them."""
    commits: str = ""
    """Address of a commit on the web, with `{}` for its digits: the run card links to
    it."""

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ConfigError: One of them is invalid; the message names it.
        """
        for name, (is_valid, words) in RULES.items():
            value = getattr(self, name)
            if not is_valid(value):
                raise ConfigError(f"{PREFIX}{name} must be {words}, not {value!r}")

    def address(self, conf_dir: Path) -> str:
        """Return where recordings are kept: an absolute folder or an fsspec address."""
        return self.path if "://" in self.path else str(conf_dir / self.path)

    def packages(self, conf_dir: Path) -> dict[str, str]:
        """Return the pinned versions by package.

        Raises:
            ConfigError: One of `requirements` is not a requirement, or names a file or
                a group that is not there.
        """
        found: dict[str, str] = {}
        for entry in self.requirements:
            file, _, group = entry.rpartition(":")
            try:
                if file.endswith(".toml"):
                    found |= pins_of_group(conf_dir / file, group)
                else:
                    found |= pins([entry])
            except (OSError, ValueError) as error:
                raise ConfigError(f"{PREFIX}requirements: {entry}: {error}") from error
        return found


def _is_folder(value: Any) -> bool:
    # Sphinx-Gallery writes its downloads beside `conf.py`, under the same names.
    return isinstance(value, str) and bool(value.strip("./"))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(it, str) for it in value)


def _are_pairs(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_are_texts, value.items()))


def _is_number(value: Any) -> bool:
    # `True` is a number to Python, but not a limit.
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_place(value: Any) -> bool:
    return isinstance(value, str) and "{}" in value


RULES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "path": (_is_folder, "a folder of its own or an fsspec address"),
    "mode": (MODES.__contains__, "'auto', 'replay' or 'run'"),
    "command": (lambda it: isinstance(it, str), "a string"),
    "requirements": (_are_texts, "a list of strings"),
    "preload": (
        lambda it: it is None or _are_texts(it),
        "a list of strings, or None",
    ),
    "data": (_are_pairs, "a dictionary of strings"),
    "time_limit": (
        lambda it: _is_number(it) and 0 <= it < math.inf,
        "a number of seconds, or 0 for no limit",
    ),
    "shared_folders": (_are_texts, "a list of strings"),
    "tolerance": (
        lambda it: _is_number(it) and 0 <= it < 1,
        "a number from 0 to below 1",
    ),
    "block_times": (lambda it: it in (True, False), "True or False"),
    "svg_scripts": (lambda it: it in (True, False), "True or False"),
    "commits": (lambda it: it == "" or _has_place(it), "an address with {}"),
}
"""What each setting may be, as a test and in words."""


ON_PAGES = ("block_times", "commits")
"""Settings that all pages depend on."""


def register(app: Sphinx) -> None:
    """Add each setting to Sphinx."""
    for name in RULES:
        default = getattr(Settings(), name)
        if isinstance(default, tuple):
            default = [*default]  # only lists can be given by `-D`
        # A page is made again when its recording changed, whatever the settings;
        # only these change the page itself.
        rebuild: Literal["", "env"] = "env" if name in ON_PAGES else ""
        # `Settings` checks what a value is, with or without Sphinx.
        app.add_config_value(PREFIX + name, default, rebuild, [Any])


def from_sphinx(config: Config) -> Settings:
    """Return the settings of Sphinx's configuration.

    Raises:
        ConfigError: One is invalid.
    """
    return from_namespace({each.name: each.value for each in config})


def read(conf_dir: Path) -> dict[str, Any]:
    """Return everything that `conf.py` sets, without starting Sphinx.

    Raises:
        ConfigError: There is no `conf.py`, or it can't be run; the message says why and
            where, in a line.
    """
    file = conf_dir / "conf.py"
    if not file.is_file():
        raise ConfigError(f"no conf.py in {conf_dir}; name its folder with --conf")
    try:
        return eval_config_file(file, Tags())
    except ConfigError as error:
        cause = error.__cause__ or error
        raise ConfigError(_told(cause, file)) from cause


def _told(error: BaseException, conf: Path) -> str:
    """Say in a line what went wrong in `conf.py`, and where."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f":{each.lineno}" for each in frames if each.filename == str(conf)]
    what = f"{conf}{''.join(lines[-1:])}: {type(error).__name__}: {error}"
    if lines and frames[-1].filename != str(conf):
        what += f" (at {frames[-1].filename}:{frames[-1].lineno})"
    return " ".join(what.split())


def from_namespace(namespace: Mapping[str, Any]) -> Settings:
    """Return the settings among all that `conf.py` sets.

    Raises:
        ConfigError: One is invalid.
    """
    given = {name: namespace.get(PREFIX + name, MISSING) for name in RULES}
    return Settings(**{name: it for name, it in given.items() if it is not MISSING})
