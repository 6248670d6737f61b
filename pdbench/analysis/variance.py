"""Variance of scores between images and samples, and regions of two metrics together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pdbench.analysis.bootstrap import Interval, mean_interval
from pdbench.analysis.means import Mean

__all__ = [
    "LEAST_IMAGES",
    "REFERENCE",
    "Covariance",
    "Parts",
    "Region",
    "difference_interval",
    "difference_region",
    "region_radius",
    "sample_covariance",
    "variance_parts",
]

Covariance = tuple[float, float, float]
"""Variance of the first metric, covariance, variance of the second."""

REFERENCE = "rrdb"
"""Row that regions and bars on the plane are paired with where it was scored. On 14 images the
region of a mean reaches 2.4 dB, that of its difference to RRDB 0.1 to 0.4 dB."""

LEAST_IMAGES = 5
"""Below this many images a confidence ellipse is so large that it says nothing."""


@dataclass(frozen=True)
class Region:
    """A confidence ellipse around a point.

    Attributes:
        covariance: Of the point.
        radius: How many standard errors the ellipse reaches.
    """

    covariance: Covariance
    radius: float


@dataclass(frozen=True)
class Parts:
    """Where the variance of one metric of a method comes from, as standard deviations.

    Attributes:
        image: Between images, freed of what their few samples add; None below two images.
        sample: Between the outputs of one image (run seeds and samples), pooled over images; None
            for one output per image.
    """

    image: float | None
    sample: float | None


def variance_parts(mean: Mean) -> Parts:
    """Split the variance of scores into that of images and that of samples (seeds).

    The variance between image means holds a share of the sample variance, which is taken off: the
    usual estimate of a one-way random-effects model, not below zero.

    Args:
        mean: One metric of a method.

    References:
        S. R. Searle, G. Casella, C. E. McCulloch, "Variance Components", Wiley 1992, chapter 3
    """
    sample, total = mean.sample_std, mean.image_std
    if total is None or sample is None:
        return Parts(total, sample)
    shares = [1 / len(values) for values in mean.outputs.values()]
    return Parts(math.sqrt(max(total**2 - sample**2 * statistics.fmean(shares), 0.0)), sample)


def difference_region(
    means: tuple[Mean, Mean], reference: tuple[Mean, Mean] | None
) -> Region | None:
    """Return the 95 % region of two means, or of their differences to a reference.

    It depends on the row, and on the reference where there is one, and on no other row. A
    difference is paired by image, so that image difficulty, which moves all means together,
    cancels out.

    Args:
        means: A method's means in two metrics.
        reference: Those of the reference; None for the region of the means themselves.

    Returns:
        The region around the point of the two means; None below LEAST_IMAGES shared images or
        where nothing varies, as for the reference itself.
    """
    axes = [_gaps(mean, one) for mean, one in zip(means, reference or (None, None), strict=True)]
    names = sorted(axes[0].keys() & axes[1].keys())
    if len(names) < LEAST_IMAGES:
        return None
    x, y = ([gaps[name] for name in names] for gaps in axes)
    covariance = _covariance(x, y)
    if not (covariance[0] > 0 or covariance[2] > 0):
        return None
    xx, xy, yy = (part / len(names) for part in covariance)
    return Region((xx, xy, yy), region_radius(len(names)))


def difference_interval(mean: Mean, reference: Mean | None) -> Interval | None:
    """Return the 95 % interval of a mean, or of its difference to a reference, around the mean.

    Args:
        mean: One metric of a method.
        reference: The same metric of the reference, paired by image; None for the mean itself.
    """
    gaps = list(_gaps(mean, reference).values())
    found = mean_interval(gaps)
    if found is None or mean.value is None or not found.half_width:
        return None
    shift = mean.value - statistics.fmean(gaps)
    return Interval(found.low + shift, found.high + shift)


def _gaps(mean: Mean, reference: Mean | None) -> dict[str, float]:
    """Return the finite scores by image, less those of the reference."""
    others = dict.fromkeys(mean.images, 0.0) if reference is None else reference.images
    gaps = {name: v - others[name] for name, v in mean.images.items() if name in others}
    return {name: gap for name, gap in gaps.items() if math.isfinite(gap)}


def region_radius(images: int, confidence: float = 0.95) -> float:
    """Return how many standard errors a confidence region of a mean point reaches (Hotelling).

    Args:
        images: Number of images, at least 3.
        confidence: Coverage, in (0, 1).

    References:
        H. Hotelling, "The Generalization of Student's Ratio", Annals of Mathematical Statistics
        2(3), 1931, https://doi.org/10.1214/aoms/1177732979
    """
    if images < 3:
        raise ValueError(f"expected at least 3 images, got {images}")
    free = images - 2
    # the quantile of F(2, free) in closed form
    quantile = free / 2 * ((1 - confidence) ** (-2 / free) - 1)
    return math.sqrt(2 * (images - 1) / free * quantile)


def sample_covariance(first: Mean, second: Mean) -> Covariance | None:
    """Return the covariance between the outputs of one image, pooled over images.

    Differences between images do not enter: each image's own mean is subtracted first.

    Args:
        first: One metric of a method.
        second: Another metric of the same method.

    Returns:
        The covariance, or None if no image has two outputs scored in both metrics.
    """
    matrices = [
        _covariance(first.outputs[name], second.outputs[name])
        for name in first.outputs.keys() & second.outputs.keys()
        if len(first.outputs[name]) == len(second.outputs[name]) > 1
    ]
    known = [matrix for matrix in matrices if all(map(math.isfinite, matrix))]
    if not known:
        return None
    xx, xy, yy = (math.fsum(column) / len(known) for column in zip(*known, strict=True))
    return xx, xy, yy


def _covariance(x: Sequence[float], y: Sequence[float]) -> Covariance:
    (xx, xy), (_, yy) = np.cov([x, y]).tolist()
    return xx, xy, yy
