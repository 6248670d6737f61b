"""SRFlow-DA: single samples at a temperature, scored one by one.

A row is the mean over the scores of SAMPLES samples, as in the paper; their spread is kept. More
or fewer are named: the NTIRE 2021 challenge scores srflow-da[tau=0.9,samples=10].
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pdbench.harness.method import Method, Sampled
from pdbench.methods.family import Family, number, whole_number

if TYPE_CHECKING:
    from torch import Tensor

    from pdbench.harness.bank import SampleBank

__all__ = ["FAMILY", "SAMPLES"]

SAMPLES = 5
"""Samples scored per image; they are the first of those that average-k combines."""

HIGHEST_TAU = 2.0


def make(text: str) -> Method:
    """Build srflow-da[tau=...] or srflow-da[tau=...,samples=...]."""
    first, _, second = text.partition(",samples=")
    tau = number(first, "srflow-da[tau=...]", HIGHEST_TAU)
    count = whole_number(second, "srflow-da[tau=...,samples=k]") if second else SAMPLES
    if not tau:
        count = 1  # all samples are the mode
    named = f",samples={count}" if tau and count != SAMPLES else ""

    def run(lr: Tensor, bank: SampleBank) -> Tensor:
        del lr
        return bank.samples("srflow-da", tau=tau, count=count)

    return Method(
        id=f"srflow-da[tau={tau:g}{named}]",
        title=f"SRFlow-DA (τ={tau:g}{', ' + str(count) + ' samples' if named else ''})",
        kind="stochastic",
        needs=(Sampled("srflow-da", tau, count),),
        reference=(
            "Jo, Yang, Kim, 'SRFlow-DA: Super-Resolution Using Normalizing Flow with Deep "
            "Convolutional Block', CVPR Workshops 2021"
        ),
        run=run,
    )


FAMILY = Family(
    id="srflow-da[tau=t]",
    title="SRFlow-DA samples at temperature t",
    pattern=re.compile(r"srflow-da\[tau=(.*)\]"),
    make=make,
    examples=("srflow-da[tau=0.1]", "srflow-da[tau=0.5]", "srflow-da[tau=0.9]"),
)
