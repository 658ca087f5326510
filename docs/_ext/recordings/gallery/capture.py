"""Run one recipe through Sphinx-Gallery, and keep what each code block gave."""

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sphinx_gallery import gen_rst, py_source_parser, scrapers

from recordings.gallery import pictures, signatures
from recordings.key.ingredients import is_code
from recordings.machine import reads
from recordings.machine.portable import Portable
from recordings.model import Block, CodeBlock, Output


class RecipeFailed(Exception):  # noqa: N818 - what happened, not a fault of ours
    """A recipe raised. The message is the traceback, from the recipe's own line on."""

    def __init__(self, traceback: str, reason: str) -> None:
        """Keep the traceback, and in a line what was raised."""
        super().__init__(traceback)
        self.reason = reason


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


def capture(  # noqa: PLR0913 - all but three by name
    script: Path,
    settings: dict[str, Any],
    folder: Path,
    *,
    failure_expected: bool,
    peak_memory: Callable[[], int | None],
    portable: Portable,
    echo: Callable[[str], None],
    note_line: Callable[[int], None],
    longest_output: int,
) -> list[CodeBlock]:
    """Run a recipe through Sphinx-Gallery, in this process, which is for it alone.

    Args:
        script: The recipe; it runs in its own folder.
        settings: Sphinx-Gallery's, filled in.
        folder: An empty folder, for its figures.
        failure_expected: Whether raising is what the recipe is there to show.
        peak_memory: Called after each code block; returns bytes.
        portable: Takes this machine's folders out of a text.
        echo: Told what the recipe prints, as it prints.
        note_line: Told the line at which each code block begins, before it runs.
        longest_output: Characters that it may print before it counts as a flood.

    Returns:
        One entry for each block that holds code.

    Raises:
        RecipeFailed: It raised, and was not expected to.
    """
    in_file, blocks = py_source_parser.split_code_and_text_blocks(script)
    template = folder / "images" / f"sphx_glr_{script.stem}_{{0:03}}.png"
    template.parent.mkdir(parents=True)
    copy = folder / script.name
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
    watch = _Watch(portable, peak_memory, note_line)
    signatures.replace(watch.wrappers())
    _tap(echo, longest_output)
    gen_rst.execute_script(blocks, variables, settings, in_file)
    traceback = variables.get("formatted_exception")
    if traceback is not None and not failure_expected:
        raise RecipeFailed(portable(traceback), watch.reason)
    return watch.blocks


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


class _Watch:
    """Wraps Sphinx-Gallery's functions while a recipe runs; keeps what they give."""

    def __init__(
        self,
        portable: Portable,
        peak_memory: Callable[[], int | None],
        note_line: Callable[[int], None],
    ) -> None:
        self.blocks: list[CodeBlock] = []
        self.reason = ""
        self._portable = portable
        self._peak_memory = peak_memory
        self._note_line = note_line
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
        start = time.perf_counter()
        page: str = self._original.execute_code_block(compiler, block, *rest)
        self.blocks.append(
            CodeBlock(
                source=block.content.strip("\n"),
                outputs=tuple(self._outputs),
                seconds=round(time.perf_counter() - start, 3),
                peak_memory=self._peak_memory(),
            )
        )
        return page

    def save_figures(self, block: Any, variables: Any, settings: Any) -> str:
        paths = variables["image_path_iterator"].paths
        before = len(paths)
        page: str = self._original.save_figures(block, variables, settings)
        in_block = py_source_parser.extract_file_config(block.content)
        single = pictures.keeps_single(variables["file_conf"], in_block)
        self._outputs += pictures.read(
            paths[before:], page, settings["src_dir"], single=single
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
        page: str = self._original.handle_exception(
            exc_info, src_file, variables, settings
        )
        traceback = self._portable(variables["formatted_exception"])
        name, message = type(exc_info[1]).__name__, self._portable(str(exc_info[1]))
        self.reason = reason(name, message)
        self._outputs = [
            {
                "output_type": "error",
                "ename": name,
                "evalue": message,
                "traceback": traceback.splitlines(),
            }
        ]
        return page
