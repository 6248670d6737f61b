"""How two metrics of one image move together from sample to sample."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pdbench.analysis.means import Mean

__all__ = ["Covariance", "sample_covariance"]

Covariance = tuple[float, float, float]
"""Variance of the first metric, covariance, variance of the second."""


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
