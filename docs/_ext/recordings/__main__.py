"""Run the command line."""

import sys

from recordings.cli import main

sys.exit(main())
