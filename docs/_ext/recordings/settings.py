"""The settings of `recordings`, read from `conf.py` with or without Sphinx."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config, eval_config_file
from sphinx.errors import ConfigError
from sphinx.util.tags import Tags

from recordings.key.pins import pins, pins_of_group

PREFIX = "recordings_"
MODES = ("auto", "replay", "run")
TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "path": ((str,), "a string"),
    "mode": ((str,), "a string"),
    "command": ((str,), "a string"),
    "requirements": ((list, tuple), "a list of strings"),
    "preload": ((list, tuple), "a list of strings"),
    "data": ((dict,), "a dictionary of strings"),
    "time_limit": ((int, float), "a number"),
    "tolerance": ((int, float), "a number"),
    "block_times": ((bool, int), "True or False"),
}
"""What each setting may be, for Sphinx and in words."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One attribute for each `recordings_<name>` in `conf.py`."""

    path: str = "recordings"
    """Where recordings are kept: a folder beside `conf.py`, or an fsspec address."""
    mode: str = "auto"
    """`auto`: record what is stale or missing, then replay. `replay`: never run; what
    is stale or missing is a warning, and its page says so. `run`: record all anew.
    Sphinx-Gallery's switch `plot_gallery`, where it is off, makes each of them
    `replay`. The build's settings count, but for objects that `conf.py` itself does
    not set."""
    command: str = "python -m recordings run"
    """What people type to record, before the recipe's name; messages say it."""
    requirements: tuple[str, ...] = ()
    """What a recording's key knows of versions: requirements with `==`, or
    `path/to/pyproject.toml:group`, relative to `conf.py`, for a dependency group."""
    preload: tuple[str, ...] = ()
    """Modules that are imported before a recipe's clock starts, if the recipe imports
    their packages before it does anything else. That takes no part in a recipe's time,
    and several recipes share it. It must make no difference to a recipe that all of
    them are there: what a module prints when it is imported is not on the page, nor
    what it prints later on streams that it found then."""
    data: Mapping[str, str] = field(default_factory=dict)
    """Published digests of data sets by name; a recipe names its sets in
    `# sphinx_gallery_needs = ["…"]`."""
    time_limit: float = 300  # a whole number can be given by `-D`
    """Seconds that a recipe may take; `# sphinx_gallery_time_limit = …` in it wins."""
    tolerance: float = 0.05
    """Relative difference that `verify` allows between two numbers."""
    block_times: bool = True
    """Show under each code block how long it ran."""

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ConfigError: One of them can't be right; the message names it.
        """
        for name, (types, words) in TYPES.items():
            value = getattr(self, name)
            # True is a number to Python, and to nobody who sets a limit.
            is_bool = isinstance(value, bool) and bool not in types
            if is_bool or not isinstance(value, types) or not _holds_texts(value):
                raise ConfigError(f"recordings_{name} is {value!r}; it takes {words}")
        if self.mode not in MODES:
            known = ", ".join(map(repr, MODES))
            raise ConfigError(f"recordings_mode is {self.mode!r}; it knows {known}")
        if not self.path.strip("./"):
            # Sphinx-Gallery writes its downloads there, under the same names.
            raise ConfigError(
                f"recordings_path is {self.path!r}; it must be a folder of its own"
            )
        if not self.time_limit > 0:
            limit = self.time_limit
            raise ConfigError(f"recordings_time_limit is {limit}; it must be above 0")
        if not 0 <= self.tolerance < 1:
            share = self.tolerance
            raise ConfigError(
                f"recordings_tolerance is {share}; it must be from 0 to below 1"
            )

    def address(self, conf_dir: Path) -> str:
        """Where recordings are kept, as an absolute folder or an fsspec address."""
        return self.path if "://" in self.path else str(conf_dir / self.path)

    def packages(self, conf_dir: Path) -> dict[str, str]:
        """Pinned versions by package.

        Raises:
            ConfigError: One of `requirements` is no requirement, or names a file or a
                group that is not there.
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
                raise ConfigError(
                    f"recordings_requirements: {entry}: {error}"
                ) from error
        return found


def _holds_texts(value: object) -> bool:
    """Tell whether a list or dictionary holds strings only; else there is no fault."""
    match value:
        case list() | tuple():
            return all(isinstance(each, str) for each in value)
        case dict():
            return all(isinstance(each, str) for pair in value.items() for each in pair)
    return True


def register(app: Sphinx) -> None:
    """Add each setting to Sphinx."""
    for setting in fields(Settings):
        default = (
            setting.default_factory()
            if setting.default_factory is not MISSING
            else setting.default
        )
        if isinstance(default, tuple):
            default = [*default]  # only lists can be given by `-D`
        # A page is made again when its recording changed, whatever the settings;
        # only this one changes the page itself.
        rebuilds = setting.name == "block_times"
        types, _ = TYPES[setting.name]
        app.add_config_value(
            PREFIX + setting.name, default, "env" if rebuilds else "", types
        )


def from_sphinx(config: Config) -> Settings:
    """Take the settings from Sphinx's configuration."""
    return Settings(
        **{each.name: config[PREFIX + each.name] for each in fields(Settings)}
    )


def from_file(conf_dir: Path) -> tuple[Settings, dict[str, Any]]:
    """Read `conf.py` without starting Sphinx.

    Returns:
        The settings, and everything that the file sets.

    Raises:
        ConfigError: There is no `conf.py`, it can't be run, or a setting is wrong.
    """
    namespace = read(conf_dir)
    return from_namespace(namespace), namespace


def read(conf_dir: Path, tags: Iterable[str] = ()) -> dict[str, Any]:
    """Give everything that `conf.py` sets.

    Args:
        conf_dir: Its folder.
        tags: What `tags.has` tells it is set.

    Raises:
        ConfigError: There is no `conf.py`, or it can't be run.
    """
    file = conf_dir / "conf.py"
    if not file.is_file():
        raise ConfigError(f"no conf.py in {conf_dir}; name its folder with --conf")
    return eval_config_file(file, Tags([*tags]))


def from_namespace(namespace: Mapping[str, Any]) -> Settings:
    """Take the settings from what `conf.py` sets.

    Raises:
        ConfigError: One is wrong.
    """
    known = {PREFIX + each.name: each.name for each in fields(Settings)}
    given = {known[name]: each for name, each in namespace.items() if name in known}
    return Settings(**given)
