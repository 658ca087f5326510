"""The index of error messages: what PyTorch prints, why, and which recipe shows it."""

from recipe_site.messages.directives import setup_messages

__all__ = ["setup_messages"]
