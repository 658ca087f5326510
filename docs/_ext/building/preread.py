"""Imported where many builds are to come; see `building.forked`."""

from building.forked import read_everything

read_everything()
