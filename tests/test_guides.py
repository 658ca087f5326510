"""Guides: which pages they are, their code, and how a kernel runs them."""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from recordings.comparison.confirm import has_code
from recordings.guides import GuideFailed, kernel, reading
from recordings.model import CodeBlock, Ingredients, Recording, Run

CONF = {"nb_execution_mode": "cache", "myst_enable_extensions": ["colon_fence"]}
HEADER = "---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n"


def cell(code: str, options: str = "") -> str:
    code = dedent(code).strip("\n")
    return f"```{{code-cell}}\n{options}{code}\n```\n"


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def guide(folder: Path, text: str, name: str = "guide.md") -> reading.Guide:
    write(folder, {name: HEADER + "# Guide\n\n" + text})
    return reading.open_guide(folder / name, CONF)


def cells(folder: Path, text: str) -> list[tuple[str, int]]:
    """Return the code of a guide's cells, and their lines."""
    found = reading.cells(guide(folder, text))
    return [(block.content, block.line) for block in found]


# Which pages are guides --------------------------------------------------------


def mode(mode: str) -> str:
    """Begin a page that has an execution mode of its own."""
    own = f"mystnb: {{execution_mode: '{mode}'}}\nkernelspec"
    return HEADER.replace("kernelspec", own)


PAGES = {
    "guides/front_matter.md": (HEADER + cell("1"), True),
    "guides/jupytext.md": (
        "---\njupytext: {text_representation: {format_name: myst}}\n---\n" + cell("1"),
        True,
    ),
    "guides/执行.md": (HEADER + cell("1"), True),
    "guides/unreadable.md": (HEADER + cell("1", ":tags: [a\n"), True),
    "guides/forced.md": (mode("force") + cell("1"), True),
    "guides/plain.md": ("# Plain\n\n" + cell("1"), False),
    "guides/no_code.md": (HEADER + "# Words only\n", False),
    "guides/nested.md": (HEADER + "* item\n\n  ```{code-cell}\n  1\n  ```\n", False),
    "guides/off.md": (mode("off") + cell("1"), False),
    "guides/inline.md": (mode("inline") + cell("1"), False),
    "guides/kept_from_running.md": (HEADER + cell("1"), False),
    "_build/left_out.md": (HEADER + cell("1"), False),
    "guides/download.ipynb": ('{"cells": []}', False),
}


def test_guides_are_the_pages_that_mystnb_would_run(tmp_path: Path) -> None:
    write(tmp_path, {name: text for name, (text, _) in PAGES.items()})
    (tmp_path / "latin.md").write_bytes("# Café\n".encode("latin-1"))
    conf = {"exclude_patterns": ["_build"], "nb_execution_excludepatterns": ["kept_*"]}
    found = {each.path.relative_to(tmp_path).as_posix(): each.fault for each in
             reading.find(tmp_path, conf)}  # fmt: skip
    assert [*found] == sorted(name for name, (_, is_guide) in PAGES.items() if is_guide)
    assert found.pop("guides/unreadable.md").startswith("unreadable.md:1: can't be")
    assert {*found.values()} == {""}


@pytest.mark.parametrize(
    ("mode", "is_guide"),
    [
        ("auto", True),
        ("cache", True),
        ("force", True),
        ("off", False),
        ("inline", False),
    ],
)
def test_pages_that_mystnb_does_not_run_as_a_whole_are_left_to_it(
    tmp_path: Path, mode: str, *, is_guide: bool
) -> None:
    write(tmp_path, {"guide.md": HEADER + cell("1")})
    found = [*reading.find(tmp_path, {"nb_execution_mode": mode})]
    assert bool(found) is is_guide


# Their code --------------------------------------------------------------------


def test_cells_begin_at_their_lines(tmp_path: Path) -> None:
    text = (
        cell("a = 1\n\nb = 2")
        + cell("c = 3", ":tags: [x]\n\n")
        + cell("d = 4", "---\ntags:\n- x\n---\n")
        + "```{code-block}\ne = 5\n```\n"
        + cell("")
        + cell("a = 1")
        + cell("", ":load: loaded.py\n")
    )
    write(tmp_path, {"loaded.py": "loaded = True\n"})
    *found, (loaded, place) = cells(tmp_path, text)
    lines = (tmp_path / "guide.md").read_text("utf-8").splitlines()
    sources = [source for source, _ in found]
    assert sources == ["a = 1\n\nb = 2", "c = 3", "d = 4", "", "a = 1"]
    for source, line in found:
        first, *_ = source.splitlines() or [""]
        assert lines[line - 1] == first
    assert found[-1][1] > found[0][1]
    assert loaded.strip() == "loaded = True"
    assert lines[place - 1] == "```{code-cell}"


def test_code_is_python_though_a_cell_holds_ipythons_commands(tmp_path: Path) -> None:
    skip = ":tags: [skip-execution]\n"
    text = cell("%time x = 1\nx") + cell("1 +") + cell("1 / 0", skip)
    (magic, _), (broken, _), (skipped, _) = cells(tmp_path, text)
    assert magic == "get_ipython().run_line_magic('time', 'x = 1')\nx\n"
    assert broken.strip() == "1 +"
    assert skipped == ""


@pytest.mark.parametrize(
    ("recorded", "is_of"),
    [
        (["%time x = 1", "2  # said better", "anything"], True),
        (["%time x = 2", "2", ""], False),
        (["%time x = 1", "2"], False),
    ],
)
def test_a_recording_of_other_cells_is_none_of_a_guide(
    tmp_path: Path, recorded: list[str], *, is_of: bool
) -> None:
    skip = ":tags: [skip-execution]\n"
    text = cell("%time x = 1") + cell("2") + cell("1 / 0", skip)
    run = Run("2026-01-01T00:00:00Z", 1.5, 1)
    blocks = tuple(CodeBlock(source) for source in recorded)
    recording = Recording("guide.md", "key", Ingredients(()), run, blocks)
    sources = [source for source, _ in cells(tmp_path, text)]
    assert has_code(recording, sources, reading.as_python) is is_of


# In a kernel -------------------------------------------------------------------

RICH = (
    cell("""
        import sys
        import warnings
        print("leaked" if "leaked" in globals() else "one", flush=True)
        print("aside", file=sys.stderr, flush=True)
        print("two", flush=True)
        warnings.warn("careful")
        1 + 1
    """)
    + cell("import json\njson.loads('{')", ":tags: [raises-exception]\n")
    + cell("""
        import matplotlib.pyplot as plt
        figure, axes = plt.subplots()
        axes.plot([1, 2])
        plt.show()
    """)
    + cell("""
        import os
        from pathlib import Path
        map = list = tuple = str = None
        for number in range(1100):
            try:
                open(f"{number}.txt")
            except OSError:
                pass
        class Table:
            def _repr_html_(self):
                return "<table></table>"
            def __repr__(self):
                return os.getcwd()
        print(Path("data.csv").resolve(), Path.cwd().parent / "x", json.__file__)
        print(plt.__file__, os.path.expanduser("~/notes"))
        Table()
    """)
    + cell("print('never')", ":tags: [skip-execution]\n")
    + cell("kept = b'x' * 300 * 2**20; del kept")
    + cell("import torch\ntorch.cuda.get_device_name()")
)
TORCH = """
class cuda:
    is_available = staticmethod(lambda: True)
    get_device_name = staticmethod(lambda: "A GPU of this test")
"""


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> kernel.Ran:
    """Record a guide on a machine that has settings of its own."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("site")
    foreign = '{"argv": ["false"], "display_name": "Foreign", "language": "python"}'
    own = home / ".ipython"
    write(home, {"kernels/python3/kernel.json": foreign})
    write(own, {"profile_default/startup/00.py": "leaked = True"})
    write(folder, {"torch.py": TORCH})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("IPYTHONDIR", str(own))
        patch.setenv("JUPYTER_PATH", str(home))
        patch.setenv("MPLBACKEND", "agg")
        # In a thread: the browser that other tests share has an event loop in this one.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(kernel.record, guide(folder, RICH)).result()


def test_what_is_printed_in_a_row_is_one_output(rich: kernel.Ran) -> None:
    out, err, result = rich.blocks[0].outputs
    assert out == {"output_type": "stream", "name": "stdout", "text": "one\ntwo\n"}
    assert err["text"].startswith("aside\ncell:6: UserWarning: careful\n")
    assert result == {
        "output_type": "execute_result",
        "data": {"text/plain": "2"},
        "metadata": {},
        "execution_count": 1,
    }


def test_an_error_that_is_expected_is_plain_text(rich: kernel.Ran) -> None:
    (error,) = rich.blocks[1].outputs
    assert error["ename"] == "JSONDecodeError"
    assert "\x1b" not in "".join(error["traceback"])
    assert any(re.match(r"File json/", each) for each in error["traceback"])


def test_a_figure_is_a_vector_drawing(rich: kernel.Ran) -> None:
    (figure,) = rich.blocks[2].outputs
    assert figure["output_type"] == "display_data"
    assert figure["data"]["image/svg+xml"].startswith("<?xml")


def test_no_output_names_a_folder_of_this_machine(rich: kernel.Ran) -> None:
    printed, table = rich.blocks[3].outputs
    words = printed["text"].split()
    assert words[:3] == ["data.csv", "../x", "json/__init__.py"]
    assert words[3:] == ["matplotlib/pyplot.py", "~/notes"]
    assert table["data"] == {"text/plain": ".", "text/html": "<table></table>"}
    text = repr((rich.blocks, rich.gpu))
    for folder in (sys.prefix, tempfile.gettempdir(), str(Path.home())):
        assert folder not in text


def test_all_that_was_read_is_noted_whatever_the_names_mean(rich: kernel.Ran) -> None:
    noted = {Path(each.path).name for each in rich.notes}
    assert noted >= {f"{number}.txt" for number in range(1100)}


def test_a_skipped_cell_has_no_output(rich: kernel.Ran) -> None:
    assert rich.blocks[4] == CodeBlock("print('never')")


def test_time_memory_and_gpu_are_those_of_the_kernel(rich: kernel.Ran) -> None:
    assert rich.gpu == "A GPU of this test"
    *_, before, _, much, after = (each.peak_memory or 0 for each in rich.blocks)
    assert much > before + 250 * 2**20
    assert after < much - 250 * 2**20, "what a cell took before does not count"
    measured = [each.seconds is not None for each in rich.blocks]
    assert measured == [True] * 4 + [False] + [True] * 2


FAILURES = {
    "raises": (
        cell("x = 1") + cell("def f():\n    return 1 / 0\n\nf()"),
        r":12: ZeroDivisionError: division by zero",
    ),
    "never ends": (
        cell("x = 1") + cell("while True:\n    pass"),
        r":11: not done after 9 seconds",
    ),
    "ends the kernel": (cell("import os\nos._exit(0)"), r":8: Kernel died"),
    "hides what it read": (
        cell("def __import__(*_, **__):\n    raise ImportError"),
        r":8: after the last cell, the kernel did not tell which files it had read",
    ),
    "floods without end": (
        cell("while True:\n    print('x' * 1000)"),
        r":8: it printed more than 5,000 characters",
    ),
}


def test_guides_that_fail_are_named_with_their_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))

    def message(name: str) -> str:
        page = guide(tmp_path, FAILURES[name][0], f"{name}.md")
        with pytest.raises(GuideFailed) as caught:
            kernel.record(page, time_limit=9, longest_output=5000)
        return str(caught.value)

    with ThreadPoolExecutor(len(FAILURES)) as pool:
        messages = dict(zip(FAILURES, pool.map(message, FAILURES), strict=True))
    for name, text in messages.items():
        assert "\x1b" not in text
        assert re.fullmatch(rf"{name}\.md{FAILURES[name][1]}", text.splitlines()[-1])
    assert list(scratch.iterdir()) == []
    # One that has ended, and is not waited for yet, is no kernel that was left behind.
    children = psutil.Process().children(recursive=True)
    alive = [each for each in children if each.status() != psutil.STATUS_ZOMBIE]
    assert not [each for each in alive if "ipykernel_launcher" in each.cmdline()]


def test_the_kernel_ends_with_the_process_that_records(tmp_path: Path) -> None:
    code = "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)"
    page = guide(tmp_path, cell(code))
    script = f"""if True:
        from pathlib import Path
        from recordings.guides import kernel, reading
        kernel.record(reading.Guide(Path({str(page.path)!r})))
    """
    process = subprocess.Popen([sys.executable, "-c", script])
    pid = tmp_path / "pid"
    try:
        wait_for(lambda: pid.is_file() and pid.read_text() != "")
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: not psutil.pid_exists(int(pid.read_text())))


def wait_for(happened: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)
