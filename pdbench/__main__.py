"""`python -m pdbench` is the command `pdbench`."""

import sys

from pdbench.cli import main

if __name__ == "__main__":
    sys.exit(main())
