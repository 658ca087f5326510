"""What a guide's kernel is asked: it tells whatever its cells have made of names."""

import json
from pathlib import Path

from recordings.machine import reads


def write_noted(file: str) -> None:
    """Write what was noted since `reads.begin` to a file.

    IPython would print it, but not a long list whole.
    """
    text = json.dumps(reads.noted()[0])
    Path(file).write_text(text, "ascii")
