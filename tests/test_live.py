"""The whole site is served while it is edited, and pages hear of what was made."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from projects import MARK, PATIENCE, recipe, wait_for

from live.concerns import Concerns, concerns
from live.server import start
from live.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import MakeSite, Site
    from playwright.sync_api import Browser

OUTPUT = "<pre><span></span>{}\n"
ENGLISH, CHINESE = "en", "zh_CN"
BOTH = frozenset({ENGLISH, CHINESE})
CATALOG = "locales/zh_CN/LC_MESSAGES/guides/words.po"
HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
ENTRY = HEADER + '\nmsgid "{}"\nmsgstr "{}"\n'
PAGE = "Start\n=====\n\n.. toctree::\n\n   guides/words\n   recipes/index\n"
GUIDE = "Guide\n=====\n\n{}\n"

SAVED = {
    "docs/guides/error_messages.md": Concerns(BOTH, recordings=True),
    "recipes/gradients/clipping.py": Concerns(BOTH, recordings=True),
    "pyproject.toml": Concerns(BOTH, recordings=True),
    "docs/_static/site.css": Concerns(BOTH),
    "docs/recordings/recipes/gradients/clipping.ipynb": Concerns(BOTH),
    "locales/zh_CN/LC_MESSAGES/index.po": Concerns(frozenset({CHINESE})),
    "locales/ja/LC_MESSAGES/index.po": Concerns(BOTH, program=True),
    "docs/_ext/editions/folder.py": Concerns(BOTH, recordings=True, program=True),
    "docs/_build/html/en/index.html": Concerns(),
    "docs/recipes/gradients/clipping.rst": Concerns(),
    "docs": Concerns(),
    "recipes/data/FashionMNIST/raw/images": Concerns(),
    "locales/zh_CN/LC_MESSAGES/.index.po-7.tmp": Concerns(),
}


@pytest.mark.parametrize("path", SAVED)
def test_a_saved_file_concerns_what_is_made_from_it(path: str) -> None:
    assert concerns([path], [ENGLISH, CHINESE]) == SAVED[path]


def test_saved_files_concern_what_each_of_them_does() -> None:
    paths = ["locales/zh_CN/LC_MESSAGES/index.po", "docs/_static/site.css"]
    assert concerns(paths, [ENGLISH, CHINESE]) == Concerns(BOTH)
    assert concerns([], [ENGLISH, CHINESE]) == Concerns()


def test_a_page_loads_itself_again_and_shows_what_goes_on(
    tmp_path: Path, browser: Browser
) -> None:
    file = tmp_path / "en" / "index.html"
    file.parent.mkdir()
    file.write_text("<!doctype html><title>One</title><p>One", "utf-8")
    state = State()
    server, address = start(tmp_path, state, 0)
    page = browser.new_page()
    try:
        page.goto(f"{address}/en/")
        state.note("recording", "Recording one.py …")
        status = page.get_by_role("status")
        status.get_by_text("Recording one.py …").wait_for()
        state.note("recording")
        status.wait_for(state="detached")
        file.write_text("<!doctype html><title>Two</title><p>Two", "utf-8")
        state.made("zh-cn")  # another edition's pages are none of its business
        state.made("en")
        page.get_by_text("Two").wait_for()
    finally:
        page.close()
        server.shutdown()
        server.server_close()


@dataclass
class Live:
    """The program at work in a site, what it says, and what it tells pages."""

    site: Site
    process: subprocess.Popen[str]
    mark: str
    address: str = ""
    said: list[str] = field(default_factory=list)
    told: Queue[dict[str, Any]] = field(default_factory=Queue)

    def page(self, name: str) -> str:
        """Ask for a page; what is not there yet is empty."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        connection.request("GET", f"/{name}")
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return text if answer.status == 200 else ""

    def shows(self, name: str, text: str) -> bool:
        """Wait until a page shows a text."""
        return wait_for(lambda: text in self.page(name))

    def says(self, text: str) -> bool:
        """Wait until the terminal says a text."""
        return wait_for(lambda: any(text in line for line in self.said))

    def left(self) -> list[psutil.Process]:
        """List the processes that the program is the cause of."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self.mark:
                    found.append(process)
            except psutil.Error:
                continue
        return [each for each in found if each.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(scope="module")
def live(make_site: MakeSite) -> Iterator[Live]:
    site = make_site(
        {
            "docs/index.rst": PAGE,
            "docs/guides/words.rst": GUIDE.format("A page."),
            "recipes/all/one.py": recipe("print(1)"),
            CATALOG: ENTRY.format("A page.", "一个页面。"),
        },
        extensions=["editions", "recordings"],
        exclude_patterns=["_build"],
        locale_dirs=["../locales"],
        gettext_compact=False,
    )
    mark, python = uuid.uuid4().hex, sys.executable
    found = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    path = os.pathsep.join(os.path.abspath(each) for each in found if each)  # noqa: PTH100
    record = f"{python} -m recordings run"
    words = ["--site", "docs/_build/html", "--port", "0", "--record", record]
    process = subprocess.Popen(
        [python, "-m", "live", *words],
        cwd=site.root,
        env={**os.environ, MARK: mark, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    live = Live(site, process, mark)
    listener = Thread(target=_listen, args=(process.stdout, live.said.append))
    listener.start()
    try:
        assert live.says("is the site"), live.said
        live.address = live.said[0].split()[1].removeprefix("http://")
        yield live
    finally:
        process.kill()
        process.wait()
        listener.join()


def _listen(stream: Any, hear: Callable[[str], None]) -> None:
    with stream:
        for line in stream:
            hear(line.rstrip())


def _follow(live: Live) -> None:
    connection = http.client.HTTPConnection(live.address)
    connection.request("GET", "/-/state")
    for line in connection.getresponse():
        if line.startswith(b"data: "):
            live.told.put(json.loads(line[6:]))


def test_both_editions_are_made_and_what_is_missing_recorded(live: Live) -> None:
    assert live.says("recording recipes/all/one.py"), live.said
    assert live.says("recorded"), live.said
    assert live.shows("en/recipes/all/one.html", OUTPUT.format(1)), live.said
    assert live.shows("zh-cn/recipes/all/one.html", OUTPUT.format(1)), live.said
    page = live.page("zh-cn/guides/words.html")
    assert "一个页面。" in page
    assert '<script src="/-/page.js" data-edition="zh-cn" data-stamp="' in page


def test_a_saved_sentence_is_seen_in_both_editions_and_runs_nothing(live: Live) -> None:
    assert not any("docs/guides" in line for line in live.said), live.said
    recorded = sum("recording" in line for line in live.said)
    live.site.write({"docs/guides/words.rst": GUIDE.format("Another page.")})
    assert live.says("saved docs/guides/words.rst"), live.said
    assert live.shows("en/guides/words.html", "Another page."), live.said
    assert live.shows("zh-cn/guides/words.html", "<ins>Another"), live.said
    live.site.write({CATALOG: ENTRY.format("Another page.", "另一页。")})
    assert live.shows("zh-cn/guides/words.html", "另一页。"), live.said
    assert sum("recording" in line for line in live.said) == recorded


def test_saved_code_is_recorded_and_pages_are_told(live: Live) -> None:
    Thread(target=_follow, args=(live,), daemon=True).start()
    live.site.write({"recipes/all/one.py": recipe("print(5 * 5)")})
    assert live.shows("en/recipes/all/one.html", OUTPUT.format(25)), live.said
    told = []
    while not live.told.empty():
        told.append(live.told.get())
    assert ["Recording recipes/all/one.py …"] in [each["notes"] for each in told]
    assert len({each["stamps"].get("en") for each in told}) > 1
    # Code that failed is not run again because of a sentence.
    live.site.write({"recipes/all/one.py": recipe("1 / 0")})
    assert live.says("recording failed, see above: recipes/all/one.py"), live.said
    runs = sum("recording recipes" in line for line in live.said)
    live.site.write({"docs/guides/words.rst": GUIDE.format("After a failure.")})
    for edition in ("en", "zh-cn"):
        assert live.shows(f"{edition}/guides/words.html", "After a failure."), live.said
    assert sum("recording recipes" in line for line in live.said) == runs


def test_it_ends_with_all_that_it_started(live: Live) -> None:
    live.site.write({"recipes/all/one.py": recipe("import time\ntime.sleep(40)")})
    count = sum("recording recipes" in line for line in live.said)
    assert wait_for(
        lambda: sum("recording recipes" in line for line in live.said) > count
    )
    os.killpg(live.process.pid, signal.SIGINT)  # as Ctrl-C does
    assert live.process.wait(PATIENCE) == 0
    assert wait_for(lambda: not live.left()), live.left()
    assert live.said[-1].endswith("ended")
    with pytest.raises(ConnectionRefusedError):
        live.page("en/index.html")
