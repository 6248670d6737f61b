"""Blend of the average of 25 flow samples with one of them: a straight path between the two.

At alpha = 0 it is `average-25`, at alpha = 1 the first sample at temperature 0.9. The squared
error along the path is a parabola in alpha, so that a little of a sample costs little.

Source of the two ends: Korkmaz, Tekalp, Dogan, Erdem, Erdem, "Perception-Distortion Trade-off in
the SR Space Spanned by Flow Models", ICIP 2022, https://arxiv.org/abs/2209.08564
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pdbench.harness.method import Method, Sampled
from pdbench.methods.average import average
from pdbench.methods.family import SAMPLES_TAU, Family, number

if TYPE_CHECKING:
    from torch import Tensor

    from pdbench.harness.bank import SampleBank

__all__ = ["AVERAGED", "FAMILY"]

AVERAGED = 25
"""Samples in the average at alpha = 0."""


def blend(samples: Tensor, alpha: float) -> Tensor:
    """Map stacked samples (k, 3, H, W) to (1 - alpha) mean + alpha first, (3, H, W)."""
    return average(samples).lerp(samples[0], alpha)


def make(text: str) -> Method:
    """Build blend[alpha=...]."""
    alpha = number(text, "blend[alpha=...]", 1)

    def run(lr: Tensor, bank: SampleBank) -> Tensor:
        del lr
        return blend(bank.samples("srflow-da", tau=SAMPLES_TAU, count=AVERAGED), alpha)

    return Method(
        id=f"blend[alpha={alpha:g}]",
        title=f"Blend (α={alpha:g})",
        kind="fused",
        needs=(Sampled("srflow-da", SAMPLES_TAU, AVERAGED),),
        reference=(
            "Blau, Michaeli, 'The Perception-Distortion Tradeoff', CVPR 2018, "
            "https://arxiv.org/abs/1711.06077 (convexity of what can be reached)"
        ),
        run=run,
    )


FAMILY = Family(
    id="blend[alpha=a]",
    title="Straight path from Average (25) to one sample",
    pattern=re.compile(r"blend\[alpha=(.*)\]"),
    make=make,
    examples=("blend[alpha=0.25]", "blend[alpha=0.5]", "blend[alpha=0.75]"),
)
