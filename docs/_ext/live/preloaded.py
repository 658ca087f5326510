"""Imported by the process from which others are forked; see `live.forked`."""

import os
import signal

from live.forked import read_everything
from recordings.machine.process_tree import die_with_parent

# Neither Ctrl-C nor the end of the program waits until everything is read.
signal.signal(signal.SIGINT, signal.SIG_DFL)
die_with_parent(os.getppid())
read_everything()
