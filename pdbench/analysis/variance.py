"""How scores vary: from image to image, from sample to sample, and two metrics together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pdbench.analysis.means import Mean

__all__ = [
    "LEAST_IMAGES",
    "Covariance",
    "Parts",
    "mean_covariances",
    "region_radius",
    "sample_covariance",
    "variance_parts",
]

Covariance = tuple[float, float, float]
"""Variance of the first metric, covariance, variance of the second."""

LEAST_IMAGES = 5
"""Below this many images a confidence ellipse is so large that it says nothing."""


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


def mean_covariances(
    first: Mapping[str, Mapping[str, float]], second: Mapping[str, Mapping[str, float]]
) -> dict[str, Covariance]:
    """Return the covariance of the two means of each method, paired by image.

    Each image's mean over the methods is subtracted first (Cousineau) and the result scaled by
    M / (M - 1) for M methods (Morey), as in `within_image_intervals`; with one method it is the
    plain covariance of the mean. Only images that every method has in both metrics are used.

    Args:
        first: Method id -> image name -> finite score.
        second: The same methods in another metric.

    Returns:
        Method id -> covariance; empty below LEAST_IMAGES shared images.

    References:
        R. D. Morey, "Confidence Intervals from Normalized Data: A correction to Cousineau (2005)",
        Tutorials in Quantitative Methods for Psychology 4(2), 2008,
        https://doi.org/10.20982/tqmp.04.2.p061
    """
    names = _shared([*first.values(), *second.values()])
    if len(names) < LEAST_IMAGES:
        return {}
    x, y = _centered(first, names), _centered(second, names)
    count = len(first)
    scale = (count / (count - 1) if count > 1 else 1.0) / len(names)
    found = {}
    for method in first:
        xx, xy, yy = _covariance(x[method], y[method])
        found[method] = (scale * xx, scale * xy, scale * yy)
    return found


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


def _shared(lists: Sequence[Mapping[str, float]]) -> list[str]:
    return sorted(set.intersection(*(set(images) for images in lists))) if lists else []


def _centered(
    scores: Mapping[str, Mapping[str, float]], names: Sequence[str]
) -> dict[str, list[float]]:
    shifts = [0.0] * len(names)
    if len(scores) > 1:
        shifts = [statistics.fmean(images[name] for images in scores.values()) for name in names]
    return {
        method: [images[name] - shift for name, shift in zip(names, shifts, strict=True)]
        for method, images in scores.items()
    }


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
    x_mean, y_mean = sum(x) / len(x), sum(y) / len(y)
    pairs = [(a - x_mean, b - y_mean) for a, b in zip(x, y, strict=True)]
    free = len(pairs) - 1
    return (
        sum(a * a for a, _ in pairs) / free,
        sum(a * b for a, b in pairs) / free,
        sum(b * b for _, b in pairs) / free,
    )
