"""The site's own strings, in the language of the edition."""

from sphinx.locale import get_translation

DOMAIN = "site"
"""Name of their catalog in `locales/<language>/LC_MESSAGES/`."""

_translate = get_translation(DOMAIN)


def _(text: str) -> str:
    """Translate a string into the language of the build."""
    return str(_translate(text))


THEME = (
    _("Please activate JavaScript to enable the search functionality."),
    _("Edit this page"),
)
"""What the theme's own templates say and Sphinx's catalogs don't: for translators."""
