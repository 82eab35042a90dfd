"""`python -m liftwing_blubber` is `blubber`."""

import sys

from liftwing_blubber.cli import main

sys.exit(main())
