"""`python -m building` builds all editions, from what has changed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from gettext import GNUTranslations
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import psutil
import pytest
from forked import python_path
from projects import PATIENCE, wait_for

from editions.kept import Cache

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Site

    MakeSite = Callable[..., Site]

PAGE = "Site\n====\n\n.. toctree::\n\n   guides/words\n   recipes/index\n"
GUIDE = "Words\n=====\n\nA page.{}\n"
CATALOG = "locales/{}/LC_MESSAGES/guides/words.po"
RECIPE_CATALOG = "locales/zh_CN/LC_MESSAGES/recipes/all/one.po"
HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
ENTRY = HEADER + 'msgid "{}"\nmsgstr "{}"\n'
RECIPE = '"""\nOne\n===\n\nIt prints.\n"""\n\nprint({})\n'
BUILD = ("building", "--site", "docs/_build/html")


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    return make_site(
        {
            "docs/index.rst": PAGE,
            "docs/guides/words.rst": GUIDE.format(""),
            "recipes/all/one.py": RECIPE.format(1),
            CATALOG.format("zh_CN"): ENTRY.format("A page.", "一个页面。"),
            RECIPE_CATALOG: ENTRY.format("It prints.", "它打印。"),
            CATALOG.format("ko"): ENTRY.format("A page.", "한 페이지, 두 줄."),
        },
        extensions=["editions", "recordings"],
        exclude_patterns=["_build"],
        locale_dirs=["../locales"],
        gettext_compact=False,
    )


def page(site: Site, name: str) -> str:
    return (site.root / "docs/_build/html" / name).read_text("utf-8")


def test_what_is_stale_is_recorded_and_what_changed_is_made_again(site: Site) -> None:
    record = ("--record", f"{sys.executable} -m recordings run")
    first = site.run(*BUILD, *record)
    assert first.status == 0, first.stdout
    assert "to be recorded first: recipes/all/one.py" in first.stdout
    assert "building side by side: en, ko, zh-cn" in first.stdout
    for edition in ("en", "ko", "zh-cn"):
        assert f"{edition}: built, in " in first.stdout
    assert "一个页面。" in page(site, "zh-cn/guides/words.html")
    assert "它打印。" in page(site, "zh-cn/recipes/all/one.html")
    assert "한 페이지, 두 줄." in page(site, "ko/guides/words.html")

    again = site.run(*BUILD, *record)
    assert again.status == 0, again.stdout
    assert "recorded" not in again.stdout

    site.write(
        {
            RECIPE_CATALOG: ENTRY.format("It prints.", "它会打印。"),
            "docs/guides/words.rst": GUIDE.format(" And more."),
        }
    )
    assert site.run(*BUILD, *record).status == 0
    assert "它会打印。" in page(site, "zh-cn/recipes/all/one.html")
    assert "And more." in page(site, "ko/guides/words.html")

    site.write({"recipes/all/one.py": RECIPE.format(5 * 5)})
    changed = site.run(*BUILD, *record)
    assert "to be recorded first: recipes/all/one.py" in changed.stdout
    for edition in ("en", "ko", "zh-cn"):
        assert "25\n" in page(site, f"{edition}/recipes/all/one.html")


def test_a_fault_of_several_editions_is_said_once_of_its_source(site: Site) -> None:
    assert site.run("recordings", "run").status == 0
    site.write({"docs/guides/words.rst": GUIDE.format(" See :ref:`nowhere`.")})
    for _ in range(2):
        done = site.run(*BUILD)
        assert done.status == 1
        assert done.stdout.count("undefined label") == 1, done.stdout
        assert "\ndocs/guides/words.rst:4: WARNING: undefined label" in done.stdout
        assert "not built without faults: en, ko, zh-cn; see above" in done.stdout
        site.write({"docs/guides/words.rst": GUIDE.format(" See :ref:`nowhere` now.")})


def test_a_fault_in_a_catalog_is_said_by_each_build(site: Site) -> None:
    assert site.run("recordings", "run").status == 0
    catalog = CATALOG.format("zh_CN")
    site.write({catalog: HEADER + 'msgid "A page.\nmsgstr "一个页面。"\n'})
    for _ in range(2):
        done = site.run(*BUILD)
        assert done.status == 1
        assert (done.stdout + done.stderr).count(f"{catalog}:4") == 1
        assert "not built without faults: zh-cn; see above" in done.stdout
    site.write({catalog: ENTRY.format("A page.", "一个页面。")})
    assert site.run(*BUILD).status == 0


def test_what_is_kept_is_of_this_code_and_these_files(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    made: list[str] = []

    def translation() -> str:
        made.append("")
        return f"the {len(made)}."

    def kept(*made_from: object) -> str:
        cache = Cache(file)
        found: str = cache.result(translation, *made_from)
        cache.save()
        return found

    assert [kept("a"), kept("a"), kept("b"), kept("a")] == [
        *("the 1.", "the 1.", "the 2."),
        "the 3.",  # what was not asked for last time is gone
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("editions.kept._code", lambda: "changed since")
        assert kept("a") == "the 4."
    for damaged in ("[1]", "{", "[" * 100_000, "\ud800".encode("utf-8", "replace")):
        file.write_bytes(damaged if isinstance(damaged, bytes) else damaged.encode())
        assert kept("c").startswith("the ")


def test_a_string_of_an_extension_is_translated_anew(site: Site) -> None:
    code = "docs/_ext/site/words.py"
    site.write(
        {
            code: 'SAID = _("Words")\n',
            "locales/zh_CN/LC_MESSAGES/site.po": HEADER
            + '#, fuzzy\n#| msgid "Words"\nmsgid "Word"\nmsgstr "词"\n',
        }
    )

    def said() -> str:
        assert site.run("editions").status == 0
        place = "docs/_build/editions/zh-cn/locales/zh_CN/LC_MESSAGES/site.mo"
        with (site.root / place).open("rb") as file:
            return GNUTranslations(file).gettext("Word")

    assert said() == "Word"
    site.write({code: 'SAID = _("Word")\n'})
    assert said() == "词", "the older translation, of a string that there is now"


def test_a_build_that_is_told_to_end_leaves_nothing(site: Site) -> None:
    assert site.run("recordings", "run").status == 0
    site.write({"docs/conf.py": (site.root / "docs/conf.py").read_text() + SLOW})
    before = {*Path(gettempdir()).glob("building-*")}
    mark = {**os.environ, "PYTHONPATH": python_path(), "BUILDING": str(site.root)}
    process = subprocess.Popen(
        [sys.executable, "-m", *BUILD], cwd=site.root, env=mark, stdout=subprocess.PIPE
    )
    assert process.stdout
    process.stdout.readline()  # it builds now
    assert wait_for(lambda: len(of_build(site)) > 2)
    process.terminate()
    assert process.wait(PATIENCE) == 128 + signal.SIGTERM
    process.stdout.close()
    assert wait_for(lambda: not of_build(site))
    assert {*Path(gettempdir()).glob("building-*")} <= before


SLOW = """
import time

def setup(app):
    app.connect("builder-inited", lambda app: time.sleep(60), priority=900)
"""


def of_build(site: Site) -> list[psutil.Process]:
    """List the processes of a build that run."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            marked = process.environ().get("BUILDING") == str(site.root)
            if marked and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def test_one_edition_alone(site: Site) -> None:
    assert site.run("recordings", "run").status == 0
    assert site.run(*BUILD, "--edition", "ko").status == 0
    built = {each.name for each in (site.root / "docs/_build/html").iterdir()}
    assert "ko" in built
    assert not built & {"en", "zh-cn"}
    unknown = site.run(*BUILD, "--edition", "kr")
    assert unknown.status == 2
    assert "there is no edition 'kr'; there are en, ko, zh-cn" in unknown.stderr
