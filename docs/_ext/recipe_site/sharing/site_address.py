"""Where the site is published, as the environment says.

`SITE_URL` says it; else GitHub Actions does, which knows the repository and so the
address of its GitHub Pages. Set to nothing, the variable says "nowhere".
"""

import os
import re
from collections.abc import Mapping

from sphinx.errors import ConfigError

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

    Raises:
        ConfigError: `SITE_URL` is no address.
    """
    if "SITE_URL" in environment:
        address = environment["SITE_URL"].strip()
        if address and not _ADDRESS.fullmatch(address):
            raise ConfigError(
                f"SITE_URL is {address!r}, which is no address: write the whole one, "
                "such as https://example.org/recipes/, or leave SITE_URL empty"
            )
        return address and f"{address.rstrip('/')}/"
    if not (known := environment.get("GITHUB_REPOSITORY", "")):
        return ""
    owner, _, name = known.partition("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"
