"""Make an edition of the site from catalogs: its source folder, and what Sphinx adds."""
