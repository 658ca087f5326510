"""What is translated: recipes, pages, and the strings of extensions."""
