"""Find the messages in a recipe, and put translations in their place."""
