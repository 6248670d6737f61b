"""`pdbench data` as Python calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pdbench.data import datasets, downloads
from pdbench.data.prepare import prepare_photos
from pdbench.errors import InputError

__all__ = ["export_data", "get_data", "prepare_data"]


def get_data(name: str, *, data_root: str | Path | None = None) -> list[Path]:
    """Download a published set to where `--data-root` finds it.

    Args:
        name: "set5", "set14", "bsd100", "urban100", "div2k-val", or "div2k-train" to train on.
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.

    Returns:
        The folders of images.

    Raises:
        InputError: The set is unknown, has no place to go, or cannot be downloaded.

    >>> import pdbench
    >>> pdbench.get_data("set5")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    pdbench.errors.InputError: say where to put it
    """
    root = datasets.data_root(data_root)
    if root is None:
        raise InputError("say where to put it with --data-root or the variable PDBENCH_DATA")
    return downloads.get_set(name, root)


def export_data(
    name: str | Path, *, output: str | Path, data_root: str | Path | None = None
) -> tuple[Path, Path]:
    """Write the images of a test set, just as they are scored, for methods that run elsewhere.

    Args:
        name: "builtin", a published set, or a folder of images.
        output: Folder for "LR" and "HR"; new, or of an earlier export of that set.
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.

    Returns:
        The folders of LR and HR images.

    Raises:
        InputError: The set is not found or cannot be used, or the folder holds other images or
            cannot be written.

    >>> import pdbench
    >>> lr, hr = pdbench.export_data("builtin", output="in")
    >>> len(list(lr.iterdir()))
    12
    """
    opened = datasets.open_dataset(name, data_root)
    return datasets.export_dataset(opened, Path(output))


def prepare_data(
    data: Sequence[str | Path], *, output: str | Path, jobs: int = 1, progress: bool = True
) -> int:
    """Lay photographs out so that training opens them at once; an interrupted call continues.

    Args:
        data: Folders of photographs, searched below.
        output: The folder to make; give it to `train` as `data`.
        jobs: Processes that decode the photographs.
        progress: Whether to show a progress bar with ETA.

    Returns:
        How many photographs it holds.

    Raises:
        InputError: No photographs, one that cannot be read, or a folder that holds others.

    >>> import pdbench
    >>> lr, hr = pdbench.export_data("builtin", output="in")
    >>> pdbench.prepare_data([hr], output="ready", progress=False)
    12
    """
    folders = [Path(folder) for folder in data]
    return len(prepare_photos(folders, Path(output), jobs=jobs, progress=progress))
