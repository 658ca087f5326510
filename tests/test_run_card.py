"""The run card: where it links to, and what of a page is no message for translators."""

import json
import re
from pathlib import Path
from urllib.parse import unquote

import polib
import pytest
from conftest import MakeSite, Site
from stores import web_server

RECIPE = '"""\nOne\n===\n\nText.\n"""\n\nprint(1)\n\n# %%\n# More.\n\nprint(2)\n'
NAME = "recipes/one/good_梯度"
REPLAY = ("-D", "recordings_mode=replay")
LINK = re.compile(r'<a [^>]*href="([^"]*\.ipynb)"')

# Keeps recordings in memory: there as long as the build, and nobody can get them.
MEMORY = """
from pathlib import Path
import fsspec

files = fsspec.filesystem("memory")
for path in Path(__file__).parent.glob("recordings/**/*.ipynb"):
    name = path.relative_to(Path(__file__).parent).as_posix()
    files.pipe_file(f"/{name}", path.read_bytes())
"""


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    """Make a site of one recipe, and record it."""
    site = make_site({f"{NAME}.py": RECIPE}, extensions=["recordings"])
    build = site.build()
    assert build.status == 0, build.stderr
    conf = site.root / "docs" / "conf.py"
    conf.write_text(MEMORY + conf.read_text("utf-8"), "utf-8")
    return site


def card(site: Site, *arguments: str) -> str:
    """Give the run card of the page, built by replay from a store."""
    build = site.build(*REPLAY, *arguments)
    assert build.status == 0, build.stderr
    page = build.page(f"{NAME}.html")
    return page.partition('class="run-card')[2].partition("sphx-glr-footer")[0]


def test_the_run_card_links_to_a_file(site: Site) -> None:
    [link] = LINK.findall(card(site))
    folder = site.root / "docs/_build/html/recipes/one"
    copy = Path(folder, unquote(link)).resolve()
    assert (
        copy.read_bytes() == (site.root / f"docs/recordings/{NAME}.ipynb").read_bytes()
    )


def test_the_run_card_links_to_a_file_of_an_address(site: Site) -> None:
    address = f"file://{site.root}/docs/recordings"
    [link] = LINK.findall(card(site, "-D", f"recordings_path={address}"))
    assert link.startswith("../../_downloads/")


def test_the_run_card_links_to_a_web_address(site: Site) -> None:
    with web_server(site.root / "docs" / "recordings") as address:
        [link] = LINK.findall(card(site, "-D", f"recordings_path={address}"))
    assert unquote(link) == f"{address}/{NAME}.ipynb"


def test_the_run_card_links_to_nothing_that_a_reader_cannot_get(site: Site) -> None:
    found = card(site, "-D", "recordings_path=memory://recordings")
    assert "Run time" in found
    assert LINK.findall(found) == []
    assert "memory:" not in found


def test_the_notebook_s_run_card_links_to_nothing(site: Site) -> None:
    card(site)
    text = (site.root / f"docs/{NAME}.ipynb").read_text("utf-8")
    last = json.loads(text)["cells"][-1]
    assert "How this output was made" in "".join(last["source"])
    assert "](" not in "".join(last["source"])
    assert "://" not in "".join(last["source"])


def test_no_message_holds_what_changes_from_run_to_run(site: Site) -> None:
    assert "recording-block-time" in site.build(*REPLAY).page(f"{NAME}.html")
    build = site.build(*REPLAY, builder="gettext")
    assert build.status == 0, build.stderr
    messages = [
        message.msgid
        for catalog in build.folder.rglob("*.pot")
        for message in polib.pofile(str(catalog))
    ]
    assert {"Text.", "More."} <= {*messages}
    notebook = json.loads((site.root / f"docs/recordings/{NAME}.ipynb").read_text())
    run = notebook["metadata"]["recording"]["run"]
    year, machine = run["date"][:4], run["processor"].split()[0]
    volatile = re.compile(rf"\d (s|min|MiB|minutes)\b|{year}|{re.escape(machine)}")
    assert [text for text in messages if volatile.search(text)] == []
