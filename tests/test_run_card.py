"""The run card: what it says, where it links to, and that it is no message."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote

import polib
import pytest
from conftest import MakeSite, Site
from stores import RUN, keep, web_server

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
    """Make a site of one recipe, whose recording is confirmed four times."""
    site = make_site(
        {f"{NAME}.py": RECIPE},
        extensions=["recordings"],
        recordings_requirements=["torch==2.15.0"],
    )
    keep(site.root / "docs")
    file = site.root / f"docs/recordings/{NAME}.ipynb"
    notebook = json.loads(file.read_text("utf-8"))
    about = notebook["metadata"]["recording"]
    del about["seal"]
    about["run"]["versions"] = {"Python": "3.11.7", "torch": "2.14.1"}
    versions = [*[{"Python": "3.11.7", "torch": "2.15.0"}] * 3, {"torch": "2.13.0"}]
    about["confirmations"] = [
        {"date": f"20{30 - n}-07-03T00:00:00Z", "processor": f"No. {n}", "versions": it}
        for n, it in enumerate(versions)
    ]
    file.write_text(json.dumps(notebook), "utf-8")
    conf = site.root / "docs" / "conf.py"
    conf.write_text(MEMORY + conf.read_text("utf-8"), "utf-8")
    return site


def card(site: Site, *arguments: str) -> str:
    """Return the run card of the page, built by replay from a store."""
    build = site.build(*REPLAY, *arguments)
    assert build.status == 0, build.stderr
    page = build.page(f"{NAME}.html")
    return page.partition('class="run-card')[2].partition("sphx-glr-footer")[0]


def text_of(page: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", page).split())


def test_the_run_card_shows_the_newest_three_confirmations(site: Site) -> None:
    confirmed = re.findall(r"Confirmed : (.*?)(?= Confirmed| Rec)", text_of(card(site)))
    assert confirmed == [f"July 3, {2030 - n}, torch 2.15.0, No. {n}" for n in range(3)]
    text = (site.root / f"docs/{NAME}.ipynb").read_text("utf-8")
    last = "".join(json.loads(text)["cells"][-1]["source"])
    assert "How this output was made" in last
    assert last.count("- Confirmed: July 3, 20") == 3
    assert "](" not in last
    assert "://" not in last


def test_the_run_card_links_to_a_file(site: Site, tmp_path: Path) -> None:
    kept = site.root / "docs" / "recordings"
    shutil.copytree(kept, outside := tmp_path / "outside")
    for address in ("recordings", kept.as_uri(), str(outside)):
        [link] = LINK.findall(card(site, "-D", f"recordings_path={address}"))
        copy = Path(site.root, "docs/_build/html/recipes/one", unquote(link)).resolve()
        assert copy.is_relative_to(site.root / "docs/_build/html/_downloads")
        assert copy.read_bytes() == (kept / f"{NAME}.ipynb").read_bytes()


def test_the_run_card_links_to_a_web_address(site: Site) -> None:
    with web_server(site.root / "docs" / "recordings") as address:
        [link] = LINK.findall(card(site, "-D", f"recordings_path={address}"))
    assert unquote(link) == f"{address}/{NAME}.ipynb"


def test_the_run_card_links_to_nothing_that_a_reader_cannot_get(site: Site) -> None:
    found = card(site, "-D", "recordings_path=memory://recordings")
    assert "Run time" in found
    assert LINK.findall(found) == []
    assert "memory:" not in found


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
    volatile = re.compile(rf"\d (s|min|MiB|GiB)\b|20\d\d|No\.|{RUN.processor}")
    assert [text for text in messages if volatile.search(text)] == []
