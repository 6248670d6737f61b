"""Atomic replacement of a file: a kill leaves the old content or the new, never a part.

And the folder that files go to.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pdbench.errors import InputError, system_reason

__all__ = ["make_folder", "replace_file", "replacement"]


def make_folder(path: Path) -> None:
    """Make the folder that --out names, unless it is there; raises InputError where it cannot."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot make folder '{path}' ({system_reason(error)}); change --out"
        ) from error


@contextmanager
def replacement(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write; when the block ends it is on the disk and takes its place.

    Args:
        path: Where to; its folder exists. What is there is replaced; a device or pipe is written.

    Raises:
        OSError: It cannot be written; nothing is left beside it.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    # Containers that share a folder share process ids, too.
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file's content; see `replacement`."""
    with replacement(path) as file:
        file.write(content)
