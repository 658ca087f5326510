"""Put the recipes of a section in the order in which they are best read."""

from pathlib import Path

from sphinx_gallery.py_source_parser import extract_file_config


class ReadingOrder:
    """Sort a section's recipes by their `# sphinx_gallery_position`, then by name.

    For Sphinx-Gallery's `within_subsection_order`, which makes one for each section.
    """

    def __init__(self, section: str) -> None:
        """Remember the folder of the section."""
        self.section = Path(section)

    def __call__(self, filename: str) -> tuple[float, str]:
        """Give the sort key of a recipe; one without a position comes last."""
        script = (self.section / filename).read_text("utf-8", errors="replace")
        settings = extract_file_config(script)
        return settings.get("position", float("inf")), filename
