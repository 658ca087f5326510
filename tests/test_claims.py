"""`nox -s claims` prints which claim fails in which setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import claims
import pytest

if TYPE_CHECKING:
    from projects import MakeProject, Project

RECIPES = {
    "holds": "open('left_behind', 'w').close()\nassert 1 + 1 == 2",
    "fails": """
import os

kernels = os.environ.get("ATEN_CPU_CAPABILITY")
assert kernels != "default", "the same on all kernels"
""",
    "hangs": """
import os
import time

if os.environ.get("DNNL_MAX_CPU_ISA") == "SSE41":
    time.sleep(20)
""",
    "raises": """
import os

two = int(os.environ["OMP_NUM_THREADS"])
assert two != 2
assert os.environ["MPLBACKEND"] == "agg" and os.environ["PYTHONHASHSEED"] == "0"
[one] = os.environ.get("MKL_CBWR", "1")
""",
}
FAILED = """\
recipes/all/fails with ATEN_CPU_CAPABILITY=default: fails.py:12: the same on all kernels
recipes/all/hangs with DNNL_MAX_CPU_ISA=SSE41: hangs.py: not done after 3 seconds
recipes/all/raises with OMP_NUM_THREADS=2: raises.py:12: assert two != 2
recipes/all/raises with MKL_CBWR=COMPATIBLE: raises.py:14: ValueError: too many \
values to unpack (expected 1)
36 runs, 9 settings: 4 failed
"""


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    return make_project(RECIPES)


@pytest.fixture(autouse=True)
def _here(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.site.root)
    monkeypatch.setattr(claims, "CPUINFO", project.site.root / "old")
    monkeypatch.setattr(claims, "TIMEOUT", 3.0)


def test_what_failed_is_said(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert claims.main([]) == 1
    said = capsys.readouterr().out.splitlines()
    assert [each for each in said if each in FAILED] == FAILED.splitlines()
    assert not [*project.site.root.rglob("left_behind")], "a recipe runs in a copy"


def test_recipes_are_chosen_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert claims.main(["holds"]) == 0
    assert "9 runs, 9 settings: all claims hold\n" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="did you mean recipes/all/holds"):
        claims.main(["hold"])


def test_wide_kernels_run_where_the_processor_has_them() -> None:
    assert len(claims.settings("fma avx2 avx512f")) == len(claims.settings("avx2")) + 2
