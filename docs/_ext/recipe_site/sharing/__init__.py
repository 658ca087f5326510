"""Have pages found and shared: what search engines, feeds and previews ask for.

What needs the site's public address is left out where `SITE_URL` is unknown.
"""
