"""Search in Chinese, which has no spaces between words.

Chinese is indexed by every character and every pair of neighbors, without a dictionary.
A page is found by 梯度累积 when it has 梯度, 度累 and 累积. Words in Latin letters are
treated as in English. Sphinx's own class finds Chinese only where `jieba` is installed,
and its script ends in an error on every search page.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sphinx
from sphinx.search import SearchLanguage
from sphinx.search.en import SearchEnglish

if TYPE_CHECKING:
    from collections.abc import Iterator

_HAN: Final = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CHINESE: Final = re.compile(rf"[{_HAN}\U00020000-\U0003fffd]")
_RUN: Final = re.compile(rf"([{_HAN}\U00020000-\U0003fffd]+)|[^\W{_HAN}]+")

# Sphinx's script takes words of one or two letters for unimportant: a page need not
# have them. What is indexed of Chinese is longer by these, and by nothing that anybody
# searches for.
_PAIR: Final = "_{}{}"
_SINGLE: Final = "__{}"

# A reader's words stay whole, for the summaries and the marks in them; they are taken
# apart only where the index is asked. Themes load Sphinx's script before or after this.
_SCRIPT: Final = r"""
const chineseRun = /([HAN\u{20000}-\u{3fffd}]+)|(?:(?![HAN])[\p{L}\p{N}_])+/gu;
var splitQuery = (query) => query.match(chineseRun) || [];
const chineseTerms = (word) => {
  const characters = [...word];
  if (word.search(/[HAN\u{20000}-\u{3fffd}]/u) < 0) return [word];
  if (characters.length === 1) return ["__" + word];
  return characters.slice(1).map((second, place) => "_" + characters[place] + second);
};
const searchChinese = () => {
  const inTerms = Search.performTermsSearch;
  const apart = (words) => new Set([...words].flatMap(chineseTerms));
  Search.performTermsSearch = (words, excluded) =>
    inTerms(apart(words), apart(excluded));
};
if (typeof Search === "undefined")
  document.addEventListener("DOMContentLoaded", searchChinese);
else searchChinese();
""".replace("HAN", _HAN)


def index_terms(text: str) -> Iterator[str]:
    """Take a text apart into what is in the index.

    Examples:
        >>> list(index_terms("用zero_grad清零。"))
        ['__用', 'zero_grad', '__清', '__零', '_清零']
    """
    for match in _RUN.finditer(text):
        if not (run := match[1]):
            yield match[0]
            continue
        yield from (_SINGLE.format(each) for each in run)
        yield from (_PAIR.format(*pair) for pair in pairwise(run))


class ChineseSearch(SearchLanguage):
    """What Sphinx asks of a language of its search."""

    lang = "zh"
    language_name = "Chinese"
    stopwords = SearchEnglish.stopwords
    js_splitter_code = _SCRIPT

    def __init__(self, options: dict[str, str]) -> None:
        """Make the stemmer of English words, and its script."""
        super().__init__(options)
        self._english = SearchEnglish(options)
        scripts = Path(sphinx.package_dir) / "search" / "minified-js"
        names = ("base-stemmer.js", SearchEnglish.js_stemmer_rawcode)
        code = "\n".join((scripts / name).read_text("utf-8") for name in names)
        self.js_stemmer_code = f"{code}\nwindow.Stemmer = EnglishStemmer;"

    def split(self, input: str) -> list[str]:  # noqa: A002 - Sphinx's name for it
        """Take a text apart."""
        return list(index_terms(input))

    def stem(self, word: str) -> str:
        """Return the stem of an English word; others are their own."""
        # The stemmer would leave Chinese as it is, too, after looking at it for long.
        return word if _CHINESE.search(word) else self._english.stem(word)
