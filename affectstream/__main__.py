"""`python -m affectstream` is the command `affectstream`."""

import sys

from affectstream.command import main

if __name__ == "__main__":
    sys.exit(main())
