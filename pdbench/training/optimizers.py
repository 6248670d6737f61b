"""Optimizers of a recipe, and the schedule of their learning rates."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from torch import nn
from torch.optim import Adam, Optimizer

from pdbench.training.muon import Muon
from pdbench.training.recipe import Optimization

__all__ = ["make_optimizers", "rate", "set_rates"]


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


def rate(step: int, progress: float, plan: Optimization) -> float:
    """Return the factor on the peak learning rate, in [0, 1].

    Args:
        step: Steps taken so far; warm-up counts them.
        progress: Fraction of the run that is over, in [0, 1].
        plan: The schedule.
    """
    warm = min(1.0, (step + 1) / plan.warmup) if plan.warmup else 1.0
    if plan.schedule == "cosine":
        return warm * 0.5 * (1 + math.cos(math.pi * progress))
    return warm * 0.5 ** sum(progress >= milestone for milestone in plan.milestones)


def set_rates(optimizers: Iterable[Optimizer], factor: float) -> None:
    """Set the learning rate of each optimizer to the one it was made with times a factor."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = factor * optimizer.defaults["lr"]
