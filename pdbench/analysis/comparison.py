"""Two methods on the same images: difference, its interval, and whether chance explains it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from pdbench.analysis.bootstrap import Interval, resample, shared_images
from pdbench.analysis.means import Mean, Summary
from pdbench.analysis.variance import Parts, variance_parts
from pdbench.scores import MetricFacts

__all__ = ["LEVEL", "Comparison", "compare", "holm", "least_p", "permutation_test"]

LEVEL = 0.05
"""Corrected p-values below this name a better method."""

EXACT = 14
"""Up to this many images all sign patterns are tried: the p-value is exact."""
PATTERNS = 9999


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One metric of two methods over the images both have.

    Attributes:
        metric: What was measured.
        first: Mean of the first method over the shared images, or None.
        second: Mean of the second.
        difference: first - second, in the metric's unit.
        interval: Its 95 % interval over images and samples, or None where there is none.
        p: Two-sided p-value of the paired permutation test, or None.
        corrected: The p-value after Holm's correction over all metrics of the comparison.
        n: Number of shared images that count.
        total: Number of images in the dataset.
        parts: Variance of the first and of the second method, image and sample apart.
        reason: Why something is None, or "".
    """

    metric: MetricFacts
    first: float | None
    second: float | None
    difference: float | None
    interval: Interval | None
    p: float | None
    corrected: float | None
    n: int
    total: int
    parts: tuple[Parts, Parts]
    reason: str

    @property
    def bounded(self) -> bool:
        """Whether p is the least that random patterns can show, so that the true one is below."""
        return self.n > EXACT and self.p == least_p(self.n)

    @property
    def better(self) -> Literal["first", "second", ""]:
        """Which method is better beyond chance: corrected p below LEVEL."""
        if self.corrected is None or self.corrected >= LEVEL or not self.difference:
            return ""
        return "first" if self.metric.sign * self.difference > 0 else "second"


def compare(
    summary: Summary, first: str, second: str, facts: Iterable[MetricFacts], *, seed: int = 0
) -> tuple[Comparison, ...]:
    """Compare two methods in every metric that was asked of either.

    Args:
        summary: Means of both methods.
        first: Method id.
        second: Method id.
        facts: The metrics.
        seed: Seed of the redrawing.

    Returns:
        One comparison per metric that either method was scored in; p-values corrected over all.
    """
    found = [
        _compare(summary.mean(first, fact.id), summary.mean(second, fact.id), fact, seed)
        for fact in facts
        if {(first, fact.id), (second, fact.id)} & summary.means.keys()
    ]
    known = [entry.p for entry in found if entry.p is not None]
    corrected = iter(holm(known))
    return tuple(
        entry if entry.p is None else replace(entry, corrected=next(corrected)) for entry in found
    )


def _compare(first: Mean, second: Mean, fact: MetricFacts, seed: int) -> Comparison:
    images = shared_images([first.outputs, second.outputs])
    gaps = [_gap(first.images[name], second.images[name]) for name in images]
    reason = _untested(first, second, gaps)
    finite = bool(gaps) and all(map(math.isfinite, gaps))
    return Comparison(
        metric=fact,
        first=_mean([first.images[name] for name in images]),
        second=_mean([second.images[name] for name in images]),
        difference=_mean(gaps),
        interval=_interval(first, second, images, seed) if finite else None,
        p=None if reason else permutation_test(gaps, seed=seed),
        corrected=None,
        n=len(images),
        total=first.total,
        parts=(variance_parts(first), variance_parts(second)),
        reason=reason,
    )


def _untested(first: Mean, second: Mean, gaps: Sequence[float]) -> str:
    """Say why there is no test, "" where there is one."""
    if not gaps:
        reasons = sorted({*first.reasons, *second.reasons})
        return "; ".join(reasons) or "no image has a score of both"
    if not all(map(math.isfinite, gaps)):
        return "an infinite score has no interval and no test"
    return "one shared image has no interval and no test" if len(gaps) < 2 else ""


def _gap(first: float, second: float) -> float:
    return 0.0 if first == second else first - second  # two perfect images: inf - inf


def _mean(values: Sequence[float]) -> float | None:
    if not values or {math.inf, -math.inf} <= set(values):
        return None
    return math.fsum(values) / len(values)


def _interval(first: Mean, second: Mean, images: Sequence[str], seed: int) -> Interval | None:
    """Bootstrap the difference; images both methods restore perfectly differ by nothing."""
    infinite = {name for name in images if math.isinf(first.images[name])}
    scores: Mapping[str, dict[str, tuple[float, ...]]] = {
        key: {name: (0.0,) if name in infinite else mean.outputs[name] for name in images}
        for key, mean in (("first", first), ("second", second))
    }
    return resample(scores, seed=seed).interval(lambda means: means["first"] - means["second"])


def permutation_test(gaps: Sequence[float], *, seed: int = 0) -> float:
    """Return the two-sided p-value of a paired permutation test of the mean difference.

    If the methods were exchangeable, every difference could as well have the other sign. Up to
    EXACT images all sign patterns are tried; beyond, random ones, with the data's own counted.

    Args:
        gaps: Difference on each image, at least two, all finite.
        seed: Seed of the random patterns.

    Returns:
        p, at least `least_p` of so many images.

    References:
        B. Phipson and G. K. Smyth, "Permutation P-values Should Never Be Zero", Statistical
        Applications in Genetics and Molecular Biology 9(1), 2010,
        https://doi.org/10.2202/1544-6115.1585
    """
    from scipy import stats  # takes a second to import

    patterns = 2 ** len(gaps) if len(gaps) <= EXACT else PATTERNS
    found = stats.permutation_test(
        (np.asarray(gaps, dtype=np.float64),),
        lambda values, axis: np.abs(values.mean(axis=axis)),
        permutation_type="samples",
        alternative="greater",
        vectorized=True,
        n_resamples=patterns,
        batch=1000,
        rng=seed,
    )
    return float(found.pvalue)


def least_p(images: int) -> float:
    """Return the least p-value that the permutation test can give for so many images."""
    return 2 / 2**images if images <= EXACT else 1 / (PATTERNS + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for being several, by Holm's step-down rule.

    Args:
        p_values: One per test.

    Returns:
        Corrected values in the same order; rejecting those below a level errs at all with at most
        that probability.

    References:
        S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
        Statistics 6(2), 1979
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, (len(p_values) - rank) * p_values[index])
        corrected[index] = min(highest, 1.0)
    return corrected
