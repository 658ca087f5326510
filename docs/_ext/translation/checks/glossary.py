"""Hold translations to a glossary: one word for one thing."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from translation.fault import FileError

_QUOTED = re.compile(r'"([^"]+)"')


class GlossaryError(FileError):
    """A glossary cannot be used."""


class Glossary:
    """Terms, and what each of them must be in a translation.

    Examples:
        >>> glossary = Glossary([("loss", "LOSS"), ("loss function", "FUNCTION")])
        >>> list(glossary.problems("Losses of two loss functions", "two FUNCTIONS"))
        ['"loss" is "LOSS"']
    """

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        """Take the rows; of several with one term, each translation will do."""
        terms: dict[str, list[str]] = {}
        for english, translation in rows:
            terms.setdefault(english.strip(), []).append(translation.strip())
        longest_first = sorted(terms, key=len, reverse=True)
        self._terms: Mapping[str, list[str]] = {t: terms[t] for t in longest_first}
        self._patterns = {term: _pattern(term) for term in self._terms}

    @classmethod
    def load(cls, path: Path) -> "Glossary":
        """Read a table of comma-separated values, such as `english,chinese`.

        Raises:
            GlossaryError: A line is not of that form.
        """
        try:
            # Spreadsheets begin a file with a byte order mark.
            lines = path.read_text("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise GlossaryError(path, line, "not in UTF-8") from error
        header, *rows = list(csv.reader(lines)) or [[]]
        if header[:1] != ["english"] or header[2:] or not header[1:]:
            cause = "the first line must name two columns, such as english,chinese"
            raise GlossaryError(path, 1, cause)
        for number, row in enumerate(rows, 2):
            if [bool(cell.strip()) for cell in row] != [True, True]:
                raise GlossaryError(path, number, "must be a term and its translation")
        return cls((english, translation) for english, translation in rows)

    def problems(self, words: str, translation: str) -> Iterator[str]:
        """Say which terms in the words of a message are translated otherwise.

        What is quoted word for word in both, such as an error message, is left out.
        """
        for quotation in _QUOTED.findall(words):
            if quotation in translation:
                words = words.replace(quotation, " ")
        for term, pattern in self._patterns.items():
            words, count = pattern.subn(" ", words)
            if count and not any(word in translation for word in self._terms[term]):
                wanted = '" or "'.join(self._terms[term])
                yield f'"{term}" is "{wanted}"'


def _pattern(term: str) -> re.Pattern[str]:
    """Find a term in any case and number, and a verb in any of its forms."""
    words = r"\s+".join(_forms(word) for word in term.split())
    # Words within a dotted name, such as `torch.Tensor.backward`, are not prose.
    return re.compile(rf"(?<![\w.-]){words}(?![\w-]|\.\w)", re.IGNORECASE)


def _forms(word: str) -> str:
    """Write a pattern for the forms of an English word."""
    stem = re.escape(word).replace(r"\-", "-?")
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{stem[:-1]}(?:y|ies|ied|ying)"
    if word.endswith("e"):
        return f"{stem[:-1]}(?:es?|ed|ing)"
    if re.search(r"(?:s|x|z|ch|sh)$", word):
        return f"{stem}(?:es|ed|ing)?"
    return f"{stem}(?:s|es|{word[-1]}?ed|{word[-1]}?ing)?"
