"""Pixelwise median of k flow samples: a mean that outliers cannot pull.

Source: Korkmaz, Tekalp, Dogan, Erdem, Erdem, "Perception-Distortion Trade-off in the SR Space
Spanned by Flow Models", ICIP 2022, https://arxiv.org/abs/2209.08564
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdbench.methods.average import REFERENCE
from pdbench.methods.family import fused_family

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["FAMILY"]


def median(samples: Tensor) -> Tensor:
    """Map stacked samples (k, 3, H, W) to their median (3, H, W), per pixel and channel.

    For even k it is the mean of the two middle values.
    """
    k = len(samples)
    ordered = samples.sort(0).values
    return (ordered[(k - 1) // 2] + ordered[k // 2]) / 2


FAMILY = fused_family(
    "median",
    title="Pixelwise median of k SRFlow-DA samples",
    reference=REFERENCE,
    rule=median,
)
