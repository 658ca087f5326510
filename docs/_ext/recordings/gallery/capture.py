"""Run one recipe through Sphinx-Gallery, and keep what each code block gave."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sphinx_gallery import gen_rst, py_source_parser, scrapers

from recordings.gallery import frames, names, pictures, signatures
from recordings.key.ingredients import is_code
from recordings.machine import clock, reads
from recordings.machine.portable import Portable
from recordings.model import Block, CodeBlock, Meaning, Output


@dataclass(frozen=True, slots=True)
class Captured:
    """What a recipe gave, up to its end or to its failure."""

    blocks: tuple[CodeBlock, ...]
    """One for each block that holds code; those after a failure are without output."""
    names: dict[str, tuple[Meaning, ...]]
    """What names in its code stand for; see `recordings.gallery.names`."""
    failure: str | None = None
    """What it raised, in a line, unless it was expected to raise."""
    traceback: str = ""
    """From the recipe's own line on; empty unless it failed."""
    missing: str = ""
    """Name of the file that was not found, if it failed for that."""


def reason(name: str, message: str) -> str:
    r"""Say in a line what was raised: of a message, the first line that is not blank.

    Examples:
        >>> reason("ValueError", "no such gradient\nSee below.")
        'ValueError: no such gradient'
        >>> reason("KeyboardInterrupt", "")
        'KeyboardInterrupt'
    """
    first = message.strip().partition("\n")[0]
    return f"{name}: {first}" if first else name


def said(error: BaseException) -> str:
    """Return the message of what was raised, which may raise itself."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a recipe may have written it
        return "<exception str() failed>"  # as Python's own tracebacks have it


def capture(  # noqa: PLR0913 - all but three by name
    script: Path,
    page: str,
    settings: dict[str, Any],
    folder: Path,
    *,
    failure_expected: bool,
    peak_memory: Callable[[], int | None],
    portable: Portable,
    echo: Callable[[str], None],
    note_line: Callable[[int], None],
    longest_output: int,
) -> Captured:
    """Run a recipe through Sphinx-Gallery, in this process, which is for it alone.

    Args:
        script: The recipe; it runs in its own folder.
        page: Document name of its page.
        settings: Sphinx-Gallery's, filled in.
        folder: An empty folder, which Sphinx-Gallery takes for Sphinx's source folder.
        failure_expected: Whether raising is what the recipe is there to show.
        peak_memory: Called after each code block; returns bytes.
        portable: Takes this machine's folders out of a text.
        echo: Told what the recipe prints, as it prints.
        note_line: Told the line at which each code block begins, before it runs.
        longest_output: Characters that it may print before it counts as a flood.
    """
    in_file, blocks = py_source_parser.split_code_and_text_blocks(script)
    target = (folder / page).parent
    template = target / "images" / f"sphx_glr_{script.stem}_{{0:03}}.png"
    template.parent.mkdir(parents=True)
    copy = target / script.name
    copy.write_bytes(script.read_bytes())
    variables: dict[str, Any] = {
        "execute_script": True,
        "image_path_iterator": scrapers.ImagePathIterator(template),
        "src_file": str(script),
        "target_file": str(copy),
    }
    settings = {**settings, "src_dir": str(folder), "abort_on_example_error": False}
    reads.begin()
    scrapers.clean_modules(settings, script.name, "before")
    watch = _Watch(portable, peak_memory, note_line, _Written(folder))
    signatures.replace(watch.wrappers())
    _tap(echo, longest_output)
    frames.hide()
    gen_rst.execute_script(blocks, variables, settings, in_file)
    traceback = variables.get("formatted_exception")
    # Not of the script: it may be gone, and to read it would be noted.
    known = names.known_to_the_run(copy, variables["example_globals"], settings)
    done = Captured(tuple(watch.blocks), known)
    if traceback is None or failure_expected:
        return done
    failed = watch.reason, portable(traceback), watch.missing
    return Captured(done.blocks, known, *failed)


class OutputFlood(Exception):  # noqa: N818 - the name that a recipe's author will see
    """A recipe printed more than can be shown on a page."""


def _tap(echo: Callable[[str], None], longest: int) -> None:
    """Pass on what a recipe prints, and stop a flood."""
    write = gen_rst._LoggingTee.write
    printed = 0

    def tapped(tee: Any, text: str) -> None:
        nonlocal printed
        printed += len(text)
        if printed > longest:
            raise OutputFlood(f"it printed more than {longest:,} characters")
        echo(text)
        write(tee, text)

    gen_rst._LoggingTee.write = tapped


class _Written:
    """The files in a folder, which scrapers write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Path, tuple[int, int]] = {}
        self.since_last_time()

    def since_last_time(self) -> list[Path]:
        """Return those that are new or have changed since this was last asked."""
        before, self._known = self._known, {}
        for path in self._folder.rglob("*"):
            if path.is_file():
                status = path.stat()
                self._known[path] = status.st_mtime_ns, status.st_size
        return [path for path, it in self._known.items() if before.get(path) != it]


class _Watch:
    """Wraps Sphinx-Gallery's functions while a recipe runs; keeps what they give."""

    def __init__(
        self,
        portable: Portable,
        peak_memory: Callable[[], int | None],
        note_line: Callable[[int], None],
        written: "_Written",
    ) -> None:
        self.blocks: list[CodeBlock] = []
        self.reason = ""
        self.missing = ""
        self._portable = portable
        self._peak_memory = peak_memory
        self._note_line = note_line
        self._written = written
        self._outputs: list[Output] = []
        self._last_repr: tuple[str | None, str | None] = (None, None)
        self._original = SimpleNamespace(**vars(gen_rst))

    def wrappers(self) -> dict[str, Callable[..., Any]]:
        """Return the methods that are named as the functions that they wrap."""
        names = vars(type(self)).keys() & vars(gen_rst).keys()
        return {n: getattr(self, n) for n in names if not n.startswith("__")}

    def execute_code_block(self, compiler: Any, block: Any, *rest: Any) -> str:
        if not is_code(Block(*block)):
            return ""
        self._outputs = []
        blank = len(block.content) - len(block.content.lstrip("\n"))
        self._note_line(block.lineno + blank)
        start = clock.seconds()
        page: str = self._original.execute_code_block(compiler, block, *rest)
        self.blocks.append(
            CodeBlock(
                source=block.content.strip("\n"),
                outputs=tuple(self._outputs),
                seconds=round(clock.seconds() - start, 3),
                peak_memory=self._peak_memory(),
            )
        )
        return page

    def save_figures(self, block: Any, variables: Any, settings: Any) -> str:
        iterator = variables["image_path_iterator"]
        before = len(iterator)
        page: str = self._original.save_figures(block, variables, settings)
        in_block = py_source_parser.extract_file_config(block.content)
        single = pictures.keeps_single(variables["file_conf"], in_block)
        self._outputs += pictures.read(
            iterator.paths[before:],
            page,
            template=iterator.image_path,
            source=settings["src_dir"],
            written=self._written.since_last_time(),
            single=single,
        )
        return page

    def _get_last_repr(self, methods: Any, value: object) -> tuple[Any, Any]:
        self._last_repr = self._original._get_last_repr(methods, value)
        return self._last_repr

    def _get_code_output(self, *arguments: Any) -> str:
        self._last_repr = (None, None)
        page: str = self._original._get_code_output(*arguments)
        logging_tee = arguments[3]
        printed = self._portable(logging_tee.output.getvalue())
        if printed:
            stream = {"output_type": "stream", "name": "stdout", "text": printed}
            self._outputs.append(stream)
        text, method = self._last_repr
        if text and method:
            mime = "text/html" if method == "_repr_html_" else "text/plain"
            data = {mime: self._portable(text)}
            self._outputs.append(
                {"output_type": "execute_result", "data": data, "metadata": {}}
            )
        return page

    def handle_exception(
        self, exc_info: Any, src_file: str, variables: Any, settings: Any
    ) -> str:
        raised = (*exc_info[:2], frames.without_own(exc_info[2]))
        page: str = self._original.handle_exception(
            raised, src_file, variables, settings
        )
        traceback = self._portable(variables["formatted_exception"])
        name, message = type(exc_info[1]).__name__, self._portable(said(exc_info[1]))
        self.reason = reason(name, message)
        if isinstance(exc_info[1], FileNotFoundError):
            self.missing = Path(str(exc_info[1].filename or "")).name
        self._outputs = [
            {
                "output_type": "error",
                "ename": name,
                "evalue": message,
                "traceback": traceback.splitlines(),
            }
        ]
        return page
