"""Atomic replacement of a file: a kill leaves the old content or the new, never a part."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["replace_file"]


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside its place, bring it to the disk, and rename it.

    Args:
        path: Where to; its folder exists. What is there is replaced; a device or pipe is written.
        content: All of it.

    Raises:
        OSError: It cannot be written; nothing is left beside it.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
