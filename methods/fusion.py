"""Fusion-L1 and Fusion-LPIPS: ten flow samples, fused by a small trained network.

Source: Korkmaz, Tekalp, Dogan, Erdem, Erdem, "Perception-Distortion Trade-off in the SR Space
Spanned by Flow Models", ICIP 2022, https://arxiv.org/abs/2209.08564
"""

from __future__ import annotations

from torch import Tensor

from pdbench.harness.bank import SampleBank
from pdbench.harness.method import Fused, Method, Sampled
from pdbench.methods.average import REFERENCE
from pdbench.methods.family import SAMPLES_TAU

__all__ = ["L1", "LPIPS", "SAMPLES"]

SAMPLES = 10
"""Samples fused, the first of each image: as many as the networks were trained for."""


def declare(name: str, title: str) -> Method:
    """Declare the method of one fusion network."""

    def run(lr: Tensor, bank: SampleBank) -> Tensor:
        del lr
        return bank.fused(name, bank.samples("srflow-da", tau=SAMPLES_TAU, count=SAMPLES))

    return Method(
        id=name,
        title=title,
        kind="fused",
        needs=(Sampled("srflow-da", SAMPLES_TAU, SAMPLES), Fused(name)),
        reference=REFERENCE,
        run=run,
    )


L1 = declare("fusion-l1", "Fusion-L1")
LPIPS = declare("fusion-lpips", "Fusion-LPIPS")
