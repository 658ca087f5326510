"""Draw recipes' figures as SVG that reads well on light and on dark pages.

The background is transparent, and `site.css` makes figures brighter on dark pages, so
one file serves both modes: text has a contrast of at least 4.5:1, curves of 3:1. A
figure is as wide as the text of a phone, so its labels are no smaller there.
"""

from typing import Any

from sphinx_gallery.py_source_parser import Block
from sphinx_gallery.scrapers import matplotlib_scraper

INK = "#6a6a6a"
CYCLE = ("#2f7fd1", "#d9622b", "#2a9461", "#9a6fc9", "#b08a1e", "#d0568f")

STYLE: Any = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    "figure.edgecolor": "none",
    "figure.facecolor": "none",
    "figure.figsize": (5, 3.4),
    "axes.facecolor": "none",
    "font.size": 11,
    "grid.color": INK,
    "legend.edgecolor": INK,
    "legend.facecolor": "none",
    "legend.frameon": False,
    "patch.edgecolor": INK,
    "savefig.facecolor": "none",
    "svg.hashsalt": "gradient-recipes",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def reset(_gallery_conf: dict[str, Any], _recipe: str) -> None:
    """Set the style before a recipe runs: one of `reset_modules`."""
    # Not before: where pages are made from recordings, nothing is drawn.
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.rcsetup import cycler  # noqa: PLC0415

    mpl.rcParams.update(STYLE)
    mpl.rcParams["axes.prop_cycle"] = cycler(color=CYCLE)


def scrape(
    block: Block, block_vars: dict[str, Any], gallery_conf: dict[str, Any]
) -> str:
    """Save a block's figures as SVG, and return reST: one of `image_scrapers`."""
    # Without a date, drawing the same figure again gives the same file.
    undated = {"Date": None}
    rest: str = matplotlib_scraper(
        block, block_vars, gallery_conf, format="svg", metadata=undated
    )
    return rest
