"""Settings of the site; what they switch on is in `docs/_ext`."""

from sphinx_gallery.sorting import ExplicitOrder

from recipe_site.fashion_mnist import FASHION_MNIST
from recipe_site.sharing.site_address import site_url

project = "Gradient Recipes"
author = "Gradient Recipes contributors"
copyright = "Gradient Recipes contributors"  # noqa: A001 - Sphinx's name for it
language = "en"

extensions = [
    "recipe_site",  # first: with garbage collection off, the others start faster
    "myst_nb",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "editions",
    "recordings",
    "sphinx_llm_friendly",
]
# Notebooks here are downloads, and MyST-NB would take each for a page and run it.
exclude_patterns = ["_build", "_ext", "**.ipynb", "**.md5"]
templates_path = ["_templates"]
nitpicky = True

# Editions --------------------------------------------------------------------
locale_dirs = ["../locales"]
gettext_compact = False

# Recipes ---------------------------------------------------------------------
SECTIONS = ["gradients", "training", "pitfalls"]
sphinx_gallery_conf = {
    "examples_dirs": "../recipes",
    "gallery_dirs": "recipes",
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"/data/",
    "subsection_order": ExplicitOrder([f"../recipes/{name}" for name in SECTIONS]),
    "within_subsection_order": "recipe_site.recipes.ReadingOrder",
    "image_scrapers": ("recipe_site.figures.scrape",),
    "reset_modules": ("matplotlib", "recipe_site.figures.reset"),
    "remove_config_comments": True,
    "inspect_global_variables": True,
    # Warnings fail a build in the end; an error would ask to report a bug of Sphinx.
    "only_warn_on_example_error": True,
    # What these would print changes from run to run, and is English in every language.
    "show_signature": False,
    "min_reported_time": float("inf"),
    "write_computation_times": False,
    "download_all_examples": False,
}

# Inventories in the repository, so that no build needs the network:
# `nox -s inventories` makes them anew.
intersphinx_mapping = {
    "torch": ("https://docs.pytorch.org/docs/stable/", "inventories/torch.inv"),
    "torchvision": (
        "https://docs.pytorch.org/vision/stable/",
        "inventories/torchvision.inv",
    ),
}

# Recordings ------------------------------------------------------------------
recordings_command = "nox -s record --"
recordings_requirements = ["../pyproject.toml:recipes"]
# PyTorch itself imports the last one when the first optimizer is made.
recordings_preload = ["matplotlib.pyplot", "torch", "torch._dynamo"]
recordings_time_limit = 300
recordings_data = {"Fashion-MNIST": " ".join(FASHION_MNIST.values())}

# Guides ----------------------------------------------------------------------
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

# Search ----------------------------------------------------------------------
search_leaves_out = ["contributing/*"]  # of no use to who writes a training loop

# Theme -----------------------------------------------------------------------
html_theme = "furo"
html_title = project
html_baseurl = site_url()
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css", "search/search.css"]
html_js_files = [
    ("filter.js", {"defer": ""}),
    ("messages.js", {"defer": ""}),
    ("scrolling.js", {"defer": ""}),
    ("search/open.js", {"type": "module"}),
]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_theme_options = {
    "enable_search_shortcuts": False,  # Sphinx's own; this site's script has others
    "light_css_variables": {
        "color-brand-primary": "#0b62b8",
        "color-brand-content": "#0b62b8",
    },
    "dark_css_variables": {
        "color-brand-primary": "#6cb2f7",
        "color-brand-content": "#6cb2f7",
    },
}
copybutton_exclude = ".linenos, .gp, .go, .diff-removed"
