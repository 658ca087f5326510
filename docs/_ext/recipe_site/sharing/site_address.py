"""Where the site is published and where its sources are, as the environment says.

`SITE_URL` and `REPOSITORY` say it; else GitHub Actions does, which knows the repository
and so the address of its GitHub Pages. Set to nothing, a variable says "nowhere".
"""

import os
import re
from collections.abc import Mapping

from sphinx.errors import ConfigError

_GITHUB = "https://github.com"
_ADDRESS = re.compile(r"https?://[^/\s?#]+(?:/[^\s?#]*)?")


def site_url(environment: Mapping[str, str] = os.environ) -> str:
    """Return the address of the whole site with a slash at its end, or nothing.

    Examples:
        >>> site_url({"SITE_URL": "https://example.org/recipes"})
        'https://example.org/recipes/'
        >>> site_url({"GITHUB_REPOSITORY": "Ada/recipes"})
        'https://ada.github.io/recipes/'
        >>> site_url({"GITHUB_REPOSITORY": "ada/ada.github.io"})
        'https://ada.github.io/'
        >>> site_url({"GITHUB_REPOSITORY": "ada/recipes", "SITE_URL": ""})
        ''
    """
    if "SITE_URL" in environment:
        return _checked("SITE_URL", environment["SITE_URL"], "/")
    if not (known := environment.get("GITHUB_REPOSITORY", "")):
        return ""
    owner, _, name = known.partition("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def repository(environment: Mapping[str, str] = os.environ) -> str:
    """Return the address of the repository without a slash at its end, or nothing.

    Examples:
        >>> repository({"GITHUB_REPOSITORY": "ada/recipes"})
        'https://github.com/ada/recipes'
        >>> repository({"REPOSITORY": "https://example.org/ada/recipes/"})
        'https://example.org/ada/recipes'
    """
    if "REPOSITORY" in environment:
        return _checked("REPOSITORY", environment["REPOSITORY"], "")
    known = environment.get("GITHUB_REPOSITORY", "")
    return f"{environment.get('GITHUB_SERVER_URL', _GITHUB)}/{known}" if known else ""


def _checked(name: str, address: str, end: str) -> str:
    address = address.strip()
    if address and not _ADDRESS.fullmatch(address):
        raise ConfigError(
            f"{name} is {address!r}, which is no address: write the whole one, such as "
            f"https://example.org/recipes{end}, or leave {name} empty"
        )
    return address and address.rstrip("/") + end
