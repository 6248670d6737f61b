"""Settings that worker processes inherit through the environment, held for one call."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pdbench.weights import set_weights_folder

__all__ = ["settings"]

_NAMES = ("PDBENCH_WEIGHTS", "PDBENCH_OFFLINE")


@contextlib.contextmanager
def settings(*, weights_dir: str | Path | None = None, offline: bool = False) -> Iterator[None]:
    """Hold settings, and put back what was before.

    Args:
        weights_dir: Folder searched for weights first; what PDBENCH_WEIGHTS says when None.
        offline: Download nothing; what PDBENCH_OFFLINE says when False.

    Raises:
        InputError: There is no such folder.
    """
    before = {name: os.environ.get(name) for name in _NAMES}
    try:
        if weights_dir is not None:
            set_weights_folder(weights_dir)
        if offline:
            os.environ["PDBENCH_OFFLINE"] = "1"
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
