"""SRFlow-DA: single samples at a temperature, scored one by one.

A row is the mean over the scores of SAMPLES samples, as in the paper; their spread is kept.
"""

from __future__ import annotations

import math
import re

from torch import Tensor

from pdbench.errors import InputError
from pdbench.harness.bank import SampleBank
from pdbench.harness.method import Method, Sampled
from pdbench.methods.family import Family

__all__ = ["FAMILY", "SAMPLES"]

SAMPLES = 5
"""Samples scored per image; they are the first of those that average-k combines."""

HIGHEST_TAU = 2.0


def temperature(text: str) -> float:
    """Read tau; raises InputError unless it is a number from 0 to 2."""
    try:
        tau = float(text)
    except ValueError:
        tau = math.nan
    if not 0 <= tau <= HIGHEST_TAU:
        raise InputError(
            f"srflow-da[tau=...] wants a number from 0 to {HIGHEST_TAU:g}, got '{text}'"
        )
    return tau


def make(text: str) -> Method:
    """Build srflow-da[tau=...]."""
    tau = temperature(text)
    count = SAMPLES if tau else 1  # at 0 all samples are the mode

    def run(lr: Tensor, bank: SampleBank) -> Tensor:
        del lr
        return bank.samples("srflow-da", tau=tau, count=count)

    return Method(
        id=f"srflow-da[tau={tau:g}]",
        title=f"SRFlow-DA (τ={tau:g})",
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
