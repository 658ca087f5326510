"""What search engines, previews, feed readers and language models get of the site."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
from datetime import datetime
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from bs4 import BeautifulSoup
from conftest import PROJECT
from PIL import Image
from sphinx.config import eval_config_file
from sphinx.errors import ConfigError
from sphinx.util.tags import Tags
from stores import RUN, keep

from recipe_site.sharing.first_recorded import dates
from recordings.machine.git import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import MakeSite
    from forked import Build
    from playwright.sync_api import Browser

SITE = "https://example.org/recipes/"
ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
LINK = "{http://www.w3.org/1999/xhtml}link"
RECIPE = "recipes/gradients/zeroing_out_gradients"
CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
"""Code in Markdown, in a line or in a block."""
LISTED = ("index", RECIPE, "recipes/pitfalls/index", "guides/how_autograd_works")
"""A page of each kind."""


def read(file: Path) -> BeautifulSoup:
    """Read the head of a page; the whole would take ten times as long."""
    head, _, _body = file.read_text("utf-8").partition("</head>")
    return BeautifulSoup(head, "html.parser")


def metas(page: BeautifulSoup) -> dict[str, str]:
    """Return what a page's head says of it, by name."""
    found = page.select("head meta[content]")
    return {
        str(it.get("name") or it.get("property")): str(it["content"]) for it in found
    }


def data(page: BeautifulSoup) -> dict[str, Any]:
    """Return the only JSON-LD of a page."""
    [script] = page.select('script[type="application/ld+json"]')
    found: dict[str, Any] = json.loads(str(script.string))
    return found


def pages(edition: Path) -> Iterator[tuple[str, BeautifulSoup]]:
    """Yield the pages that somebody wrote, by name."""
    for file in sorted(edition.rglob("*.html")):
        name = file.relative_to(edition).with_suffix("").as_posix()
        if "_static" not in file.parts and name not in ("search", "genindex"):
            yield name, read(file)


# The site as it is: no address is known.


@pytest.mark.parametrize("edition", ["en", "zh-cn"])
def test_each_page_has_a_title_of_its_own_and_a_description(
    own_site: Path, edition: str
) -> None:
    titles: dict[str, str] = {}
    for name, page in pages(own_site / edition):
        assert page.title, name
        title, about = str(page.title.string), metas(page)
        assert title.endswith("PyTorch"), name
        assert titles.setdefault(title, name) == name
        described = about["description"]
        assert described == about["og:description"] == data(page)["description"], name
        wide = sum(1 + (each > "\u2e80") for each in described)
        assert 20 < wide <= 161, (name, described)
        # A sentence, and neither markup nor the address of another page.
        assert not re.search(r"[`\n]|(?:^| )/\w", described), (name, described)
        is_chinese = re.search("[\u4e00-\u9fff]", described)
        is_translated = edition == "zh-cn" and not page.select(".untranslated")
        assert bool(is_chinese) >= is_translated, (name, described)
        assert not (is_chinese and edition == "en"), (name, described)


def test_without_an_address_nothing_is_said_that_needs_it(own_site: Path) -> None:
    for name in LISTED:
        page = read(own_site / "zh-cn" / f"{name}.html")
        assert not page.select("link[rel=canonical], link[hreflang]:not([lang])"), name
        assert not page.select('link[type="application/atom+xml"]'), name
        assert not {"og:url", "og:image"} & metas(page).keys(), name
        assert not {"url", "image", "mainEntityOfPage"} & data(page).keys(), name
    for missing in ("sitemap.xml", "en/sitemap.xml", "en/feed.atom", "en/cards"):
        assert not (own_site / missing).exists()
    assert (own_site / "robots.txt").read_text() == "User-agent: *\nAllow: /\n"


def test_a_recipe_says_when_and_with_what_it_was_made(own_site: Path) -> None:
    for edition, language in (("en", "en"), ("zh-cn", "zh-CN")):
        about = data(read(own_site / edition / f"{RECIPE}.html"))
        assert about["@type"] == "TechArticle"
        assert about["inLanguage"] == about["isPartOf"]["inLanguage"] == language
        recorded = json.loads(
            (PROJECT / f"docs/recordings/{RECIPE}.ipynb").read_text("utf-8")
        )["metadata"]["recording"]["run"]
        assert about["dateModified"] == recorded["date"]
        assert f"torch {recorded['versions']['torch']}" in about["dependencies"]
    written = data(read(own_site / "en/contributing/WRITING_RECIPES.html"))
    assert not {"dateModified", "datePublished"} & written.keys(), "is not known"


def test_search_and_index_are_not_to_be_found(own_site: Path) -> None:
    for name in ("search", "genindex"):
        assert metas(read(own_site / "en" / f"{name}.html"))["robots"] == "noindex"
    assert "robots" not in metas(read(own_site / "en" / f"{RECIPE}.html"))


@pytest.mark.parametrize("edition", ["en", "zh-cn"])
def test_each_page_has_a_markdown_twin(own_site: Path, edition: str) -> None:
    root = own_site / edition
    listed = (root / "llms.txt").read_text("utf-8")
    for name, page in pages(root):
        twin = root / f"{name}.md"
        text = twin.read_text("utf-8")
        title = data(page).get("headline") or data(page)["name"]
        assert text.replace("\\", "").startswith(f"# {title}\n"), name
        assert f"]({name}.md)" in listed, name
        [link] = page.select('link[type="text/markdown"]')
        assert link["href"] == f"{name.rpartition('/')[2]}.md"
        button = f'<a class="copy-markdown" href="{link["href"]}"'
        assert button in twin.with_suffix(".html").read_text("utf-8")
        assert not re.search(r"^<(?:div|span|p)\b", text, re.MULTILINE), name
        prose = CODE.sub("", text)
        for target in re.findall(r"\]\(([^)\s]+)", prose):
            if "://" not in target and not target.startswith(("#", "mailto:")):
                place = twin.parent / re.split("[?#]", target)[0]
                assert place.exists(), (name, target)


def _twin(own_site: Path, edition: str = "en") -> str:
    return (own_site / edition / f"{RECIPE}.md").read_text("utf-8")


def test_a_twin_has_code_output_and_figures(own_site: Path) -> None:
    text = _twin(own_site, "zh-cn")
    assert "```python\nimport matplotlib.pyplot as plt\n" in text
    assert "```text\nnot cleared: [3.0, 6.0, 9.0]\n" in text
    assert "](../../_images/sphx_glr_zeroing_out_gradients_001.svg)" in text
    other = own_site / "en/recipes/pitfalls/clipping_after_step.md"
    assert re.search(
        r"^```diff\n.*^-", other.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    # What changes from run to run says nothing to who reads the text alone.
    assert not re.search(r"^[\d.]+ s$", text, re.MULTILINE)
    section = (own_site / "zh-cn/recipes/gradients/index.md").read_text("utf-8")
    assert "](zeroing_out_gradients.md)" in section
    table = (own_site / "en/recipes/pitfalls/index.md").read_text("utf-8")
    assert re.search(r"\(missing_zero_grad\.md\) .*\| API-specific, training, ", table)
    # What is folded away on the page is under a heading of its own.
    assert re.search(r"^### \d+ claims checked", _twin(own_site), re.MULTILINE)


def test_the_page_is_copied_as_markdown(
    browser: Browser, own_site: Path, serve: Any
) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{serve(own_site)}/zh-cn/{RECIPE}.html")
    button = page.get_by_role("button", name="将本页复制为 Markdown")
    button.focus()
    button.press("Enter")
    page.get_by_text("已复制").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == (own_site / f"zh-cn/{RECIPE}.md").read_text("utf-8")
    assert page.url.endswith(".html")
    context.close()
    with_no_script = browser.new_context(java_script_enabled=False)
    page = with_no_script.new_page()
    page.goto(f"{serve(own_site)}/en/{RECIPE}.html")
    link = page.get_by_role("link", name="Page as Markdown")
    assert link.get_attribute("href") == "zeroing_out_gradients.md"
    with_no_script.close()


def test_every_address_on_the_site_resolves(own_site: Path) -> None:
    root = own_site.resolve()
    texts = {
        file: file.read_text("utf-8")
        for file in root.rglob("*.html")
        if "_static" not in file.parts
    }
    ids = {
        file: set(re.findall(r'\s(?:id|name)="([^"]*)', it))
        for file, it in texts.items()
    }
    broken = []
    seen = 0
    for file, text in texts.items():
        for address in map(unescape, set(re.findall(r'\s(?:href|src)="([^"]*)', text))):
            if re.match(r"[a-z]+:|//", address):
                continue
            seen += 1
            path, _, anchor = address.partition("#")
            path = unquote(path.partition("?")[0])
            # The page for what is not found names its links from the host's root.
            base = root if path.startswith("/") else file.parent
            target = (base / path.lstrip("/")).resolve() if path else file
            if target.is_dir():
                target /= "index.html"
            known = ids.get(target)
            if not target.is_file() or (anchor and known and anchor not in known):
                broken.append(f"{file.relative_to(root)}: {address}")
    assert seen > 1000
    assert not broken


# A site whose address is known.

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20">{}</svg>'
RED = '<rect width="40" height="20" fill="#f00"/>'
FILES = {
    "docs/index.rst": "Home\n====\n\n.. toctree::\n\n   recipes/index\n   guides/a\n",
    "docs/guides/a.rst": (
        "A </script> & more\n==================\n\n"
        "See :doc:`/recipes/one/new` & *others*. "
        f"This sentence is {'very ' * 30}long.\n\n"
        ".. image:: a.svg\n   :alt: A picture\n"
    ),
    "docs/guides/a.svg": DRAWING.format(RED),
    "recipes/one/new.py": '"""\nNew\n===\n\nAn answer.\n"""\n\nprint(1)\n',
    "recipes/one/old.py": '"""\nOld\n===\n\nAnother.\n"""\n\nprint(2)\n',
    "locales/zh_CN/LC_MESSAGES/site.po": "",
}


@pytest.fixture(scope="module")
def published(make_site: MakeSite) -> Build:
    site = make_site(
        FILES,
        extensions=["recipe_site", "editions", "recordings", "sphinx_llm_friendly"],
        html_theme="furo",
        html_baseurl=SITE,
        html_favicon=str(PROJECT / "docs/_static/favicon.svg"),
        templates_path=[str(PROJECT / "docs/_templates")],
        html_static_path=[str(PROJECT / "docs/_static")],
        author="Ada",
    )
    keep(site.root / "docs", "recipes/one/new")
    done = site.build("-D", "recordings_mode=replay", strict=False)
    assert done.status == 0, done.stderr
    return done


def alternates(address: str, *, default: str = "") -> dict[str, str]:
    return {
        "en": f"{SITE}en/{address}",
        "zh-CN": f"{SITE}zh-cn/{address}",
        "x-default": default or f"{SITE}en/{address}",
    }


def test_a_page_names_its_addresses_and_picture(published: Build) -> None:
    page = read(published.folder / "guides/a.html")
    assert str(page.title and page.title.string) == "A </script> & more – PyTorch"
    about, said = metas(page), data(page)
    address, picture = f"{SITE}en/guides/a.html", f"{SITE}en/cards/guides/a.png"
    assert about["og:url"] == said["url"] == address
    assert about["og:image"] == said["image"] == picture
    assert about["twitter:card"] == "summary_large_image"
    assert said["headline"] == "A </script> & more"
    assert said["author"] == {"@type": "Organization", "name": "Ada"}
    # Cut where a sentence ends; a page is named by its title.
    assert about["description"] == said["description"] == "See New & others."
    links = page.select("head link[hreflang]")
    told = {str(it["hreflang"]): str(it["href"]) for it in links}
    assert told == alternates("guides/a.html")
    [canonical] = page.select("link[rel=canonical]")
    assert canonical["href"] == address
    [feed] = page.select('link[type="application/atom+xml"]')
    assert feed["href"] == "../feed.atom"


def test_a_picture_shows_the_page_s_figure(published: Build) -> None:
    pictures: dict[str, Any] = {}
    for name in ("guides/a", "recipes/one/new"):
        written = (published.folder / f"cards/{name}.png").read_bytes()
        with Image.open(io.BytesIO(written)) as image:
            assert image.size == (1200, 630)
            colors: Any = image.convert("RGB").getcolors()
            pictures[name] = colors
    red = {
        name: sum(n for n, (r, g, b) in colors if r > 250 and g + b < 10)
        for name, colors in pictures.items()
    }
    assert red["guides/a"] > 100_000
    assert red["recipes/one/new"] == 0
    dark = sum(n for n, color in pictures["recipes/one/new"] if max(color) < 60)
    assert dark > 500, "the title"


def test_the_feed_is_atom_and_has_what_was_recorded(published: Build) -> None:
    root = ET.fromstring(published.page("feed.atom"))  # noqa: S314 - our own
    assert root.tag == f"{ATOM}feed"
    for each in (root, *root.iter(f"{ATOM}entry")):
        # RFC 4287, 4.1.1 and 4.1.2: exactly one of each.
        for name in ("id", "title", "updated"):
            assert len(each.findall(f"{ATOM}{name}")) == 1
        [updated] = _texts(each, "updated")
        assert datetime.fromisoformat(updated).tzinfo
        assert str(each.findtext(f"{ATOM}id")).startswith(SITE)
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "Ada"
    hrefs = {it.get("rel"): it.get("href") for it in root.findall(f"{ATOM}link")}
    assert hrefs == {"self": f"{SITE}en/feed.atom", "alternate": f"{SITE}en/index.html"}
    # What has no recording has no date, and is not news.
    [entry] = root.iter(f"{ATOM}entry")
    assert _texts(entry, "title", "summary") == ["New", "An answer."]
    assert _texts(root, "updated") == _texts(entry, "updated") == [RUN.date]


def _texts(element: ET.Element, *names: str) -> list[str]:
    return [str(element.findtext(f"{ATOM}{name}")) for name in names]


def test_the_sitemap_has_each_page_in_all_languages(published: Build) -> None:
    root = ET.fromstring(published.page("sitemap.xml"))  # noqa: S314 - our own
    assert root.tag == f"{SITEMAP}urlset"
    found: dict[str, dict[str, str]] = {}
    for url in root:
        # The schema has `loc` first, then at most one `lastmod`.
        assert url[0].tag == f"{SITEMAP}loc"
        links = {str(it.get("hreflang")): str(it.get("href")) for it in url.iter(LINK)}
        found[str(url.findtext(f"{SITEMAP}loc")).removeprefix(f"{SITE}en/")] = links
        changed = url.findtext(f"{SITEMAP}lastmod")
        assert changed == (RUN.date if "one/new" in str(url[0].text) else None)
    names = {f"{name}.html" for name, _page in pages(published.folder)}
    assert found.keys() == names
    for address, links in found.items():
        default = SITE if address == "index.html" else ""
        assert links == alternates(address, default=default)


def test_the_environment_says_where_the_site_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SITE_URL", raising=False)
    monkeypatch.setenv("GITHUB_REPOSITORY", "Ada/recipes")
    conf = PROJECT / "docs/conf.py"
    known = eval_config_file(conf, Tags())
    assert known["html_baseurl"] == "https://ada.github.io/recipes/"
    monkeypatch.setenv("SITE_URL", "example.org")
    with pytest.raises(ConfigError, match=r"SITE_URL is 'example\.org'.*https://"):
        eval_config_file(conf, Tags())


def test_git_says_when_a_page_was_first_recorded(tmp_path: Path) -> None:
    folder, file = tmp_path / "made/docs/recordings", "recipes/a/one.ipynb"
    (folder / file).parent.mkdir(parents=True)
    git(folder, "init", "--quiet")
    assert dates(folder) == {}
    for day in ("2026-01-02", "2026-03-04"):
        (folder / file).write_text(day, "utf-8")
        git(folder, "add", ".")
        when = f"{day}T05:06:07Z"
        about = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        command = ["git", *about, "commit", "--quiet", "--message=x"]
        own = {**os.environ, "GIT_COMMITTER_DATE": when}
        subprocess.run(command, cwd=folder, env=own, check=True)
    assert dates(folder) == {"recipes/a/one": "2026-01-02T05:06:07Z"}
    # A shallow clone would take its oldest commit for the first.
    origin = (tmp_path / "made/docs/recordings").as_uri()
    git(tmp_path, "clone", "--quiet", "--depth=1", origin, "shallow")
    assert (tmp_path / "shallow" / file).is_file()
    assert dates(tmp_path / "shallow") == {}
