"""Catalogs: gettext `.po` files, read and written with their places."""
