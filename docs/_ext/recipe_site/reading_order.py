"""Put the recipes of a section in the order in which they are best read."""

from pathlib import Path

from recipe_site import recipe_settings


class ReadingOrder:
    """Sort a section's recipes by their `# sphinx_gallery_position`, then by name.

    For Sphinx-Gallery's `within_subsection_order`, which makes one for each section.
    """

    def __init__(self, section: str) -> None:
        """Remember the folder of the section."""
        self.section = Path(section)

    def __call__(self, filename: str) -> tuple[float, str]:
        """Give the sort key of a recipe; one without a position comes last."""
        settings = recipe_settings.of_file(self.section / filename)
        return recipe_settings.position(settings), filename
