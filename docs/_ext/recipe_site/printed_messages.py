"""Find the messages that a recipe printed: `RuntimeError: …`, `UserWarning: …`."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from recordings.model import Recording

_MESSAGE = re.compile(
    r"^(?P<kind>(?:[\w.]*\.)?[A-Z]\w*(?:Error|Warning)): (?P<text>.+(?:\n[ \t]+.+)*)",
    re.MULTILINE,
)


class Message(NamedTuple):
    """One error or warning, as it was printed."""

    kind: str
    """Name of its class."""
    text: str

    def __str__(self) -> str:
        """Return it as Python shows it below a traceback."""
        return f"{self.kind}: {self.text}"


def printed_messages(recording: "Recording") -> Iterator[Message]:
    """Yield the messages that a run printed, each once, in order.

    A message begins a line, with the name of its class. Lines below it that are
    indented belong to it.
    """
    known = set()
    for block in recording.blocks:
        for output in block.outputs:
            for found in _MESSAGE.finditer(_text(output)):
                message = Message(found["kind"], found["text"].rstrip())
                if message not in known:
                    known.add(message)
                    yield message


def has_message(text: str) -> bool:
    r"""Return whether a text that was printed has a message in it.

    Examples:
        >>> has_message("first:\nRuntimeError: no graph")
        True
        >>> has_message("the RuntimeError: no graph")
        False
    """
    return bool(_MESSAGE.search(text))


def _text(output: dict[str, object]) -> str:
    text = output.get("text", "")
    return "".join(text) if isinstance(text, list) else str(text)
