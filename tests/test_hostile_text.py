"""What translators write, and what recipes print, brings nothing but text to a page."""

import json
import re
from collections.abc import Callable, Iterator
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from bs4 import BeautifulSoup
from catalogs import catalog
from conftest import PROJECT, MakeSite, Site
from forked import Build
from markdown_it import MarkdownIt
from playwright.sync_api import Browser, Dialog

from editions.translated_files import compiled_catalog
from recordings.store.svg_scripts import still
from translation.catalogs.catalog import Translation
from translation.checks.additions import additions

CATALOGS = "locales/zh_CN/LC_MESSAGES"
EXTENSIONS = ["myst_parser", "recipe_site", "editions", "recordings"]
SETTINGS = {
    "exclude_patterns": ["_build"],
    "locale_dirs": ["../locales"],
    "gettext_compact": False,
    "myst_enable_extensions": ["colon_fence"],
}
INDEX = "Start\n=====\n\n.. toctree::\n\n   page\n   recipes/index\n"
OFF = "".join(
    f"# check: {name} off: I know better\n"
    for name in ("roles", "links", "literals", "rest", "markdown", "typography")
)

# Refused by the build, by the name of its catalog -------------------------------------

REST = {
    ".. include:: ../../docs/conf.py": "the directive include",
    ".. raw:: html <script>alert(1)</script>": "the directive raw",
    ".. literalinclude:: /etc/passwd": "the directive literalinclude",
    ".. image:: https://evil.example/a.png": "the picture https://evil.example/a.png",
    ".. |a| raw:: html <script>alert(1)</script>": "the directive raw",
    ".. _a: javascript:alert(1)": "a link to javascript:alert(1)",
    ":link: javascript:alert(1)": "field list",
    "下载 :download:`这里 <../../docs/conf.py>`": "the role download with ../../docs",
    "见 :doc:`这里 </page>`": "the role doc with /page",
    "见 `这里 <javascript:alert(1)>`__": "a link to javascript:alert(1)",
    "见 https://evil.example": "a link to https://evil.example",
    "今天 |today|": "substitution reference",
    "好\n\n.. include:: /etc/passwd": "the directive include",
    "代码 ::": "a mark for code (::)",
    "甲\u202e乙": "the hidden character U+202E",
}
MARKDOWN = {
    "好 <img src=x onerror=alert(1)>": "HTML: <img src=x onerror=alert(1)>",
    "<script>alert(1)</script>": "HTML: <script>alert(1)</script>",
    "```{include} ../conf.py\n```": "the directive {include} ../conf.py",
    ":::{raw} html\n<script>alert(1)</script>\n:::": "the directive {raw} html",
    "{download}`这里 <../conf.py>`": "the role download with ../conf.py",
    "[这里](https://evil.example)": "a link to https://evil.example",
    "见 https://evil.example": "a link to https://evil.example",
    "好\n\n- 一": "bullet list and list item",
    "![图](https://evil.example/a.png)": "the picture https://evil.example/a.png",
    "{{ env.config }}": "substitution",
    "(a)=\n好": "myst target",
}
STRINGS = {
    "<script>alert(1)</script>": "the tag <script> and the tag </script>",
    '搜索" onfocus="alert(1)': 'the character "',
}
HOSTILE = {
    "recipes/sums/adding": REST,
    "recipes/sums/index": {".. raw:: html <b>": "the directive raw"},
    "page": MARKDOWN,
    "site": STRINGS,
    "recordings": STRINGS,
}
EACH = [(name, text) for name, texts in HOSTILE.items() for text in texts]
RECIPE = '"""\nAdding\n======\n\nTwo numbers.\n"""\n\nprint(2)\n'


class Said(NamedTuple):
    """What two commands say of hostile catalogs, and where each message is in them."""

    build: Build
    check: Build
    lines: dict[tuple[str, str], int]
    made: bytes
    """All that the edition is built from."""


@pytest.fixture(scope="module")
def said(make_site: MakeSite) -> Said:
    files, lines = {}, {}
    for name, texts in HOSTILE.items():
        # Most are messages that no page has: it makes no difference to the build.
        messages = {f"Message {n}.": text for n, text in enumerate(texts)}
        files[f"{CATALOGS}/{name}.po"] = text = catalog(messages, OFF)
        for message, translation in messages.items():
            before = text[: text.index(f'{OFF}msgid "{message}"')]
            lines[name, translation] = before.count("\n") + 1
    smuggled = catalog({"Search": "<script>alert(1)</script>"})
    files[f"{CATALOGS}/sphinx.po"] = smuggled
    files |= {"docs/index.rst": INDEX, "docs/page.md": "# Page\n\nWords.\n"}
    files["recipes/sums/adding.py"] = RECIPE
    for name in ("site", "recordings"):
        files[f"docs/_ext/{name}/words.py"] = 'SAID = _("Words")\n'
    site = make_site(files, extensions=["myst_parser"], **SETTINGS)
    editions = site.run("editions")
    made = (site.root / "docs/_build/editions/zh-cn").rglob("*.[pm]*")
    content = b"".join(file.read_bytes() for file in made if file.is_file())
    return Said(editions, site.run("translation", "--check"), lines, content)


@pytest.mark.parametrize(("name", "text"), EACH)
def test_a_hostile_translation_is_refused(said: Said, name: str, text: str) -> None:
    line = said.lines[name, text]
    cause = f"{CATALOGS}/{name}.po:{line}: not in the English: {HOSTILE[name][text]}"
    assert said.check.status == 1
    assert cause in said.build.stderr, "and so does the build of the edition"
    assert cause in said.check.stdout
    assert text.encode() not in said.made


def test_nothing_is_made_of_hostile_translations(make_site: MakeSite) -> None:
    """Catalogs that Sphinx and its extensions look for by name are none of a page."""
    files = {
        f"{CATALOGS}/{name}.po": catalog({"Search": "<script>alert(1)</script>"})
        for name in ("sphinx", "myst", "sphinx_design")
    }
    site = make_site({**files, "docs/index.rst": INDEX}, **SETTINGS)
    assert site.run("editions").status == 0
    made = site.root / "docs/_build/editions/zh-cn/locales"
    assert not list(made.rglob("*.mo"))


# Shown as text ------------------------------------------------------------------------

IMG = "<img src=x onerror=alert(1)>"
TEXTS = {
    "Adding numbers": f"相加 {IMG}",
    "Two numbers make a third.": f"两个数 {IMG} [甲](evil.md)",
    "Words.": f"字: ``a`{IMG}`` </script><script>alert(1)</script>",
    "Then add them": "相加\\ <b onclick=alert(1)>",
    "adds them": "相加 </pre><script>alert(1)</script>",
    "A picture": '图" onload="alert(1)" x="',
    "sum": f'"{IMG}',
}
PAGE_TEXTS = {
    "Page": "页 \\<img src=x onerror=alert(1)>",
    "Words of it.": "字 \\[甲](evil.md) &lt;script>alert(1)&lt;/script>",
    "A mark": '图" onload="alert(1)" x="',
}
SVG = (
    '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" '
    'height="9" onload="alert(8)"><script>alert(8)</script>'
    '<a href="java&#10;script:alert(8)"><rect width="9" height="9" '
    'onclick="alert(8)"/></a></svg>'
)
PRINTED = [
    "</pre><script>alert(1)</script>",
    f"```\n{IMG}\n```",
    "\n.. raw:: html\n\n   <script>alert(3)</script>",
    "\x85.. raw:: html\x85\x85   <script>alert(4)</script>",
    "\x0c.. include:: /etc/passwd",
    "\x1b]8;;javascript:alert(5)\x07here\x1b]8;;\x07",
    "]]></summary><script>alert(6)</script>",
    f"RuntimeError: {IMG}",
]
HOSTILE_RECIPE = f'''"""
Adding numbers
==============

Two numbers make a third.
"""

# %%
# Words.

for each in {PRINTED!r}:
    print(each)

# %%
# Then add them
# -------------

SVG = {SVG!r}  # adds them

# sphinx_gallery_alt_block = "A picture"

# %%
# A value.


class Value:
    def __repr__(self):
        return "<script>alert(9)</script>"


Value()

# %%
# An author's own HTML.


class Html:
    def _repr_html_(self):
        return "<mark>by its author</mark>"


Html()

# sphinx_gallery_tags = ["sum"]
'''
SCRAPER = """
def scrape(block, block_vars, gallery_conf):
    from pathlib import Path

    from sphinx_gallery.scrapers import figure_rst

    svg = block_vars["example_globals"].pop("SVG", None)
    if svg is None:
        return ""
    path = Path(next(block_vars["image_path_iterator"])).with_suffix(".svg")
    path.write_text(svg)
    return figure_rst([path], gallery_conf["src_dir"], 'Loss "before" a<b')


sphinx_gallery_conf["image_scrapers"] = (scrape,)
suppress_warnings = ["config.cache"]
"""
OWN = 'Loss "before" a<b'
EDITIONS = ("en", "zh-cn")


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    """Build both editions of a site that is full of it."""
    page = "# Page\n\nWords of it.\n\n![A mark](mark.svg)\n"
    site = make_site(
        {
            "docs/index.rst": INDEX,
            "docs/page.md": page,
            "docs/mark.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
            "recipes/sums/adding.py": HOSTILE_RECIPE,
            f"{CATALOGS}/recipes/sums/adding.po": catalog(TEXTS),
            f"{CATALOGS}/page.po": catalog(PAGE_TEXTS),
        },
        extensions=[*EXTENSIONS, "sphinx_llm_friendly"],
        html_baseurl="https://example.org/",
        html_theme="furo",
        html_static_path=[str(PROJECT / "docs/_static")],
        templates_path=[str(PROJECT / "docs/_templates")],
        recordings_block_times=False,
        **SETTINGS,
    )
    conf = site.root / "docs/conf.py"
    conf.write_text(conf.read_text("utf-8") + SCRAPER, "utf-8")
    english = site.build()
    assert english.status == 0, english.stderr
    chinese = site.build_edition("zh_CN", "-D", "recordings_mode=replay")
    assert chinese.status == 0, chinese.stderr
    return site


def folder(site: Site, edition: str) -> Path:
    html = site.root / "docs/_build/html"
    return html if edition == "en" else html / edition


def made(site: Site, edition: str, pattern: str) -> Iterator[tuple[str, str]]:
    top = folder(site, edition)
    for file in sorted(top.rglob(pattern)):
        name = file.relative_to(top).as_posix()
        if edition != "en" or not name.startswith("zh-cn/"):
            yield name, file.read_text("utf-8")


@pytest.mark.parametrize("edition", EDITIONS)
def test_pages_have_no_code_of_others(site: Site, edition: str) -> None:
    for name, html in made(site, edition, "*.html"):
        page = BeautifulSoup(html, "html.parser")
        for tag in page.select("*"):
            active = [it for it in tag.attrs if it.startswith("on")]
            assert not active, (name, tag)
            for attribute in ("href", "src"):
                assert not str(tag.get(attribute, "")).startswith("javascript:"), name
            if tag.name == "script":
                assert "alert" not in (tag.string or "") or "json" in tag["type"], name
            assert "onerror" not in tag.attrs, (name, tag)


@pytest.mark.parametrize("output", PRINTED)
def test_what_is_printed_is_on_the_page(site: Site, output: str) -> None:
    page = BeautifulSoup(
        (folder(site, "zh-cn") / "recipes/sums/adding.html").read_text("utf-8"),
        "html.parser",
    )
    for line in re.split("[\x85\x0c\n\x07]|\x1b]", output):
        assert line.strip() in page.get_text()


@pytest.mark.parametrize("text", [*TEXTS.values(), *PAGE_TEXTS.values()])
def test_a_translation_is_on_the_page(site: Site, text: str) -> None:
    words = re.sub(r"\\ ?|``|\[.*|&lt;.*", "", text).strip()
    found = []
    for _name, html in made(site, "zh-cn", "*.html"):
        page = BeautifulSoup(html, "html.parser")
        alternatives = [str(it.get("alt", "")) for it in page.find_all("img")]
        found += [page.get_text(), *alternatives]
    assert any(words in each for each in found)


def test_alternatives_are_whole(site: Site) -> None:
    for edition, expected in (("en", "A picture"), ("zh-cn", TEXTS["A picture"])):
        page = dict(made(site, edition, "*.html"))["recipes/sums/adding.html"]
        images = BeautifulSoup(page, "html.parser").select("img[src*='_images']")
        assert [it["alt"] for it in images] == [expected]


def test_svg_runs_nothing_and_html_is_its_authors(site: Site) -> None:
    for edition in EDITIONS:
        pictures = [text for name, text in made(site, edition, "*_001.svg")]
        notebook = dict(made(site, edition, "*.ipynb"))["downloads/sums/adding.ipynb"]
        cells = json.loads(notebook)["cells"]
        data = [
            output["data"]
            for cell in cells
            for output in cell.get("outputs", ())
            if "data" in output
        ]
        drawn = [each["image/svg+xml"] for each in data if "image/svg+xml" in each]
        assert len(pictures) == len(drawn) == 1
        for svg in (*pictures, "".join(drawn[0])):
            assert "alert" not in svg
            assert "rect" in svg
        assert {"text/html": "<mark>by its author</mark>"} in data
        page = dict(made(site, edition, "*.html"))["recipes/sums/adding.html"]
        assert "<mark>by its author</mark>" in page


@pytest.mark.parametrize("edition", EDITIONS)
def test_markdown_has_no_html_of_others(site: Site, edition: str) -> None:
    texts = [*made(site, edition, "*.md"), *made(site, edition, "llms.txt")]
    for name, text in made(site, edition, "*.ipynb"):
        cells = json.loads(text)["cells"]
        markdown = [it["source"] for it in cells if it["cell_type"] == "markdown"]
        texts += [(name, "".join(source)) for source in markdown]
    assert len(texts) > 5
    for name, text in texts:
        for token in MarkdownIt("commonmark").parse(text):
            for each in (token, *(token.children or ())):
                href = str(each.attrs.get("href", ""))
                assert not href.startswith(("javascript:", "evil")), (name, each)
                assert "html" not in each.type or "alert" not in each.content, (
                    name,
                    each.content,
                )
    twin = dict(texts)["recipes/sums/adding.md"]
    assert twin.count("\n```\n<img") == 1, "the block of output is whole"


@pytest.mark.parametrize("edition", EDITIONS)
def test_feed_and_search_can_be_read(site: Site, edition: str) -> None:
    feed = (folder(site, edition) / "feed.atom").read_text("utf-8")
    found = {each.tag.rpartition("}")[2] for each in ET.XML(feed).iter()}
    assert "entry" in found
    assert not found & {"script", "img", "b"}
    index = json.loads((folder(site, edition) / "search-index.json").read_text("utf-8"))
    assert any("RuntimeError: <img" in json.dumps(it) for it in index["pages"])


def test_no_browser_runs_it(
    site: Site, browser: Browser, serve: Callable[[Path], str]
) -> None:
    address = serve(site.root / "docs/_build/html")
    page = browser.new_page()
    said: list[str] = []

    def note(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    names = ["recipes/sums/adding.html", "recipes/sums/index.html", "page.html"]
    pictures = [name for name, _ in made(site, "en", "*_001.svg")]
    for name in (*names, *(f"zh-cn/{it}" for it in names), *pictures):
        page.goto(f"{address}/{name}")
    page.close()
    assert not said


# SVG ----------------------------------------------------------------------------------

STILL = (
    '<svg xmlns="http://www.w3.org/2000/svg"><a href="#a"><path d="M 0 0"/></a></svg>'
)
NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'
ACTIVE = [
    "<svg NS><SCRIPT>alert(1)</SCRIPT></svg>",
    '<svg NS ONLOAD="alert(1)"/>',
    '<s:svg xmlns:s="http://www.w3.org/2000/svg"><s:script href="alert"/></s:svg>',
    '<svg NS xmlns:x="http://www.w3.org/1999/xlink" x:href=" JavaScript:alert"/>',
    '<svg NS><a><animate attributeName="href" to="javascript:alert(1)"/></a></svg>',
    '<svg NS><set attributeName="onclick" to="alert(1)"/></svg>',
    '<svg NS><foreignObject><b xmlns="x" onclick="alert(1)"/></foreignObject></svg>',
    '<?xml-stylesheet href="data:text/xsl,alert"?><svg/>',
    '<!DOCTYPE svg [<!ENTITY a "<script>alert(1)</script>">]><svg>&a;</svg>',
    '<!DOCTYPE svg [<!ATTLIST svg onload CDATA "alert(1)">]><svg/>',
    '<svg NS><use href="data:image/svg+xml,alert"/></svg>',
]


@pytest.mark.parametrize("svg", ACTIVE)
def test_scripts_are_taken_out_of_svg(svg: str) -> None:
    svg = svg.replace("NS", NAMESPACE)
    assert "alert" not in still(svg)
    assert still(svg).startswith(("<svg", "<s:svg"))


def test_text_around_a_script_stays() -> None:
    svg = f"<svg {NAMESPACE}><text>a<script/>b<tspan>c</tspan>d<script/>e</text></svg>"
    assert "<text>ab<tspan>c</tspan>de</text>" in still(svg)


def test_a_tag_in_the_english_permits_no_other_tag() -> None:
    english = "Press <kbd>Esc</kbd>."
    assert not additions(english, "按 <kbd>Esc</kbd>。", "text")
    found = additions(english, '按 <img src="x" onerror="alert(1)">。', "text")
    assert found == ['the tag <img src="x" onerror="alert(1)">']
    assert additions(english, "按 <kbd>Esc</kbd> < 。", "text") == ["the character <"]


def test_a_picture_without_scripts_stays_as_it_is() -> None:
    assert still(STILL) == STILL


def test_no_message_goes_by_the_name_of_another() -> None:
    """Gettext ends a name at NUL, and older texts have names of their own."""
    hostile = [("older: Words.", "<script>1</script>"), ("Words.\0 <b>", "<b>字</b>")]
    entries = [
        Translation(msgid, msgstr, is_fuzzy=False, comment="", line=1)
        for msgid, msgstr in hostile
    ]
    compiled = GNUTranslations(BytesIO(compiled_catalog(entries, None)))
    assert compiled.gettext("older: Words.") == "older: Words."
    assert compiled.gettext("Words.") == "Words."
