"""The adapter to Sphinx-Gallery: the only place that knows its internals.

Sphinx-Gallery runs recipes and makes pages; it keeps no outputs. Some of its functions
are wrapped here: in `capture`, to keep what each code block printed and drew, and in
`replay`, to put that into a page without running anything. `signatures` checks that
they are still what this was written for.
"""
