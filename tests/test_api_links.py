"""Names of libraries in code lead to their documentation, without the network."""

from collections.abc import Callable
from pathlib import Path

from bs4 import BeautifulSoup
from conftest import MakeSite
from sphinx.util.inventory import InventoryFile

from recipe_site import api_links

LIBRARY = '''
class Tool:
    def use(self):
        return 1


def make():
    return Tool()


def never_used():
    """Nothing calls it."""
'''
API = """Library
=======

.. py:module:: library

.. py:class:: Tool

   .. py:method:: use()

.. py:function:: make()
.. py:function:: never_used()
"""
RECIPE = '''"""
Using a tool
============

It is used.
"""

import library

tool = library.make()
print(tool.use())
'''


def test_a_call_is_linked_and_a_variable_is_not(
    make_site: MakeSite, serve: Callable[[Path], str]
) -> None:
    site = make_site(
        {
            "recipes/all/tool.py": RECIPE,
            "recipes/all/library.py": LIBRARY,
            "api/conf.py": "",
            "api/index.rst": API,
        },
        extensions=["sphinx.ext.intersphinx", "recipe_site", "recordings"],
        sphinx_gallery_conf={
            "inspect_global_variables": True,
            "ignore_pattern": "library",
        },
        intersphinx_mapping={"library": ("https://example.org/", "library.inv")},
    )
    documented = site.run("sphinx", "-q", "api", "built")
    assert documented.status == 0, documented.stderr
    address = f"{serve(site.root / 'built')}/"
    assert site.run("recordings", "run").status == 0
    docs = site.root / "docs"
    api_links.refresh(docs, {"library": (address, "library.inv")})
    kept = (docs / "library.inv").read_bytes()
    assert b"# Project: library" in kept
    build = site.build("-D", "recordings_mode=replay")
    assert build.status == 0, build.stderr
    page = BeautifulSoup(build.page("recipes/all/tool.html"), "html.parser")
    links = {each.text: each["href"] for each in page.select("pre a")}
    assert links == {
        "library.make": "https://example.org/index.html#library.make",
        "tool.use": "https://example.org/index.html#library.Tool.use",
    }
    known = InventoryFile.loads(kept, uri="").data
    assert "library.never_used" not in known["py:function"]
