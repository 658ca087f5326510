"""A page's title as search results and browser tabs show it; it ends in "PyTorch"."""

from sphinx.locale import get_translation

LESSONS = ("recipes/", "guides/")
"""Where pages are about PyTorch; others are about this site."""


def _(text: str) -> str:
    return str(get_translation("site")(text))


def search_title(page: str, title: str, project: str, *, is_home: bool = False) -> str:
    """Return the title that stands outside of a page; that on it is shorter.

    Examples:
        >>> search_title("recipes/gradients/a", "Clipping gradients", "Recipes")
        'Clipping gradients – PyTorch'
        >>> search_title("contributing/A", "Translating", "Recipes")
        'Translating – Recipes – PyTorch'
        >>> search_title("index", "Recipes", "Recipes", is_home=True)
        'Recipes – gradients in PyTorch'
    """
    if is_home:
        # For translators: the title of the home page; it has to end in "PyTorch".
        return _("%s – gradients in PyTorch") % project
    parts = [title] if page.startswith(LESSONS) else [title, project]
    return " – ".join([*parts, "PyTorch"])
