"""Why something cannot be translated."""

from pathlib import Path


class TranslationError(Exception):
    """What is asked for cannot be done; the message says why, and what to do."""


class FileError(TranslationError):
    """A file cannot be used; the message names the file and the line."""

    def __init__(self, path: Path | str, line: int, cause: str) -> None:
        """Remember what is wrong, and where."""
        super().__init__(f"{path}:{line}: {cause}")
        self.path, self.line, self.cause = path, line, cause
