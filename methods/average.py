"""Average of k flow samples: an estimate of the posterior mean.

Source: Korkmaz, Tekalp, Dogan, Erdem, Erdem, "Perception-Distortion Trade-off in the SR Space
Spanned by Flow Models", ICIP 2022, https://arxiv.org/abs/2209.08564
"""

from __future__ import annotations

import re

from torch import Tensor

from pdbench.harness.bank import SampleBank
from pdbench.harness.method import Method, Sampled
from pdbench.methods.family import SAMPLES_TAU, Family, whole_number

__all__ = ["FAMILY"]

REFERENCE = (
    "Korkmaz, Tekalp, Dogan, Erdem, Erdem, 'Perception-Distortion Trade-off in the SR Space "
    "Spanned by Flow Models', ICIP 2022, https://arxiv.org/abs/2209.08564"
)


def average(samples: Tensor) -> Tensor:
    """Map stacked samples (k, 3, H, W) to their mean (3, H, W)."""
    return samples.mean(0)


def make(text: str) -> Method:
    """Build average-k."""
    k = whole_number(text, "average")

    def run(lr: Tensor, bank: SampleBank) -> Tensor:
        del lr
        return average(bank.samples("srflow-da", tau=SAMPLES_TAU, count=k))

    return Method(
        id=f"average-{k}",
        title=f"Average ({k})",
        kind="fused",
        needs=(Sampled("srflow-da", SAMPLES_TAU, k),),
        reference=REFERENCE,
        run=run,
    )


FAMILY = Family(
    id="average-k",
    title="Mean of k SRFlow-DA samples",
    pattern=re.compile(r"average-(.*)"),
    make=make,
    examples=("average-5", "average-25"),
)
