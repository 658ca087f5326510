"""Time and memory, beside plain Sphinx-Gallery."""
