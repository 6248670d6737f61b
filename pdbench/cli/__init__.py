"""The command line: each command parses its options, makes one call of `pdbench.api`, prints.

Nothing here imports torch or numpy before a command runs, so that help and completion are instant.
"""

from pdbench.cli.main import main

__all__ = ["main"]
