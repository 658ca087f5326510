"""Imported by the process from which others are forked; see `live.forked`."""

from live.forked import read_everything

read_everything()
