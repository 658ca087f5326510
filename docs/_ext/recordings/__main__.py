"""Run the command line."""

import sys

from recordings.machine.garbage import uncollected

with uncollected():
    from recordings.cli import main

if __name__ == "__main__":  # a process that is started anew imports it, too
    sys.exit(main())
