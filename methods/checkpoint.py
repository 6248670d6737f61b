"""A network out of a file, given on the command line, as one more method of a run."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor

from pdbench import baselines, methods
from pdbench.baselines.spandrel_adapter import Checkpoint, open_checkpoint
from pdbench.harness.bank import SampleBank
from pdbench.harness.method import Method, Restored

__all__ = ["fingerprint", "make", "open_network", "resolve"]


def make(checkpoint: Checkpoint) -> Method:
    """Declare the method that returns the network's one output."""
    return Method(
        id=checkpoint.id,
        title=checkpoint.id,
        kind="single",
        needs=(Restored(checkpoint.id),),
        reference=f"checkpoint {checkpoint.path.name}",
        run=partial(_run, checkpoint.id),
        size="external",
    )


def _run(name: str, lr: Tensor, bank: SampleBank) -> Tensor:
    del lr
    return bank.restored(name)


def resolve(checkpoint: Checkpoint, name: str) -> Method:
    """Return the checkpoint's method by its id, and all others as `pdbench.methods.resolve`."""
    return make(checkpoint) if name == checkpoint.id else methods.resolve(name)


def open_network(checkpoint: Checkpoint, name: str, size: str, device: str) -> Any:  # noqa: ANN401
    """Open the checkpoint by its id, and all others as `pdbench.baselines.open_baseline`."""
    if name == checkpoint.id:
        return open_checkpoint(checkpoint, device)
    return baselines.open_baseline(name, size, device)


def fingerprint(checkpoint: Checkpoint, name: str, size: str) -> str:
    """Return 12 hex digits that identify the file a network is read from."""
    if name == checkpoint.id:
        return checkpoint.fingerprint()
    return baselines.fingerprint(name, size)
