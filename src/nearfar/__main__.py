"""``python -m nearfar``: the same as the command ``nearfar``."""

import sys

from nearfar.cli import main

if __name__ == "__main__":
    sys.exit(main())
