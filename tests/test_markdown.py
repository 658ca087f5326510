"""Each kind of reST markup becomes Markdown."""

import re

import pytest

from recordings.page.markdown import syntax, to_markdown

FORBIDDEN = re.compile(
    r"\{\.interpreted-text|:::|:\w+:`|^\s*\.\. |%%|[\ue000-\uf8ff]", re.MULTILINE
)
CODE = re.compile(r"^ *(`{3,}).*?^ *\1|(`+)[^`].*?\2", re.MULTILINE | re.DOTALL)


def resolve(role: str, target: str, label: str | None) -> tuple[str, str | None]:
    """Stand in for a site that has pages, API pages and one picture."""
    addresses = {
        "ref": f"https://site.example/{target}.html",
        "doc": f"https://site.example{target}.html",
        "py:func": f"https://api.example/{target}",
        "image": "https://site.example/a.svg" if target == "a.svg" else None,
    }
    return label or f"title of {target}", addresses.get(role)


def convert(text: str) -> str:
    [markdown] = to_markdown([text], resolve)
    return markdown


LINES = {
    "emphasis": ("a *b* **c d** e", "a *b* **c d** e"),
    "literal": ("``a_b`` and ``c``", "`a_b` and `c`"),
    "literal with backquotes": ("``a`b``, ```a```", "``a`b``, `` `a` ``"),
    "wrapped literal": ("``a\nb``", "`a b`"),
    "wrapped Chinese literal": ("``梯度\n清零``", "`梯度 清零`"),
    "literals side by side": (r"``a``\ ``b``", "`a`<!-- -->`b`"),
    "wrapped paragraph": ("one\ntwo", "one two"),
    "wrapped Chinese": (
        "梯度\n清零 **累积**\n梯度。\nNumPy",
        "梯度清零 **累积**梯度。 NumPy",
    ),
    "nothing that Markdown would read": (
        r"\*a\* _b_ c_d [e](f) <g> &amp; \`h\` ~i~ $j$ \\k 1 < 2 & 3",
        r"\*a\* \_b\_ c_d \[e\](f) \<g> \&amp; \`h\` \~i\~ \$j\$ \\k 1 < 2 & 3",
    ),
    "no heading": ("# a", r"\# a"),
    "no list": (r"\- a", r"\- a"),
    "no numbered list": (r"1986\. A year", r"1986\. A year"),
    "no quote": ("> a", r"\> a"),
    "no picture": ("Look!\\ `a <https://b.c>`__", r"Look\![a](https://b.c)"),
    "no picture of code": (r"Look!\ ``a``", "Look!`a`"),
    "link": ("`a b <https://c.d/e_(f)>`__", "[a b](<https://c.d/e_(f)>)"),
    "wrapped link": ("`a\n<https://b.c>`__", "[a](https://b.c)"),
    "anonymous link": ("a__\n\n__ https://b.c", "[a](https://b.c)"),
    "named link": ("`A b`_\n\n.. _a b: https://c.d", "[A b](https://c.d)"),
    "link to a heading": ("a_\n\na\n-\n", "a\n\n# a"),
    "address": ("See https://a.b.", "See <https://a.b>."),
    "mail": ("me@a.b", "<me@a.b>"),
    "local file": ("file:///a", "file:///a"),
    "ref": (":ref:`a`", "[title of a](https://site.example/a.html)"),
    "ref with a label": (":ref:`b *c* <a>`", r"[b \*c\*](https://site.example/a.html)"),
    "doc": (":doc:`/a`", "[title of /a](https://site.example/a.html)"),
    "code role": (":py:class:`~torch.nn.Linear`", "`Linear`"),
    "code role that leads somewhere": (
        ":py:func:`torch.add`",
        "[`torch.add()`](https://api.example/torch.add)",
    ),
    "download": (":download:`a <b.py>`", "`a`"),
    "unknown role": (":what:`a_b`", "title of a_b"),
    "role with a domain": (":std:term:`leaf`", "title of leaf"),
    "styles": (
        ":guilabel:`a` :kbd:`b` :sub:`c` :sup:`d` :file:`{e}` :abbr:`f (g)` `h`",
        "**a** `b` <sub>c</sub> <sup>d</sup> `e` f (g) *h*",
    ),
    "own role": (".. role:: py(code)\n   :language: python\n\n:py:`a`", "`a`"),
    "default role": (".. default-role:: literal\n\n`a`", "`a`"),
    "raw role": (".. role:: x(raw)\n   :format: html\n\n:x:`<br>`", "<br>"),
    "pep": (":pep:`8`", "[PEP 8](https://peps.python.org/pep-0008/)"),
    "formula": (r":math:`x_i^2 \cdot *`", r"$x_i^2 \cdot *$"),
    "bars out of tables": (r":math:`|a|` ``b\|c``", r"$|a|$ `b\|c`"),
    "footnotes": (
        "a [#]_ b [#c]_\n\n.. [#] d\n.. [#c] e",
        "a \\[1\\] b \\[2\\]\n\n\\[1\\] d\n\n\\[2\\] e",
    ),
    "citation": ("a [B2]_\n\n.. [B2] c", "a \\[B2\\]\n\n\\[B2\\] c"),
    "substitution": (".. |a| replace:: *b*\n\n|a|", "*b*"),
    "unknown substitution": ("|a|", "|a|"),
    "target in a line": ("_`a` b", "a b"),
}

BLOCKS = {
    "nothing": ("", ""),
    "comment": (".. a comment\n\nb", "b"),
    "target": (".. _a:\n\nb", "b"),
    "bullets": ("- a\n- b\n\n  - c\n  - d", "- a\n- b\n  - c\n  - d"),
    "long bullets": ("- a\n\n  b\n- c", "- a\n\n  b\n\n- c"),
    "numbers": ("3. a\n4. b", "3. a\n4. b"),
    "letters": ("a) b\n#) c", "1. b\n2. c"),
    "number in a bullet": ("- a\n\n  2. b", "- a\n\n  2. b"),
    "1 in a bullet": ("- a\n\n  1. b", "- a\n  1. b"),
    "HTML in a bullet": (
        "- .. raw:: html\n\n     <hr>\n\n  - a",
        "- <hr>\n\n  - a",
    ),
    "code as a bullet": ("- a\n- ::\n\n    b", "- a\n- ```\n  b\n  ```"),
    "two lists": ("- a\n\n* b", "- a\n\n<!-- -->\n\n- b"),
    "code in a bullet": ("- a::\n\n    b\n", "- a:\n\n  ```\n  b\n  ```"),
    "definitions": ("a : b\n  c\n", "- **a** (b)\n\n  c"),
    "fields": (":orphan:\n:a: b", "- **a:** b"),
    "options": ("-a, --b=C  d", "- `-a`, `--b=C`: d"),
    "code": (".. code-block:: python\n\n   a\n\n     b", "```python\na\n\n  b\n```"),
    "difference": (
        ".. code-block:: diff\n   :emphasize-lines: 1\n\n   -a\n   +b",
        "```diff\n-a\n+b\n```",
    ),
    "code with a caption": (
        ".. code-block:: text\n   :caption: *a*\n\n   b",
        "**<em>a</em>**\n\n```\nb\n```",
    ),
    "code with a fence": ("::\n\n  ```\n", "````\n```\n````"),
    "doctest": (">>> 1\n1", "```pycon\n>>> 1\n1\n```"),
    "unknown directive": (".. mermaid:: a\n   :b: c\n\n   d", "```mermaid\nd\n```"),
    "note": (".. note:: a\n   b\n\n   - c", "> **Note**\n>\n> a b\n>\n> - c"),
    "see also": (".. seealso:: a", "> **See also**\n>\n> a"),
    "admonition": (".. admonition:: *a*\n   :x: y\n\n   b", "> **<em>a</em>**\n>\n> b"),
    "topic": (".. topic:: a\n\n   b", "> **a**\n>\n> b"),
    "version": (".. versionadded:: 2.0\n\n   a", "**Added in version 2.0**\n\na"),
    "frame": (".. container:: a\n\n   b", "b"),
    "grid": (".. grid:: 2\n\n   .. card:: a\n\n      b", "**a**\n\nb"),
    "only": (".. only:: html or latex\n\n   a\n\n.. only:: latex\n\n   b", "a"),
    "html": (
        ".. raw:: html\n\n   <i>\n\n   a</i>\n\n.. raw:: latex\n\n   b",
        "<i>\na</i>",
    ),
    "rubric": (".. rubric:: a", "**a**"),
    "for the site": (
        ".. contents::\n\n.. toctree::\n\n   a\n\n.. meta::\n   :b: c",
        "",
    ),
    "quote": ("a\n\n  b\n\n  c\n\n  -- d", "a\n\n> b\n>\n> c\n>\n> — d"),
    "lines": ("| a\n|   - b\n| c", "a\\\n&nbsp;&nbsp;&nbsp;&nbsp;\\- b\\\nc"),
    "transition": ("a\n\n----\n\nb", "a\n\n---\n\nb"),
    "picture": (
        ".. image:: a.svg\n   :alt: b_ [c]\n   :loading: lazy",
        r"![b\_ \[c\]](https://site.example/a.svg)",
    ),
    "picture that is not there": (
        ".. figure:: b.svg\n   :alt: c\n\n   *d*",
        "c\n\n*d*",
    ),
    "picture with a link": (
        ".. image:: https://a.b/c.png\n   :target: https://d.e",
        "[![](https://a.b/c.png)](https://d.e)",
    ),
    "formulas": (
        ".. math:: a\n   :label: b\n\n.. math::\n\n   c \\\\ d",
        "$$\na\n$$\n\n$$\n\\begin{split}\nc \\\\ d\n\\end{split}\n$$",
    ),
    "formula with an environment": (
        r".. math:: \begin{cases} a \\ b \end{cases}",
        "$$\n\\begin{cases} a \\\\ b \\end{cases}\n$$",
    ),
    "table": (
        """
.. list-table:: *a*
   :header-rows: 1
   :stub-columns: 1

   * - b
     - c
   * - d
     - ``e|f`` :math:`|g|` `h <https://i.j>`__
   * -
     - k

       - l
       - m

       1. n

       ::

         o
         p
""",
        r"""
**<em>a</em>**

| b | c |
| --- | --- |
| **d** | `e\|f` $\vert{}g\vert{}$ [h](https://i.j) |
|  | k<br>• l<br>• m<br>1. n<br>`o`<br>`p` |
""".strip(),
    ),
    "table without a head": (
        "= =\na b\n= =\n",
        "|  |  |\n| --- | --- |\n| a | b |",
    ),
    "cells that span": (
        "+---+---+\n| a     |\n+===+===+\n| b | c |\n+   +---+\n|   | d |\n+---+---+\n",
        "| a |  |\n| --- | --- |\n| b | c |\n|  | d |",
    ),
    "backslash and bar in a cell": (
        ".. list-table::\n\n   * - ``a\\|b``",
        "|  |\n| --- |\n| <code>a\\\\&#124;b</code> |",
    ),
}


@pytest.mark.parametrize(
    ("text", "markdown"),
    [pytest.param(*case, id=name) for name, case in {**LINES, **BLOCKS}.items()],
)
def test_each_kind_of_markup(text: str, markdown: str) -> None:
    assert convert(text) == markdown
    assert not FORBIDDEN.search(CODE.sub("", markdown))


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        (syntax.link("a", "b c<d>\\"), "[a](<b c%3Cd%3E%5C>)"),
        (syntax.code("`a"), "`` `a ``"),
        (syntax.code("a`"), "`` a` ``"),
        (syntax.code(" a "), "`  a  `"),
        (syntax.code(" a"), "` a`"),
        (syntax.code(r"a\|b"), r"`a\|b`"),
        (syntax.math(r"\|a|", in_table=True), r"$\Vert{}a\vert{}$"),
        (syntax.finish("\u00a0b".join(syntax.EMPHASIS) + "c"), "<em>\u00a0b</em>c"),
    ],
)
def test_odd_characters(markdown: str, expected: str) -> None:
    assert markdown == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (":ref:`a`", ("ref", "a", None)),
        (":ref:`a <b\nc>`", ("ref", "b c", "a")),
        (":ref:`a <a>`", ("ref", "a", "a")),
        (":doc:`b\nc </d>`", ("doc", "/d", "b c")),
        (":py:meth:`~a.B.c`", ("py:meth", "a.B.c", "c()")),
        (":py:func:`a()`", ("py:func", "a()", None)),
        (":py:mod:`!a`", ("py:mod", "a", None)),
        (".. image:: a.svg", ("image", "a.svg", None)),
        (".. image:: a.svg\n   :alt: b", ("image", "a.svg", "b")),
    ],
)
def test_where_a_role_leads_is_asked(
    text: str, told: tuple[str, str, str | None]
) -> None:
    calls = []

    def resolve(*call: str | None) -> tuple[str, None]:
        calls.append(call)
        return "", None

    to_markdown([text], resolve)
    assert calls == [told]


FAULTS = {
    "open emphasis": "*a",
    "open role": ":py:`a",
    "unknown target": "a_",
    "directive without what it needs": ".. image::",
    "bad table": "== =\na  b c\n== =\n",
    "heading that skips a level": "a\n=\n\nb\n-\n\nc\n~\n\nd\n=\n\ne\n~\n",
    "bad indentation": "- a\n  - b\n c",
    "bad condition": ".. only:: a b c\n\n   d",
}


@pytest.mark.parametrize("text", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_left_to_sphinx(
    text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    converted = to_markdown([text, "next"], resolve)
    assert converted[1] == "next"
    assert not FORBIDDEN.search(CODE.sub("", converted[0]))
    assert capfd.readouterr() == ("", "")
