"""Checkpoints that survive being killed at any moment: written aside, flushed, then renamed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pdbench.errors import InputError
from pdbench.safetensors_io import to_safetensors

__all__ = ["export_weights", "load_checkpoint", "newest_checkpoint", "save_checkpoint"]

KEEP = 2


def _replace(temporary: Path, final: Path) -> None:
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    temporary.replace(final)


def save_checkpoint(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Write `checkpoint-<step>.pt` and drop all but the newest two."""
    final = folder / f"checkpoint-{step:08d}.pt"
    temporary = final.with_suffix(".tmp")
    torch.save({"step": step, **state}, temporary)
    _replace(temporary, final)
    for old in sorted(folder.glob("checkpoint-*.pt"))[:-KEEP]:
        old.unlink()
    return final


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
    temporary = path.with_suffix(".tmp")
    halves = {name: value.detach().cpu().half().numpy() for name, value in state.items()}
    temporary.write_bytes(to_safetensors(halves, metadata))
    _replace(temporary, path)
