"""Seal a recording's text, so that whatever was changed in it later is noticed.

The seal is the digest of all the rest of the text, on a line of its own. It tells of
accidents, and of hands that mean well; whoever wants to deceive can make one, too.
"""

import re
from hashlib import sha256

_SEAL = re.compile(r'^ {3}"seal": "([0-9a-f]*)"', re.MULTILINE)
"""What stands in a notebook's text; in a text of an output, quotes are escaped."""


def sealed(text: str) -> str:
    """Return a text with the seal that fits, whatever is in the place of it."""
    return _SEAL.sub(_line(_digest(text)), text, count=1)


def is_sealed(text: str) -> bool:
    """Tell whether a text has a seal that fits, whatever its line ends."""
    found = _SEAL.search(text)
    return found is not None and found[1] == _digest(text)


def _line(seal: str) -> str:
    return f'   "seal": "{seal}"'


def _digest(text: str) -> str:
    """Digest all of a text but its seal."""
    rest = _SEAL.sub(_line(""), text.replace("\r\n", "\n"), count=1)
    return sha256(rest.encode()).hexdigest()
