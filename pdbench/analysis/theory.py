"""What averaging k samples does to the squared error, in theory and as measured.

The mean of k independent samples of one image has the expected squared error
MSE(k) = MSE(inf) + V / k, V being the variance of a sample. For a perfect posterior sampler V
equals MSE(inf), the least error there is: MSE(k) = MSE(inf) (1 + 1 / k), MSE(1) / MSE(inf) = 2.
A flow whose latents are scaled by tau has samples of about tau**2 times that variance.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdbench.analysis.bootstrap import Interval, Outputs, resample, shared_images
from pdbench.analysis.means import Summary

__all__ = [
    "SAMPLE",
    "TAU",
    "SamplerRatio",
    "measured_counts",
    "perfect_psnr",
    "perfect_ratio",
    "sampler_ratio",
]

Array = NDArray[np.float64]

SAMPLE = "srflow-da[tau=0.9]"
"""Method whose outputs are the samples that `average-k` takes the mean of."""

TAU = 0.9
"""Temperature of these samples."""


def perfect_ratio(tau: float = TAU) -> float:
    """Return MSE(1) / MSE(inf) of a perfect sampler at a temperature: about 1 + tau**2."""
    return 1 + tau**2


@dataclass(frozen=True, kw_only=True)
class SamplerRatio:
    """MSE of one sample over the MSE that infinitely many, averaged, would have.

    Attributes:
        ratio: MSE(1) / MSE(inf): `perfect_ratio()` for a perfect sampler, less for samples that
            vary too little for the error of their mean, more for samples that vary too much.
        interval: Its 95 % interval over images and samples, or None below two images.
        counts: The k from which MSE(inf) was extrapolated.
        n: Number of images.
        total: Images of the dataset.
    """

    ratio: float
    interval: Interval | None
    counts: tuple[int, ...]
    n: int
    total: int


def measured_counts(methods: Iterable[str]) -> dict[int, str]:
    """Return k -> the method that averages k samples; one sample is its own average."""
    names = list(methods)
    found = {int(m[1]): name for name in names if (m := re.fullmatch(r"average-(\d+)", name))}
    if SAMPLE in names:
        found[1] = SAMPLE
    return dict(sorted(found.items()))


def sampler_ratio(
    summary: Summary, methods: Iterable[str], *, seed: int = 0
) -> SamplerRatio | str:
    """Measure MSE(1) / MSE(inf), MSE(inf) extrapolated from the averages that were scored.

    Args:
        summary: Means in PSNR of one sample and of averages of several.
        methods: Methods to look among.
        seed: Seed of the redrawing.

    Returns:
        The ratio of the errors pooled over images, or why it cannot be measured.
    """
    errors = _errors(summary, methods)
    if isinstance(errors, str):
        return errors
    counts = tuple(errors)
    found = resample(errors, seed=seed)

    def ratio(means: Mapping[int, Array]) -> Array:
        table = np.stack([means[k] for k in counts], axis=-1)
        quotient: Array = table[:, 0] / _limits(counts, table)
        return quotient

    measured = found.estimate(ratio)
    if not 0 < measured < math.inf:
        return "the error does not fall towards a positive limit as more samples are averaged"
    return SamplerRatio(
        ratio=measured,
        interval=found.interval(ratio),
        counts=counts,
        n=len(found.images),
        total=summary.images,
    )


def perfect_psnr(
    summary: Summary, methods: Iterable[str], counts: Iterable[float]
) -> dict[float, float] | str:
    """Return the mean PSNR that averages of perfect samples would have, given our MSE(inf).

    Args:
        summary: Means in PSNR of one sample and of averages of several.
        methods: Methods to look among.
        counts: The k asked for, at least 1.

    Returns:
        k -> PSNR in dB of MSE(inf) (1 + 1/k), or why it is not known.
    """
    errors = _errors(summary, methods)
    if isinstance(errors, str):
        return errors
    measured = tuple(errors)
    images = shared_images(list(errors.values()))
    table = np.array([[np.mean(errors[k][name]) for k in measured] for name in images])
    limits = _limits(measured, table)
    if limits.min() <= 0:
        return "the error of an image does not fall towards a positive limit"
    best = float(np.mean(-10 * np.log10(limits)))
    return {k: best - 10 * math.log10(1 + 1 / k) for k in counts}


def _errors(summary: Summary, methods: Iterable[str]) -> dict[int, Outputs] | str:
    """Return k -> mean squared errors, peak 1, from PSNR; or why there are too few."""
    found: dict[int, Outputs] = {}
    for k, method in measured_counts(methods).items():
        outputs = summary.mean(method, "psnr").outputs
        if outputs:
            found[k] = {
                name: tuple(10 ** (-value / 10) for value in values)
                for name, values in outputs.items()
            }
    if 1 not in found:
        return f"PSNR of {SAMPLE} is missing"
    if len(found) < 2:
        return "PSNR of an average-k with k > 1 is missing"
    if not shared_images(list(found.values())):
        return "no image has PSNR of both one sample and an average"
    return found


def _limits(counts: tuple[int, ...], table: Array) -> Array:
    """Extrapolate errors (R, counts) to infinitely many samples by least squares in 1/k: (R,)."""
    design = np.stack([np.ones(len(counts)), 1 / np.array(counts, dtype=np.float64)], axis=-1)
    limits: Array = np.linalg.lstsq(design, table.T, rcond=None)[0][0]
    return limits
