"""Average of k flow samples: an estimate of the posterior mean.

Source: Korkmaz, Tekalp, Dogan, Erdem, Erdem, "Perception-Distortion Trade-off in the SR Space
Spanned by Flow Models", ICIP 2022, https://arxiv.org/abs/2209.08564
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdbench.methods.family import fused_family

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["FAMILY"]

REFERENCE = (
    "Korkmaz, Tekalp, Dogan, Erdem, Erdem, 'Perception-Distortion Trade-off in the SR Space "
    "Spanned by Flow Models', ICIP 2022, https://arxiv.org/abs/2209.08564"
)


def average(samples: Tensor) -> Tensor:
    """Map stacked samples (k, 3, H, W) to their mean (3, H, W)."""
    return samples.mean(0)


FAMILY = fused_family(
    "average",
    title="Mean of k SRFlow-DA samples",
    reference=REFERENCE,
    rule=average,
)
