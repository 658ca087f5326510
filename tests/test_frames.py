"""A stack that a recipe shows begins in the recipe, however its process began."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import pytest
from projects import MakeProject, Project, printed

from recordings.gallery import frames

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recordings.running.events import Result

CODE = """\
import colorsys, inspect, logging, traceback, warnings

def shows():
    traceback.print_stack()
    print(len(traceback.extract_stack()), len(inspect.stack()))
    print(len([*traceback.walk_stack(None)]))
    logging.warning("told", stack_info=True)
    warnings.warn("of the caller", stacklevel=2)
    warnings.warn("of nobody", stacklevel=9)

shows()

class Value:
    def __repr__(self):
        return "".join(traceback.format_stack())

Value()"""
SHOWN = """\
  File "FILE", line 18, in <module>
    shows()
  File "FILE", line 11, in shows
    traceback.print_stack()
2 2
2
WARNING:root:told
Stack (most recent call last):
  File "FILE", line 18, in <module>
    shows()
  File "FILE", line 14, in shows
    logging.warning("told", stack_info=True)
FILE:18: UserWarning: of the caller
  shows()
sys:1: UserWarning: of nobody
"""
REPR = """\
  File "FILE", line 22, in __repr__
    return "".join(traceback.format_stack())
"""
SCRAPER = """\
def scrape(block, block_vars, gallery_conf):
    if "colorsys" not in block.content:
        raise ValueError("no such figure")
    return ""
"""


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    afresh = f"{CODE}\n# sphinx_gallery_threads = 2"
    project = make_project(
        {"afresh": afresh, "b": CODE, "c": CODE, "forked": CODE, "scraped": "1"},
        recordings_preload=["colorsys"],
        sphinx_gallery_conf={"image_scrapers": ("scraping_of_frames.scrape",)},
    )
    conf = project.site.root / "docs" / "conf.py"
    path = f"import sys\nsys.path.insert(0, {str(conf.parent)!r})\n"
    conf.write_text(path + conf.read_text("utf-8"), encoding="utf-8")
    project.site.write({"docs/scraping_of_frames.py": SCRAPER})
    return project


@pytest.fixture(scope="module")
def results(project: Project) -> Mapping[str, Result]:
    return project.run(jobs=2)


@pytest.mark.parametrize("name", ["afresh", "forked"])
@pytest.mark.usefixtures("results")
def test_a_stack_begins_in_the_recipe(project: Project, name: str) -> None:
    recording = project.recording(name)
    assert printed(recording) == SHOWN.replace("FILE", f"{name}.py")
    [shown] = [
        output["data"]["text/plain"]
        for output in recording.blocks[0].outputs
        if output["output_type"] == "execute_result"
    ]
    assert shown == REPR.replace("FILE", f"{name}.py")


def test_a_traceback_holds_no_function_of_ours(results: Mapping[str, Result]) -> None:
    assert results["scraped"].reason == "ValueError: no such figure"
    assert results["scraped"].log
    log = results["scraped"].log.read_text("utf-8")
    assert "scraping_of_frames.py" in log
    assert "sphinx_gallery/" in log
    assert "recordings/gallery" not in log
    assert "capture.py" not in log


def test_a_stack_may_be_as_deep_as_python_lets_it() -> None:
    def deeper() -> None:
        deeper()

    with pytest.raises(RecursionError) as raised:
        deeper()
    kept = frames.without_own(raised.tb)
    assert len([*traceback.walk_tb(kept)]) == len([*traceback.walk_tb(raised.tb)])
