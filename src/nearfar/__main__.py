"""``python -m nearfar``, equivalent to the command ``nearfar``."""

import sys

from nearfar.cli import main

if __name__ == "__main__":
    sys.exit(main())
