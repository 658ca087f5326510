"""Make an edition's texts out of the English ones and a catalog.

``messages`` takes a recipe or a gallery header apart, ``catalog`` keeps what was said
of each message in another language, ``checks`` tells what is wrong with a translation,
and ``scripts`` puts the translations back. None of these knows the site.

``python -m translation`` keeps the site's catalogs in ``locales/``: ``sources``,
``markdown_pages`` and ``strings`` say what there is to translate, ``refresh``,
``status`` and ``findings`` do the three things that it can.
"""
