"""From a recipe to optimizers and their learning rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn
from torch.optim import Adam, Optimizer

from pdbench.training.muon import Muon
from pdbench.training.recipe import Optimization

__all__ = ["make_optimizers", "peak_rates", "set_rates"]


def make_optimizers(network: nn.Module, plan: Optimization) -> list[Optimizer]:
    """Build the optimizers of a recipe; with "muon", inner kernels go to Muon, the rest to Adam.

    Kernels with fewer than 8 input or output channels (first and last layers) stay with Adam.
    """
    trained = [p for p in network.parameters() if p.requires_grad]
    kernels = [p for p in trained if p.ndim == 4 and min(p.shape[:2]) >= 8]
    adam: dict[str, Any] = {"lr": plan.lr, "betas": plan.betas}
    if plan.optimizer == "adam" or not kernels:
        return [Adam(trained, **adam)]
    taken = {id(p) for p in kernels}
    others = [p for p in trained if id(p) not in taken]
    return [Muon(kernels, lr=plan.muon_lr), Adam(others, **adam)]


def peak_rates(optimizers: Sequence[Optimizer], plan: Optimization) -> list[float]:
    """Return the peak learning rate of each optimizer."""
    return [plan.muon_lr if isinstance(o, Muon) else plan.lr for o in optimizers]


def set_rates(optimizers: Sequence[Optimizer], peaks: Sequence[float], factor: float) -> None:
    """Set each optimizer's learning rate to its peak times the schedule's factor."""
    for optimizer, peak in zip(optimizers, peaks, strict=True):
        for group in optimizer.param_groups:
            group["lr"] = peak * factor
