"""Seal a recording's text, so that whatever was changed in it later is noticed.

The seal is the digest of all the rest of the text, on a line of its own. It tells of
accidents, and of hands that mean well; whoever wants to deceive can make one, too.
"""

import re
from hashlib import sha256

_SEAL = re.compile(r'^ {3}"seal": "([0-9a-f]*)"', re.MULTILINE)
"""What stands in a notebook's text; in a text of an output, quotes are escaped."""


def sealed(text: str) -> str:
    """Seal a text, whose seal is empty so far."""
    return _SEAL.sub(f'   "seal": "{_digest(text)}"', text, count=1)


def is_sealed(text: str) -> bool:
    """Tell whether a text has a seal that fits, whatever its line ends."""
    found = _SEAL.search(text)
    if not found:
        return False
    text = text.replace("\r\n", "\n")
    return found[1] == _digest(_SEAL.sub('   "seal": ""', text, count=1))


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
