"""Builds switch garbage collection off."""

from conftest import MakeSite

SHOWS = """
import gc
def setup(app):
    app.connect("build-finished", lambda *_: print("collects:", gc.isenabled()))
"""


def test_garbage_collection_is_off_in_a_build(make_site: MakeSite) -> None:
    page = {"docs/index.rst": "Title\n=====\n"}
    for extensions, collects in (["recipe_site"], False), ([], True):
        site = make_site(page, extensions=extensions)
        conf = site.root / "docs" / "conf.py"
        conf.write_text(conf.read_text("utf-8") + SHOWS, "utf-8")
        assert f"collects: {collects}" in site.build().stdout
