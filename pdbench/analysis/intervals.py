"""Bootstrap confidence intervals over images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Interval", "mean_interval", "within_image_intervals"]

RESAMPLES = 4999


@dataclass(frozen=True)
class Interval:
    """A confidence interval, in the unit of what it bounds.

    Attributes:
        low: Lower end.
        high: Upper end.
    """

    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the distance between the ends."""
        return (self.high - self.low) / 2


def mean_interval(
    values: Sequence[float], *, confidence: float = 0.95, seed: int = 0
) -> Interval | None:
    """Bootstrap a confidence interval of a mean, bias-corrected and accelerated (BCa).

    The same values in the same order with the same seed give the same interval.

    Args:
        values: One score per image.
        confidence: Coverage aimed at, in (0, 1).
        seed: Seed of the resampling.

    Returns:
        The interval; None below two values or with a value that is not finite.

    Raises:
        ValueError: `confidence` is not in (0, 1).

    References:
        B. Efron, "Better Bootstrap Confidence Intervals", JASA 82(397), 1987,
        https://doi.org/10.1080/01621459.1987.10478410
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), got {confidence}")
    array = np.asarray(values, dtype=np.float64)
    if array.size < 2 or not np.isfinite(array).all():
        return None
    if np.ptp(array) <= 1e-12 * np.abs(array).max():
        return Interval(float(array[0]), float(array[0]))
    return _bootstrap(array, confidence, seed)


def _bootstrap(array: NDArray[np.float64], confidence: float, seed: int) -> Interval:
    # Half a second of import that tables without intervals save.
    from scipy.stats import bootstrap

    result = bootstrap(
        (array,),
        np.mean,
        confidence_level=confidence,
        n_resamples=RESAMPLES,
        method="BCa",
        random_state=np.random.default_rng(seed),
    )
    low, high = map(float, result.confidence_interval)
    return Interval(low, high)


def within_image_intervals(
    scores: Mapping[str, Mapping[str, float]], *, confidence: float = 0.95, seed: int = 0
) -> dict[str, Interval | None]:
    """Bootstrap intervals of means without the part of the spread that all methods share.

    Some images are harder than others for every method; that widens the plain interval but says
    nothing about which method is better. Here each image's mean over the methods is subtracted
    first (Cousineau), and the spread is scaled by sqrt(M / (M - 1)) for M methods (Morey). Only
    images that every method has are used.

    Args:
        scores: Method id -> image name -> score.
        confidence: Coverage aimed at, in (0, 1).
        seed: Seed of the resampling.

    Returns:
        Method id -> interval around that method's mean; None where fewer than two methods or two
        shared images leave nothing to compare.

    References:
        R. D. Morey, "Confidence Intervals from Normalized Data: A correction to Cousineau (2005)",
        Tutorials in Quantitative Methods for Psychology 4(2), 2008,
        https://doi.org/10.20982/tqmp.04.2.p061
    """
    shared = sorted(set.intersection(*(set(images) for images in scores.values())))
    count = len(scores)
    if count < 2 or len(shared) < 2:
        return dict.fromkeys(scores)
    table = np.array([[images[name] for name in shared] for images in scores.values()])
    centered = table - table.mean(axis=0)
    middle = centered.mean(axis=1, keepdims=True)
    spread = (centered - middle) * math.sqrt(count / (count - 1))
    intervals: dict[str, Interval | None] = {}
    for row, (method, images) in zip(spread, scores.items(), strict=True):
        center = math.fsum(images.values()) / len(images)
        intervals[method] = mean_interval(row + center, confidence=confidence, seed=seed)
    return intervals
