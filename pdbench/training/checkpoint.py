"""Checkpoints of training, whole at any moment, and the weights it exports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pdbench.atomic_write import replace_file, replacement
from pdbench.errors import InputError
from pdbench.safetensors_io import to_safetensors

__all__ = ["export_weights", "load_checkpoint", "newest_checkpoint", "save_checkpoint"]

KEEP = 2


def save_checkpoint(folder: Path, step: int, state: dict[str, Any]) -> None:
    """Write `checkpoint-<step>.pt` and drop all but the newest two."""
    with replacement(folder / f"checkpoint-{step:08d}.pt") as file:
        torch.save({"step": step, **state}, file)
    for old in sorted(folder.glob("checkpoint-*.pt"))[:-KEEP]:
        old.unlink()


def newest_checkpoint(folder: Path) -> Path | None:
    """Return the newest whole checkpoint, or None."""
    return max(folder.glob("checkpoint-*.pt"), default=None)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint without executing anything in it.

    Raises:
        InputError: The file is damaged or not a checkpoint of pdbench.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise InputError(
            f"checkpoint '{path}' cannot be read; delete it to use the one before"
        ) from error
    if not isinstance(state, dict) or "step" not in state:
        raise InputError(f"'{path}' is not a training checkpoint of pdbench")
    return state


def export_weights(path: Path, state: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a state dict as float16 safetensors, atomically; the same one to the same bytes."""
    halves = {name: value.detach().cpu().half().numpy() for name, value in state.items()}
    replace_file(path, to_safetensors(halves, metadata))
