"""What a build of an edition has to know beforehand: its address, its strings."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx import locale
from sphinx.util import logging

from editions.edition import Edition, editions
from editions.folder import STRINGS
from editions.page_facts import FAULTS
from translation.catalogs.languages import SOURCE_LANGUAGE

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

_log = logging.getLogger(__name__)


def name_editions(app: "Sphinx", config: "Config") -> None:
    """Tell templates of all editions, and Sphinx the address of this one.

    `html_baseurl` in `conf.py` is the address of the whole site: of the folder with the
    root page and a folder for each edition. Sphinx gets that of this edition's folder,
    for canonical addresses. Where it is empty, all links are relative.
    """
    site = config.html_baseurl and f"{config.html_baseurl.rstrip('/')}/"
    # As every setting that pages show: where one changes, all pages are made again.
    known = editions(Path(app.confdir).parent)
    config.html_context = {**config.html_context, "site": site, "editions": known}
    if site:
        config.html_baseurl = f"{site}{Edition(config.language).name}/"


def load_strings(app: "Sphinx", config: "Config") -> None:
    """Have Sphinx know the strings of extensions in the language of the edition.

    Any page may show them, so where one changes, all pages are made again.
    """
    digest = hashlib.sha256()
    for folder in config.locale_dirs:
        place = Path(app.srcdir) / folder
        for catalog in STRINGS:
            locale.init([place], config.language, catalog)
            compiled = place / (config.language or "") / f"LC_MESSAGES/{catalog}.mo"
            if compiled.is_file():
                digest.update(compiled.read_bytes())
    app.add_config_value("editions_strings", digest.hexdigest(), "env")


def tell_faults(app: "Sphinx") -> None:
    """Warn of catalogs that can't be used: their pages are in English for now."""
    file = Path(app.srcdir).parent / FAULTS
    if app.config.language == SOURCE_LANGUAGE or not file.is_file():
        return
    for fault in file.read_text("utf-8").splitlines():
        _log.warning("%s", fault, type="editions", subtype="catalog")
