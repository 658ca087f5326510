"""Note which files this process reads and which folders it lists, as Python tells."""

import json
import os
import shlex
import site
import sys
import sysconfig
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NamedTuple

from recordings.machine import clock, handing_on

How = Literal["module", "quote", "text", "names", "made", "wrote"]
"""Loaded as a module; read as code, to compile it or to show it in a traceback; read in
any other way; listed, a folder; made, so that what is read later is not what was there;
written, and what was there is still in it."""


class Note(NamedTuple):
    """What was done with a file or folder, at first."""

    path: str
    how: How
    time: float
    existed: bool
    opener: str
    """The file of the code that did it, if that is neither Python's nor a package's."""
    real: str
    """The path without links in it, as it then was."""


@dataclass(slots=True)
class _State:
    """What this process has noted, and where a child of it notes."""

    notes: dict[tuple[str, How], Note]
    earlier: tuple[Note, ...] = ()
    owner: int = 0
    shared: str = ""
    installed: bool = False


_state = _State({})
STARTED = time.time()
"""A time before this process, or the one that it was forked from, began to note."""
ENGINE = f"{Path(__file__).parents[1]}{os.sep}"


def _folders(*names: str) -> tuple[str, ...]:
    found = (*map(sysconfig.get_path, names), *site.getsitepackages())
    return tuple(f"{os.path.normpath(each)}{os.sep}" for each in found)


PACKAGES = _folders("purelib", "platlib")
"""Folders of installed packages."""
PYTHON = (ENGINE, *_folders("stdlib", "platstdlib"))
"""Folders of the code that takes notes, and of what that calls."""
INSTALLED = ("/proc/", "/sys/", *PYTHON, *PACKAGES)
"""Folders of which nothing is noted: what is in them belongs to versions."""
WORKSPACE = "RECORDINGS_WORKSPACE"
"""Environment variable: the folder of the run."""
MARK = ".recordings-workspace"
"""A file that says of a folder that it is a run's; see `workspace`."""
_LOADERS = ("<frozen importlib", "<frozen runpy", "<frozen zipimport")
_FINDERS = (*_LOADERS, str(Path(os.__file__).with_name("importlib")))


def install() -> None:
    """Begin to note; there is no end to it but the process's own."""
    if not _state.installed:
        _state.installed = True
        sys.addaudithook(_hear)


def begin() -> None:
    """Tell what was noted so far from what the recipe does, which begins now.

    Processes that this one forks or starts add their notes to a file in the workspace.
    """
    install()
    _state.earlier = tuple(_state.notes.values())
    _state.notes = {}
    _state.owner, _state.shared = os.getpid(), _shared()
    if _state.shared:
        handing_on.begin(WORKSPACE)


def join() -> None:
    """Begin to note in a process that the recipe's started."""
    if shared := _shared():
        _state.shared = shared
        install()
        handing_on.take()
        handing_on.begin(WORKSPACE)
        # Python opens its script before it tells anybody.
        _started((None, sys.orig_argv[1:]), sys._getframe())  # noqa: SLF001


def _shared() -> str:
    """Return the file for notes, if this process has a workspace."""
    folder = os.environ.get(WORKSPACE)
    return f"{folder}/reads" if folder and Path(folder, MARK).is_file() else ""


def noted() -> tuple[list[Note], list[Note]]:
    """Return what was noted since `begin`, in all processes, and what was before."""
    found = [*_state.notes.values()]
    with suppress(OSError, ValueError, TypeError):  # there is none, or it is not ours
        lines = Path(_state.shared).read_bytes().splitlines()
        found.extend(Note(*json.loads(line)) for line in lines)
    return found, [*_state.earlier]


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    """Take note of what Python announces; whatever goes wrong, it is not told."""
    if event in _EVENTS:
        try:
            _EVENTS[event](arguments, sys._getframe(1))  # noqa: SLF001
        except (
            OSError,
            ValueError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            if _is_of_a_handler(error):
                raise


def _is_of_a_handler(error: BaseException) -> bool:
    """Tell whether a signal's handler raised, which may run anywhere, also in here."""
    trace = error.__traceback__
    while trace:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(PACKAGES) or not name.startswith(("<frozen ", *PYTHON)):
            return True
        trace = trace.tb_next
    return False


def _opened(arguments: tuple[Any, ...], frame: FrameType) -> None:
    path, mode, flags = arguments
    if isinstance(path, int):
        return
    exists = os.path.exists(path)  # noqa: PTH110
    if flags & (os.O_TRUNC if exists else os.O_CREAT):
        if not exists or os.access(path, os.W_OK):
            _note(path, "made", frame)
        return
    if exists and flags & (os.O_WRONLY | os.O_RDWR) and not flags & os.O_EXCL:
        _note(path, "wrote", frame)
    # The name that `os.open` is given may be one in another folder.
    if not flags & os.O_WRONLY and (exists or mode is not None):
        _note(path, _how(path, frame), frame)


def _how(path: Any, frame: FrameType | None) -> How:
    """Tell what a file is opened for by who opens it.

    A package that reads a Python file reads code, as `torch.compile` does.
    """
    if frame and frame.f_code.co_filename.endswith(f"{os.sep}tokenize.py"):
        frame = frame.f_back
    name = frame.f_code.co_filename if frame else ""
    if name.startswith(_LOADERS):
        return "module"
    is_code = name.startswith(PACKAGES) and os.fsdecode(path).endswith(".py")
    return "quote" if is_code or name.endswith(f"{os.sep}linecache.py") else "text"


def _listed(arguments: tuple[Any, ...], frame: FrameType) -> None:
    path = arguments[0]
    # To find a module is not yet to depend on all that is beside it.
    if not isinstance(path, int) and not frame.f_code.co_filename.startswith(_FINDERS):
        _note(path or ".", "names", frame)


def _loaded(arguments: tuple[Any, ...], frame: FrameType) -> None:
    if arguments[1]:  # only a compiled module's
        _note(arguments[1], "module", frame)


def _made(arguments: tuple[Any, ...], frame: FrameType) -> None:
    if not os.path.lexists(arguments[0]):
        _note(arguments[0], "made", frame)


def _moved(arguments: tuple[Any, ...], frame: FrameType) -> None:
    source, target = map(os.fsdecode, arguments[:2])
    if _used(source, frame):
        _note(target, "made", frame)


def _linked(arguments: tuple[Any, ...], frame: FrameType) -> None:
    source, target = map(os.fsdecode, arguments[:2])
    if _used(source, frame):
        _note(source, "wrote", frame)  # its time changes with the number of its names
    _made((target,), frame)


def _linked_by_name(arguments: tuple[Any, ...], frame: FrameType) -> None:
    source, target = map(os.fsdecode, arguments[:2])
    _used(os.path.join(os.path.dirname(target), source), frame)  # noqa: PTH118, PTH120
    _made((target,), frame)


def _used(path: str, frame: FrameType) -> bool:
    """Note what is given another name, if it is there; tell whether it is."""
    exists = os.path.exists(path)  # noqa: PTH110
    if exists:
        _note(path, "names" if os.path.isdir(path) else "text", frame)  # noqa: PTH112
    return exists


def _loaded_library(arguments: tuple[Any, ...], frame: FrameType) -> None:
    # A name without a folder is one of the system's libraries.
    if arguments[0] and os.sep in os.fsdecode(arguments[0]):
        _note(arguments[0], "text", frame)


def _started(arguments: tuple[Any, ...], frame: FrameType) -> None:
    """Another program reads, as a rule, the files that its command names."""
    words = arguments[1] if len(arguments) > 1 else arguments[0]
    folder = os.fsdecode(arguments[2] or "") if len(arguments) > 2 else ""  # noqa: PLR2004
    words = [words] if isinstance(words, str | bytes) else words
    for word in (each for it in words for each in _split(os.fsdecode(it))):
        path = os.path.join(folder, word)  # noqa: PTH118
        if os.path.isfile(path):  # noqa: PTH113
            _note(path, "module" if path.endswith(".py") else "text", frame)


def _spawned(arguments: tuple[Any, ...], frame: FrameType) -> None:
    if _state.shared:
        handing_on.see_to(frame)
    _started(arguments, frame)


def _split(word: str) -> list[str]:
    """Return a word, and the words in it, which a shell may take for a command."""
    try:
        return [word, *shlex.split(word)]
    except ValueError:
        return [word]


_EVENTS: dict[str, Callable[[tuple[Any, ...], FrameType], None]] = {
    "open": _opened,
    "os.listdir": _listed,
    "os.scandir": _listed,
    "import": _loaded,
    "os.mkdir": _made,
    "os.rename": _moved,
    "os.link": _linked,
    "os.symlink": _linked_by_name,
    "sqlite3.connect": lambda it, frame: _note(it[0], "text", frame),
    "ctypes.dlopen": _loaded_library,
    "subprocess.Popen": _spawned,
    "os.posix_spawn": lambda it, frame: _started(it[:2], frame),
    "os.system": _started,
}


def _note(path: Any, how: How, frame: FrameType) -> None:
    whole = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
    notes = _state.notes
    known = (whole, how) in notes or (whole, "made") in notes
    if known or whole.startswith(INSTALLED) or whole == _state.shared:
        return
    real = os.path.realpath(whole)
    (whole + real).encode()  # what can't be written in a recording is not noted
    existed = os.path.exists(whole)  # noqa: PTH110
    note = Note(whole, how, clock.now(), existed, _opener(frame), real)
    notes[whole, how] = note
    if _state.shared and os.getpid() != _state.owner:
        with Path(_state.shared).open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(note)}\n")


def _opener(frame: FrameType | None) -> str:
    """Name the nearest file on the stack that is of a project."""
    while frame:
        name = frame.f_code.co_filename
        if name.startswith(os.sep) and not name.startswith(INSTALLED):
            return name
        frame = frame.f_back
    return ""
