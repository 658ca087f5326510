"""Guides: which pages they are, how they are recorded, that a replay runs nothing."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from recordings import guides
from recordings.model import CodeBlock, Ingredients, Recording, Run
from recordings.store.notebook import to_text

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


def guide(folder: Path, text: str) -> guides.Guide:
    write(folder, {"guide.md": HEADER + "# Guide\n\n" + text})
    return guides.open_guide(folder / "guide.md", CONF)


# Which pages are guides --------------------------------------------------------

PAGES = {
    "guides/front_matter.md": (HEADER + cell("1"), True),
    "guides/jupytext.md": (
        "---\njupytext: {text_representation: {format_name: myst}}\n---\n" + cell("1"),
        True,
    ),
    "guides/执行.md": (HEADER + cell("1"), True),
    "guides/unreadable.md": (HEADER + cell("1", ":tags: [a\n"), True),
    "guides/plain.md": ("# Plain\n\n" + cell("1"), False),
    "guides/no_code.md": (HEADER + "# Words only\n", False),
    "guides/nested.md": (HEADER + "* item\n\n  ```{code-cell}\n  1\n  ```\n", False),
    "guides/off.md": (
        HEADER.replace("kernelspec", "mystnb: {execution_mode: 'off'}\nkernelspec")
        + cell("1"),
        False,
    ),
    "guides/inline.md": (
        HEADER.replace("kernelspec", "mystnb: {execution_mode: inline}\nkernelspec")
        + cell("1"),
        False,
    ),
    "guides/own_cache.md": (
        HEADER.replace("kernelspec", "mystnb: {execution_cache_path: c}\nkernelspec")
        + cell("1"),
        False,
    ),
    "guides/kept_from_running.md": (HEADER + cell("1"), False),
    "_build/left_out.md": (HEADER + cell("1"), False),
    "guides/download.ipynb": ('{"cells": []}', False),
}


def test_guides_are_the_pages_that_mystnb_would_run_and_cache(tmp_path: Path) -> None:
    write(tmp_path, {name: text for name, (text, _) in PAGES.items()})
    conf = {**CONF, "nb_execution_excludepatterns": ["kept_*.md"]}
    found = guides.find(tmp_path, ["_build"], conf)
    names = [each.path.relative_to(tmp_path).as_posix() for each in found]
    assert names == sorted(name for name, (_, is_guide) in PAGES.items() if is_guide)


@pytest.mark.parametrize("mode", ["off", "force", "auto", "inline"])
def test_other_modes_are_left_to_mystnb(tmp_path: Path, mode: str) -> None:
    write(tmp_path, {"guide.md": HEADER + cell("1")})
    assert guides.find(tmp_path, (), {"nb_execution_mode": mode}) == []


# Their code --------------------------------------------------------------------


def test_cells_stand_at_their_lines(tmp_path: Path) -> None:
    text = (
        cell("a = 1\n\nb = 2")
        + cell("c = 3", ":tags: [x]\n\n")
        + cell("d = 4", "---\ntags:\n- x\n---\n")
        + "```{code-block}\ne = 5\n```\n"
        + ":::{note}\n"
        + cell("f = 6")
        + ":::\n"
        + cell("")
        + cell("a = 1")
    )
    found = guides.cells(page := guide(tmp_path, text))
    lines = page.path.read_text("utf-8").splitlines()
    assert [block.kind for block in found] == ["code"] * 5
    assert [block.content for block in found] == [
        "a = 1\n\nb = 2", "c = 3", "d = 4", "", "a = 1",
    ]  # fmt: skip
    for block in found:
        first, *_ = block.content.splitlines() or [""]
        assert lines[block.line - 1] == first
    assert found[-1].line > found[0].line


def test_code_is_python_though_a_cell_holds_ipythons_commands(tmp_path: Path) -> None:
    text = (
        cell("%time x = 1\nx")
        + cell("1 +")
        + cell("1 / 0", ":tags: [skip-execution]\n")
    )
    magic, broken, skipped = guides.cells(guide(tmp_path, text))
    assert magic.content == "get_ipython().run_line_magic('time', 'x = 1')\nx\n"
    assert broken.content.strip() == "1 +"
    assert skipped.content == ""


def test_loaded_code_counts(tmp_path: Path) -> None:
    write(tmp_path, {"loaded.py": "loaded = True\n"})
    page = guide(tmp_path, cell("", ":load: loaded.py\n") + cell("loaded = True"))
    block, _ = guides.cells(page)
    assert block.content.strip() == "loaded = True"
    assert page.path.read_text("utf-8").splitlines()[block.line - 1] == "```{code-cell}"


def test_a_page_that_is_not_utf_8_harms_nothing(tmp_path: Path) -> None:
    guide(tmp_path, cell("1"))
    (tmp_path / "latin.md").write_bytes("# Café\n".encode("latin-1"))
    assert [each.path.name for each in guides.find(tmp_path, conf=CONF)] == ["guide.md"]


def test_a_guide_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    page = guide(tmp_path, cell("1", ":tags: [a\n"))
    with pytest.raises(guides.GuideFailed, match=r"^guide\.md:1: can't be"):
        guides.cells(page)


# Recording ---------------------------------------------------------------------

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
)


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[list[CodeBlock]]]:
    """The same guide recorded twice, on a machine with settings of its own."""
    home = tmp_path_factory.mktemp("home")
    kernels = home / "kernels" / "python3"
    foreign = '{"argv": ["false"], "display_name": "Foreign", "language": "python"}'
    startup = home / ".ipython" / "profile_default" / "startup"
    write(kernels, {"kernel.json": foreign})
    write(startup, {"00.py": "leaked = True"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("IPYTHONDIR", str(home / ".ipython"))
        patch.setenv("JUPYTER_PATH", str(home))
        patch.setenv("MPLBACKEND", "agg")
        page = guide(tmp_path_factory.mktemp("site") / "guides", RICH)
        yield [list(guides.record(page).blocks) for _ in range(2)]


def test_what_is_printed_in_a_row_is_one_output(rich: list[list[CodeBlock]]) -> None:
    out, err, result = rich[0][0].outputs
    assert out == {"output_type": "stream", "name": "stdout", "text": "one\ntwo\n"}
    assert err["text"].startswith("aside\ncell:6: UserWarning: careful\n")
    assert result == {
        "output_type": "execute_result",
        "data": {"text/plain": "2"},
        "metadata": {},
        "execution_count": 1,
    }


def test_an_error_that_is_expected_is_plain_text(rich: list[list[CodeBlock]]) -> None:
    (error,) = rich[0][1].outputs
    assert error["ename"] == "JSONDecodeError"
    assert "\x1b" not in "".join(error["traceback"])
    assert any(re.match(r"File json/", each) for each in error["traceback"])


def test_a_figure_is_a_vector_drawing(rich: list[list[CodeBlock]]) -> None:
    (figure,) = rich[0][2].outputs
    assert figure["output_type"] == "display_data"
    assert figure["data"]["image/svg+xml"].startswith("<?xml")


def test_no_output_names_a_folder_of_this_machine(rich: list[list[CodeBlock]]) -> None:
    printed, table = rich[0][3].outputs
    words = printed["text"].split()
    assert words[:3] == ["data.csv", "../x", "json/__init__.py"]
    assert words[3:] == ["matplotlib/pyplot.py", "~/notes"]
    assert table["data"] == {"text/plain": ".", "text/html": "<table></table>"}
    text = repr(rich)
    for folder in (sys.prefix, tempfile.gettempdir(), str(Path.home())):
        assert folder not in text


def test_a_skipped_cell_has_no_output(rich: list[list[CodeBlock]]) -> None:
    assert rich[0][4] == CodeBlock("print('never')")


def test_recording_again_changes_nothing_but_times(rich: list[list[CodeBlock]]) -> None:
    first, second = (
        [replace(each, seconds=None, peak_memory=None) for each in run] for run in rich
    )
    assert first == second
    assert all(each.seconds is not None for each in rich[0][:4])


MEMORY = (
    cell("1")
    + cell("kept = b'x' * 300 * 2**20; del kept")
    + cell("import torch\ntorch.cuda.get_device_name()")
    + cell("3")
    + cell("4", ":tags: [skip-execution]\n")
)
TORCH = """
class cuda:
    is_available = staticmethod(lambda: True)
    get_device_name = staticmethod(lambda: "A GPU of this test")
"""


def test_memory_and_gpu_are_those_of_the_kernel(tmp_path: Path) -> None:
    write(tmp_path, {"torch.py": TORCH})
    ran = guides.record(guide(tmp_path, MEMORY))
    assert ran.gpu == "A GPU of this test"
    before, much, after, end, skipped = (each.peak_memory for each in ran.blocks)
    assert before
    assert much
    assert after
    assert end
    assert much > before + 250 * 2**20
    assert after < much - 250 * 2**20, "what a cell took before does not count"
    assert skipped is None


def test_a_guide_without_torch_names_no_gpu(tmp_path: Path) -> None:
    assert guides.record(guide(tmp_path, cell("1"))).gpu is None


FAILURES = {
    "raises": (
        cell("x = 1") + cell("def f():\n    return 1 / 0\n\nf()"),
        r":12: ZeroDivisionError: division by zero",
    ),
    "syntax": (cell("x = 1\n1 +"), r":9: SyntaxError: .+"),
    "never ends": (
        cell("x = 1") + cell("while True:\n    pass"),
        r":11: not done after 4 seconds",
    ),
    "ends the kernel": (cell("import os\nos._exit(0)"), r":8: Kernel died"),
    "floods": (
        cell("print('x' * 3000)") + cell("print('x' * 3000)"),
        r":11: it printed more than 5,000 characters",
    ),
    "floods without end": (
        cell("while True:\n    print('x' * 1000)"),
        r":8: it printed more than 5,000 characters",
    ),
}


@pytest.mark.parametrize(("text", "last"), FAILURES.values(), ids=FAILURES)
def test_a_guide_that_fails_is_named_with_its_line(
    tmp_path: Path, text: str, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    page = guide(tmp_path, text)
    with pytest.raises(guides.GuideFailed) as caught:
        guides.record(page, time_limit=4, longest_output=5000)
    message = str(caught.value)
    assert "\x1b" not in message
    assert re.fullmatch(r"guide\.md" + last, message.splitlines()[-1])
    assert list(scratch.iterdir()) == []
    children = psutil.Process().children(recursive=True)
    assert not [each for each in children if "ipykernel_launcher" in each.cmdline()]


def test_the_kernel_ends_with_the_process_that_records(tmp_path: Path) -> None:
    page = guide(
        tmp_path,
        cell(
            "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)"
        ),
    )
    script = f"""if True:
        from pathlib import Path
        from recordings import guides
        guides.record(guides.Guide(Path({str(page.path)!r})))
    """
    process = subprocess.Popen([sys.executable, "-c", script])
    pid = tmp_path / "pid"
    try:
        wait_for(lambda: pid.is_file() and pid.read_text() != "")
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: not psutil.pid_exists(int(pid.read_text())))


def wait_for(happened: object, seconds: float = 60) -> None:
    assert callable(happened)
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.1)


# Replaying ---------------------------------------------------------------------

# What the extension does, in small: a recording is fresh if it is there.
EXTENSION = """
from pathlib import Path
from recordings import guides
from recordings.recording import from_text

def prepare(app, page, text):
    file = Path(app.confdir, "recordings", f"{page}.ipynb")
    recording = from_text(file.read_text("utf-8"), page) if file.is_file() else None
    guides.prepare(app, page, text[0], recording)

def setup(app):
    app.connect("source-read", prepare, priority=900)
    return {"parallel_read_safe": True}
"""
SITE_CONF = """
import sys
from pathlib import Path
sys.path.append(str(Path(__file__).parent.parent))
extensions = ["myst_nb", "small"]
html_theme = "basic"
exclude_patterns = ["_build", "**.ipynb"]
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
locale_dirs = ["locales"]
"""
RUNS = """
from pathlib import Path
import only_where_it_is_recorded
Path("ran").touch()
print("forty", only_where_it_is_recorded.TWO)
"""
KEYWORD = '<span class="kn">from</span>'
INDEX = "# Site\n\n```{toctree}\nguide\nother\nwords\n```\n"
TRANSLATION = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "This is what it prints."
msgstr "这是它的输出。"
"""


@dataclass(frozen=True)
class Site:
    """A site, built in processes in which no kernel can start unseen."""

    root: Path

    def build(self, *options: str, into: str = "html") -> None:
        """Build the pages; fail on a warning, a run of a guide or a kernel."""
        paths = [str(self.root / "no_kernel"), os.environ.get("PYTHONPATH", "")]
        words = ("-m", "sphinx", "-W", "--keep-going", "--no-color", *options)
        done = subprocess.run(
            [sys.executable, *words, self.root / "docs", self.root / "_build" / into],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert not (self.root / "docs" / "ran").exists(), "a guide ran"
        assert not (self.root / "no_kernel" / "started").exists(), "a kernel started"

    def page(self, name: str, into: str = "html") -> str:
        """Give a built page."""
        return (self.root / "_build" / into / f"{name}.html").read_text("utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text in a source."""
        file = self.root / "docs" / name
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")


def recording(blocks: list[CodeBlock]) -> Recording:
    run = Run(date="2026-01-01T00:00:00Z", seconds=1.5, threads=1)
    return Recording("guide.md", "key", Ingredients(()), run, tuple(blocks))


def keep(site: Site, page: str, blocks: list[CodeBlock]) -> None:
    write(site.root, {f"docs/recordings/{page}.ipynb": to_text(recording(blocks))})


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with one recorded guide, one that isn't, and a notebook without code."""
    site = Site(tmp_path_factory.mktemp("replay"))
    before = "# Guide\n\nThis is what it prints.\n\n"
    write(
        site.root,
        {
            "docs/conf.py": SITE_CONF,
            "docs/index.md": INDEX,
            "docs/guide.md": HEADER + before + cell(RUNS),
            "docs/other.md": HEADER
            + "# Other\n\n" + cell("from pathlib import Path\nPath('ran').touch()"),
            "docs/words.md": HEADER + "# Words\n",
            "docs/locales/zh_CN/LC_MESSAGES/guide.po": TRANSLATION,
            "small.py": EXTENSION,
            "no_kernel/ipykernel/__init__.py": "raise ImportError('no kernel here')",
            "no_kernel/ipykernel_launcher.py": "open(__file__ + '/../started', 'w')",
            "recorder/only_where_it_is_recorded.py": "TWO = 'two'",
        },
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        paths = [str(site.root / "recorder"), os.environ.get("PYTHONPATH", "")]
        patch.setenv("PYTHONPATH", os.pathsep.join(paths))
        ran = guides.record(guides.Guide(site.root / "docs" / "guide.md"))
        keep(site, "guide", list(ran.blocks))
    (site.root / "docs" / "ran").unlink()
    return site


@pytest.fixture
def site(recorded: Site, tmp_path: Path) -> Site:
    shutil.copytree(recorded.root, tmp_path / "site")
    return Site(tmp_path / "site")


@pytest.fixture(scope="module")
def built(recorded: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site after one build; only for tests that leave its sources alone."""
    site = Site(tmp_path_factory.mktemp("built") / "site")
    shutil.copytree(recorded.root, site.root)
    site.build()
    return site


def test_a_fresh_guide_is_replayed_and_nothing_runs(built: Site) -> None:
    assert "forty two" in built.page("guide")
    assert KEYWORD in built.page("guide"), "highlighted as Python"


def test_a_guide_without_recording_has_its_code_and_no_output(built: Site) -> None:
    assert "touch" in built.page("other")
    assert "cell_output" not in built.page("other")
    assert KEYWORD in built.page("other"), "highlighted as Python"


def test_a_parallel_build_gives_the_same_page(built: Site) -> None:
    built.build("-j", "2", into="parallel")
    for name in ("guide", "other", "words"):
        assert built.page(name, into="parallel") == built.page(name)


def test_another_language_is_made_from_the_same_recording(site: Site) -> None:
    site.build("-D", "language=zh_CN")
    assert "这是它的输出。" in site.page("guide")
    assert "forty two" in site.page("guide")


def test_prose_options_and_kernel_name_may_change(site: Site) -> None:
    site.edit("guide.md", "This is what it prints.", "It prints this.")
    site.edit("guide.md", "python3", "torch")
    site.edit("guide.md", "```{code-cell}\n", "```{code-cell}\n:tags: [hide-input]\n")
    site.edit("guide.md", 'print("forty"', "print('forty'")
    site.build()
    assert "It prints this." in site.page("guide")
    assert "forty two" in site.page("guide")


def test_the_page_shows_the_newest_recording(site: Site) -> None:
    site.build()
    printed = {"output_type": "stream", "name": "stdout", "text": "forty three\n"}
    keep(site, "guide", [CodeBlock(RUNS.strip(), (printed,))])
    site.build("-E")
    assert "forty three" in site.page("guide")
    (site.root / "docs" / "recordings" / "guide.ipynb").unlink()
    site.build("-E")
    assert "forty t" not in site.page("guide")


def test_two_guides_with_equal_code_keep_their_own_outputs(site: Site) -> None:
    shutil.copy(site.root / "docs" / "guide.md", site.root / "docs" / "other.md")
    printed = {"output_type": "stream", "name": "stdout", "text": "forty three\n"}
    keep(site, "other", [CodeBlock(RUNS.strip(), (printed,))])
    site.build()
    assert "forty two" in site.page("guide")
    assert "forty three" in site.page("other")


def test_an_unchanged_guide_is_not_put_into_the_cache_again(site: Site) -> None:
    site.build()
    (cached,) = site.root.glob(
        "_build/html/.doctrees/recordings/guide.cache/*/*/base.ipynb"
    )
    before = cached.stat()
    site.edit("guide.md", "This is what it prints.", "It prints this.")
    site.build()
    assert "It prints this." in site.page("guide")
    assert cached.stat().st_ino == before.st_ino
    assert cached.stat().st_mtime_ns == before.st_mtime_ns


def test_a_broken_cache_is_made_anew(site: Site) -> None:
    site.build()
    for broken in ("global.db", "executed/*/base.ipynb"):
        (file,) = site.root.glob(
            f"_build/html/.doctrees/recordings/guide.cache/{broken}"
        )
        file.write_bytes(b"\0" * 5000)
        site.build("-E")
        assert "forty two" in site.page("guide")


@pytest.mark.parametrize("recorded", [("1",), ("1", "3")], ids=["fewer", "others"])
def test_a_recording_of_other_cells_is_refused(
    tmp_path: Path, recorded: tuple[str, ...]
) -> None:
    page = guide(tmp_path, cell("1") + cell("2")).read()
    blocks = [CodeBlock(source) for source in recorded]
    with pytest.raises(guides.OtherCode):
        guides.seed(recording(blocks), page, tmp_path / "cache")
