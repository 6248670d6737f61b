"""Pareto front of two metrics: its members, how sure they are, and the area it encloses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdbench.analysis.bootstrap import Interval, resample, shared_images
from pdbench.analysis.means import Mean, Summary
from pdbench.scores import MetricFacts

__all__ = [
    "Front",
    "Member",
    "hypervolume",
    "measure_front",
    "pareto_front",
]

Array = NDArray[np.float64]
Point = tuple[float, float]


LEAST_SHARE = 0.005
"""Share of redrawn data sets below which a method is not named as a member of the front."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One method seen from the front.

    Attributes:
        method: Method id.
        x: Mean of the first metric over the images all methods share.
        y: Mean of the second.
        member: Whether no other method beats it in both.
        probability: Share of the redrawn data sets in which it is on the front; None below two
            images.
    """

    method: str
    x: float
    y: float
    member: bool
    probability: float | None


@dataclass(frozen=True, kw_only=True)
class Front:
    """The Pareto front of two metrics.

    Attributes:
        x: First metric.
        y: Second metric.
        members: All methods with both metrics, best in x first.
        volume: Area between the front and the reference, in units of x times y.
        interval: Its 95 % interval, not below 0, or None below two images.
        reference: The point the area is measured from.
        n: Images that all methods have in both metrics.
        total: Images of the dataset.
        absent: Method id -> why it is left out.
    """

    x: MetricFacts
    y: MetricFacts
    members: tuple[Member, ...]
    volume: float
    interval: Interval | None
    reference: Point
    n: int
    total: int
    absent: Mapping[str, str]

    @property
    def likely(self) -> list[Member]:
        """Members of the front, and methods that are on it in `LEAST_SHARE` of the data sets."""
        return [m for m in self.members if m.member or (m.probability or 0.0) >= LEAST_SHARE]

    @property
    def volume_text(self) -> str:
        """The area with its interval, to four digits."""
        ends = f" [{self.interval.low:.4g}, {self.interval.high:.4g}]" if self.interval else ""
        return f"{self.volume:.4g}{ends}"


def pareto_front(points: Mapping[str, Point], *, x: MetricFacts, y: MetricFacts) -> list[str]:
    """Return the methods that no other beats in one metric and equals in the other, best x first.

    Args:
        points: Method id -> (x, y) scores, all finite.
        x: The metric of the first coordinate.
        y: The metric of the second coordinate.

    Returns:
        Method ids; equal points are all on the front or all off it.

    References:
        Y. Blau and T. Michaeli, "The Perception-Distortion Tradeoff", CVPR 2018,
        https://arxiv.org/abs/1711.06077
    """
    if not points:
        return []
    goods = np.array([list(points.values())]) * [x.sign, y.sign]
    front = [name for name, free in zip(points, _memberships(goods)[0], strict=True) if free]
    return sorted(front, key=lambda name: (-x.sign * points[name][0], -y.sign * points[name][1]))


def measure_front(
    summary: Summary,
    methods: Iterable[str],
    x: MetricFacts,
    y: MetricFacts,
    *,
    reference: Point | None = None,
    seed: int = 0,
) -> Front | None:
    """Find the front of two metrics, and how sure that is given these images and samples.

    Args:
        summary: Means of the methods.
        methods: Method ids to consider.
        x: First metric.
        y: Second metric.
        reference: Point that the area is measured from; what is not better in both encloses
            nothing. By default the worst mean of each metric, moved along with the redrawn images
            so that their difficulty does not blur the area.
        seed: Seed of the redrawing.

    Returns:
        The front, or None if no method has a finite mean of both metrics on a shared image.

    References:
        E. Zitzler and L. Thiele, "Multiobjective Evolutionary Algorithms: A Comparative Case Study
        and the Strength Pareto Approach", IEEE Transactions on Evolutionary Computation 3(4),
        1999, https://doi.org/10.1109/4235.797969
    """
    pairs = {name: (summary.mean(name, x.id), summary.mean(name, y.id)) for name in methods}
    absent = {name: why for name, pair in pairs.items() if (why := _reason(pair, (x, y)))}
    kept = {name: pair for name, pair in pairs.items() if name not in absent}
    lists = {
        (name, axis): mean.outputs for name, pair in kept.items() for axis, mean in enumerate(pair)
    }
    if not shared_images(list(lists.values())):
        return None
    found = resample(lists, seed=seed)
    signs = np.array([x.sign, y.sign], dtype=np.float64)
    points = {name: (found.means[name, 0], found.means[name, 1]) for name in kept}
    fixed = None if reference is None else signs * np.array(reference)

    def volume(means: Mapping[tuple[str, int], Array]) -> Array:
        return _volumes(_stack(means, kept, signs), fixed)

    on = set(pareto_front(points, x=x, y=y))
    several = len(found.images) > 1
    shares = _memberships(_stack(found.draws, kept, signs)).mean(axis=0)
    members = [
        Member(
            method=name,
            x=points[name][0],
            y=points[name][1],
            member=name in on,
            probability=float(share) if several else None,
        )
        for name, share in zip(kept, shares, strict=True)
    ]
    worst = reference or (
        min((point[0] for point in points.values()), key=lambda value: x.sign * value),
        min((point[1] for point in points.values()), key=lambda value: y.sign * value),
    )
    bounds = found.interval(volume)
    return Front(
        x=x,
        y=y,
        members=tuple(sorted(members, key=lambda one: -x.sign * one.x)),
        volume=hypervolume(list(points.values()), worst, x=x, y=y),
        interval=bounds and Interval(max(bounds.low, 0.0), bounds.high),
        reference=worst,
        n=len(found.images),
        total=summary.images,
        absent=absent,
    )


def hypervolume(
    points: Sequence[Point], reference: Point, *, x: MetricFacts, y: MetricFacts
) -> float:
    """Return the area of all that some point beats and that beats the reference.

    Args:
        points: (x, y) scores, all finite.
        reference: The worst corner.
        x: The metric of the first coordinate; gives the direction.
        y: The metric of the second coordinate.

    Returns:
        Area in units of x times y; 0 if no point is better than the reference in both.
    """
    signs = np.array([x.sign, y.sign], dtype=np.float64)
    goods = signs * np.array([points], dtype=np.float64).reshape(1, -1, 2)
    return float(_volumes(goods, signs * np.array(reference))[0])


def _reason(pair: tuple[Mean, Mean], facts: tuple[MetricFacts, MetricFacts]) -> str:
    for mean, fact in zip(pair, facts, strict=True):
        if not mean.n:
            return f"{fact.title}: {'; '.join(mean.reasons) or 'not scored'}"
        if mean.value is None or not math.isfinite(mean.value):
            return f"{fact.title} is infinite"
    return ""


def _stack(means: Mapping[tuple[str, int], Array], methods: Iterable[str], signs: Array) -> Array:
    """Return goodness (R, M, 2): larger is better in both columns."""
    columns = [[means[name, axis] for axis in (0, 1)] for name in methods]
    return np.moveaxis(np.array(columns), -1, 0) * signs


def _memberships(goods: Array) -> NDArray[np.bool_]:
    """Tell which methods of (R, M, 2) no other method beats: (R, M)."""
    gaps = goods[:, :, None] - goods[:, None]
    beats = (gaps.min(axis=-1) >= 0) & (gaps.max(axis=-1) > 0)
    free: NDArray[np.bool_] = ~beats.any(axis=1)
    return free


def _volumes(goods: Array, reference: Array | None) -> Array:
    """Return the area enclosed by (R, M, 2): (R,)."""
    origin = goods.min(axis=1) if reference is None else np.broadcast_to(reference, (1, 2))
    sides = np.maximum(goods - origin[:, None], 0.0)
    order = np.argsort(-sides[..., 0], axis=1, kind="stable")
    across = np.take_along_axis(sides[..., 0], order, axis=1)
    up = np.maximum.accumulate(np.take_along_axis(sides[..., 1], order, axis=1), axis=1)
    steps = across - np.pad(across[:, 1:], ((0, 0), (0, 1)))
    area: Array = (steps * up).sum(axis=1)
    return area
