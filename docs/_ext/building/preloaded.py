"""Imported by the process from which others are forked; see `building.forked`."""

import os
import signal

from building.forked import import_modules
from recordings.machine.process_tree import die_with_parent

# Neither Ctrl-C nor the end of the program waits until everything is read.
signal.signal(signal.SIGINT, signal.SIG_DFL)
die_with_parent(os.getppid())
import_modules()
