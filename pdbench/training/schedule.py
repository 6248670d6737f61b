"""Learning-rate schedules as pure functions of the step."""

from __future__ import annotations

import math

from pdbench.training.recipe import Optimization

__all__ = ["rate"]


def rate(step: int, plan: Optimization) -> float:
    """Return the factor on the peak learning rate for step `step` (from 0), in [0, 1]."""
    warm = min(1.0, (step + 1) / plan.warmup) if plan.warmup else 1.0
    fraction = step / plan.steps
    if plan.schedule == "cosine":
        return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, fraction)))
    return warm * 0.5 ** sum(fraction >= milestone for milestone in plan.milestones)
