"""Make an edition's texts out of the English ones and a catalog.

``messages`` splits a recipe or a gallery header into messages, ``catalogs`` keep the
translation of each, ``checks`` find what is wrong with a translation, and ``scripts``
puts translations in the places of messages. ``older`` finds what a translation says of
English that has changed since. None of these knows the site.

``python -m translation`` keeps the site's catalogs in ``locales/``: ``sources`` list
what there is to translate; ``refresh``, ``status`` and ``findings`` do its three tasks.
"""
