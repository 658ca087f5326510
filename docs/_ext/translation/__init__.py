"""Make an edition's texts out of the English ones and a catalog.

``messages`` takes a recipe or a gallery header apart, ``catalog`` keeps what was said
of each message in another language, ``checks`` tells what is wrong with a translation,
and ``scripts`` puts the translations back. Nothing here knows Sphinx.
"""
