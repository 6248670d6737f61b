"""Ranks with their uncertainty: what a paired bootstrap cannot tell apart shares a rank."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdbench.analysis.bootstrap import resample, shared_images, student_quantile
from pdbench.analysis.means import Mean, Summary
from pdbench.scores import MetricFacts

__all__ = ["CONFIDENCE", "Place", "Ranking", "rank_methods"]

Array = NDArray[np.float64]

CONFIDENCE = 0.95
"""That all pairs of a ranking are judged without a single error."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a method stands in one metric.

    Attributes:
        method: Method id.
        value: Mean over the images that all ranked methods share.
        rank: One more than the methods surely better: the best rank it can hold. Methods that
            cannot be told apart from the same ones share it.
        last: The worst rank it can hold: the number of methods less those surely worse.
        better: Methods surely better, in the order asked for.
        worse: Methods surely worse.
    """

    method: str
    value: float
    rank: int
    last: int
    better: tuple[str, ...]
    worse: tuple[str, ...]

    @property
    def text(self) -> str:
        """The rank as "2", or "2-4" where its 95 % interval holds several."""
        return str(self.rank) if self.rank == self.last else f"{self.rank}-{self.last}"


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Methods ordered by one metric, as far as the images allow.

    Attributes:
        metric: What they are ordered by.
        places: One per ranked method, best mean first.
        n: Images that all ranked methods have.
        total: Images of the dataset.
        absent: Method id -> why it is not ranked.
    """

    metric: MetricFacts
    places: tuple[Place, ...]
    n: int
    total: int
    absent: Mapping[str, str]

    def place(self, method: str) -> Place | None:
        """Return the place of a method; None if it is not ranked."""
        return next((place for place in self.places if place.method == method), None)


def rank_methods(
    summary: Summary, methods: Iterable[str], fact: MetricFacts, *, seed: int = 0
) -> Ranking:
    """Rank methods by one metric, with the interval each rank may lie in.

    Every pair is compared by a paired bootstrap over images and samples. The intervals of all
    differences hold together with 95 % confidence, so that among methods that are all alike a
    difference is found once in twenty boards, however many rows there are; a pair whose interval
    holds zero is a tie. A method scored on fewer images than others is not ranked: the images it
    lacks may be the hard ones.

    An interval reaches Student's quantile (n - 1 degrees of freedom, Bonferroni over the pairs)
    times the bootstrap's standard error, which is too small by sqrt((n - 1) / n). With the
    bootstrap's own quantile of the largest deviation, five images find differences between equal
    methods on a fifth of all boards of eight.

    Args:
        summary: Means of the methods.
        methods: Method ids to rank.
        fact: The metric.
        seed: Seed of the redrawing.

    References:
        M. Mogstad, J. P. Romano, A. M. Shaikh, D. Wilhelm, "Inference for Ranks with Applications
        to Mobility across Neighborhoods and Academic Achievement across Countries", Review of
        Economic Studies 91(1), 2024, https://doi.org/10.1093/restud/rdad006
    """
    means = {name: summary.mean(name, fact.id) for name in methods}
    most = max((mean.n for mean in means.values()), default=0)
    absent = {name: why for name, mean in means.items() if (why := _reason(mean, most))}
    kept = [name for name in means if name not in absent]
    lists = {name: means[name].outputs for name in kept}
    if not shared_images(list(lists.values())):
        lost = dict.fromkeys(kept, "scored on other images than the rest")
        return Ranking(
            metric=fact, places=(), n=0, total=summary.images, absent={**absent, **lost}
        )
    found = resample(lists, seed=seed)
    count = len(found.images)
    values = np.array([fact.sign * found.means[name] for name in kept])
    draws = np.stack([fact.sign * found.draws[name] for name in kept])
    leads = values[:, None] - values
    widths = _half_widths(draws, count)
    places = [_place(name, kept, found.means[name], leads, widths) for name in kept]
    return Ranking(
        metric=fact,
        places=tuple(sorted(places, key=lambda place: -fact.sign * place.value)),
        n=count,
        total=summary.images,
        absent=absent,
    )


def _reason(mean: Mean, most: int) -> str:
    if not mean.n:
        return "; ".join(mean.reasons) or "not scored"
    if mean.value is None or not math.isfinite(mean.value):
        return "its mean is infinite"
    if mean.n < most:
        return f"scored on {mean.n} images only, others on {most}"
    return ""


def _half_widths(draws: Array, count: int) -> Array:
    """Return half the width of each pair's interval, (M, M); infinite below two images.

    Args:
        draws: Goodness in the redrawn data sets, (M, R).
        count: Number of images n.
    """
    size = len(draws)
    if count < 2:
        return np.full((size, size), math.inf)
    errors = np.zeros((size, size))
    for index in range(size - 1):
        errors[index, index + 1 :] = (draws[index] - draws[index + 1 :]).std(axis=1)
    widths: Array = _quantile(size * (size - 1) // 2, count) * (errors + errors.T)
    return widths


def _quantile(pairs: int, count: int) -> float:
    """Return how many bootstrap standard errors an interval reaches, all pairs being right."""
    if not pairs:
        return 0.0
    tail = (1 - CONFIDENCE) / (2 * pairs)
    return student_quantile(count, tail) * math.sqrt(count / (count - 1))


def _place(name: str, kept: list[str], value: float, leads: Array, widths: Array) -> Place:
    own = kept.index(name)
    better = tuple(kept[i] for i in np.flatnonzero(leads[own] < -widths[own]))
    worse = tuple(kept[i] for i in np.flatnonzero(leads[own] > widths[own]))
    return Place(
        method=name,
        value=value,
        rank=1 + len(better),
        last=len(kept) - len(worse),
        better=better,
        worse=worse,
    )
