"""Nearest neighbor x4: every LR pixel becomes a square."""

from __future__ import annotations

from torch import Tensor

from pdbench.harness.bank import SampleBank
from pdbench.harness.method import Method

__all__ = ["METHOD"]


def run(lr: Tensor, bank: SampleBank) -> Tensor:
    """Enlarge lr (3, h, w) to (3, 4h, 4w)."""
    del bank
    return lr.repeat_interleave(4, dim=-2).repeat_interleave(4, dim=-1)


METHOD = Method(
    id="nearest",
    title="Nearest neighbor",
    kind="single",
    needs=(),
    reference="pdbench-example",
    run=run,
)
