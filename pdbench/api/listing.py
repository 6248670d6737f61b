"""`pdbench list` and `pdbench doctor` as Python calls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pdbench.registry import unknown_id

if TYPE_CHECKING:
    from pdbench.api.inventory import Rows

__all__ = ["KINDS", "doctor", "list_all"]

KINDS = ("methods", "metrics", "protocols", "datasets", "weights")
"""What `list_all` lists."""


def list_all(kind: str, *, data_root: Path | None = None, weights_dir: Path | None = None) -> Rows:
    """List what there is of one kind.

    Args:
        kind: "methods", "metrics", "protocols", "datasets" or "weights".
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.
        weights_dir: Folder searched for weights first; PDBENCH_WEIGHTS when None.

    Returns:
        (id, what it is), one a line.

    Raises:
        InputError: The kind is unknown or a folder does not exist.
    """
    if kind not in KINDS:
        raise unknown_id("kind of list", kind, KINDS)
    from pdbench.api import inventory
    from pdbench.api.environment import settings
    from pdbench.api.protocols import protocol_rows

    with settings(weights_dir=weights_dir):
        if kind == "datasets":
            return inventory.dataset_rows(data_root)
        listings = {
            "methods": inventory.method_rows,
            "metrics": inventory.metric_rows,
            "protocols": protocol_rows,
            "weights": inventory.weight_rows,
        }
        return listings[kind]()


def doctor(*, data_root: Path | None = None, weights_dir: Path | None = None) -> dict[str, Rows]:
    """Say what is installed, which weights and data are here, and how to get the rest.

    Args:
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.
        weights_dir: Folder searched for weights first; PDBENCH_WEIGHTS when None.

    Returns:
        Section title -> (name, finding), one a line.
    """
    from pdbench.api import inventory
    from pdbench.api.environment import settings

    with settings(weights_dir=weights_dir):
        return inventory.report(data_root)
