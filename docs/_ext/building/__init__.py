"""Build the editions side by side, each in a process that need not import anything.

`python -m building` does it once, `live` whenever something was saved.
"""
