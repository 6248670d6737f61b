"""Pixelwise median of k flow samples: a mean that outliers cannot pull.

Source: Korkmaz, Tekalp, Dogan, Erdem, Erdem, "Perception-Distortion Trade-off in the SR Space
Spanned by Flow Models", ICIP 2022, https://arxiv.org/abs/2209.08564
"""

from __future__ import annotations

import re

from torch import Tensor

from pdbench.harness.bank import SampleBank
from pdbench.harness.method import Method, Sampled
from pdbench.methods.average import REFERENCE
from pdbench.methods.family import SAMPLES_TAU, Family, whole_number

__all__ = ["FAMILY"]


def median(samples: Tensor) -> Tensor:
    """Map stacked samples (k, 3, H, W) to their median (3, H, W), per pixel and channel.

    For even k it is the mean of the two middle values.
    """
    k = len(samples)
    ordered = samples.sort(0).values
    return (ordered[(k - 1) // 2] + ordered[k // 2]) / 2


def make(text: str) -> Method:
    """Build median-k."""
    k = whole_number(text, "median")

    def run(lr: Tensor, bank: SampleBank) -> Tensor:
        del lr
        return median(bank.samples("srflow-da", tau=SAMPLES_TAU, count=k))

    return Method(
        id=f"median-{k}",
        title=f"Median ({k})",
        kind="fused",
        needs=(Sampled("srflow-da", SAMPLES_TAU, k),),
        reference=REFERENCE,
        run=run,
    )


FAMILY = Family(
    id="median-k",
    title="Pixelwise median of k SRFlow-DA samples",
    pattern=re.compile(r"median-(.*)"),
    make=make,
    examples=("median-5", "median-25"),
)
