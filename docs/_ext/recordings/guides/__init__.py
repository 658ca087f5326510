"""Guides: executable MyST-NB pages, recorded in a kernel and replayed without one.

`pages` finds and reads them, `kernel` records them, `replay` hands recordings to
MyST-NB. Import these where a guide is at hand: a project without needs no MyST-NB.
"""


class GuideFailed(Exception):  # noqa: N818 - what happened, not a fault of ours
    """A guide can't be read or run. The message's last line says where and why."""
