"""Learning-rate schedules as pure functions of step and progress."""

from __future__ import annotations

import math

from pdbench.training.recipe import Optimization

__all__ = ["rate"]


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
