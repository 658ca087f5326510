"""Search in Chinese: words are not set apart there, so pairs of characters are indexed.

A query is taken apart in the same way, and a page is found that has all its pairs.
Sphinx 9.0.4's own needs jieba, and without it indexes no Chinese at all. Latin words
are searched as in English.
"""

import re

from sphinx.search.en import SearchEnglish

CHINESE = "\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff"
"""Unicode's blocks of Chinese characters that are in common use, for a pattern."""
_PIECE = re.compile(rf"[{CHINESE}]+|[^\W{CHINESE}]+")


class ChineseSearch(SearchEnglish):
    """Split Chinese into pairs of characters, and the rest into words."""

    lang = "zh"
    language_name = "Chinese"
    js_splitter_code = f"""
function splitQuery(query) {{
  const word = /[{CHINESE}]+|(?:(?![{CHINESE}])[\\p{{Letter}}\\p{{Number}}_])+/gu;
  const pieces = query.match(word) || [];
  return pieces.flatMap((piece) =>
    /[{CHINESE}]/.test(piece) && piece.length > 1
      ? Array.from({{ length: piece.length - 1 }}, (_, i) => piece.slice(i, i + 2))
      : [piece],
  );
}}
"""

    def split(self, text: str) -> list[str]:
        """Split a text for the index; single characters are found, too."""
        found: list[str] = []
        for piece in _PIECE.findall(text):
            if re.match(f"[{CHINESE}]", piece):
                found += piece
                found += [piece[at : at + 2] for at in range(len(piece) - 1)]
            else:
                found.append(piece)
        return found
