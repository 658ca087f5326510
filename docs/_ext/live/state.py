"""What open pages are told, and what is said on the terminal."""

import json
import sys
import time
from collections.abc import Iterator
from threading import Condition

ALIVE = 15
"""Seconds after which a page that hears nothing is sent an empty line."""


def say(text: str) -> None:
    """Say a line on the terminal, with the time."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {text}\n")
    sys.stdout.flush()


class State:
    """When each edition was made, and notes that pages show; safe to use in threads."""

    def __init__(self) -> None:
        """Begin with no edition and no note."""
        self._changed = Condition()
        self._stamps: dict[str, str] = {}
        self._notes: dict[str, str] = {}

    def stamp(self, edition: str) -> str:
        """Return what tells a page that it is older than its edition."""
        return self._stamps.get(edition, "")

    def made(self, edition: str) -> None:
        """Have the pages of an edition load themselves again."""
        with self._changed:
            self._stamps[edition] = str(time.time_ns())
            self._changed.notify_all()

    def note(self, about: str, text: str = "") -> None:
        """Have all pages show a line in the place of the last one about the same."""
        with self._changed:
            self._notes[about] = text
            self._changed.notify_all()

    def messages(self) -> Iterator[str]:
        """Yield the state as JSON, now and after each change; empty if none came."""
        known = None
        while True:
            with self._changed:
                if known == self._message():
                    self._changed.wait(ALIVE)
                text = self._message()
            yield "" if text == known else text
            known = text

    def _message(self) -> str:
        notes = [text for text in self._notes.values() if text]
        return json.dumps({"stamps": self._stamps, "notes": notes})
