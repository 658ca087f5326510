"""Serve the whole site while its sources are edited: `python -m live`.

A saved file has the editions that show it built again, each in a process forked from
one that has all modules and recipes read already. A recipe whose code changed is
recorded in the background. Open pages hear of both, and load themselves again.
"""
