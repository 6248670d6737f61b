"""Shapes around and between the markers of a plane, in data units."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pdbench.analysis.means import Summary
from pdbench.analysis.pareto import pareto_front
from pdbench.analysis.theory import measured_counts, perfect_psnr
from pdbench.analysis.variance import Covariance
from pdbench.scores import MetricFacts

__all__ = ["Path", "Point", "Theory", "draw_ellipse", "draw_front", "draw_path", "draw_theory"]

Point = tuple[float, float]

STEPS = 48
"""Corners of an ellipse."""
SHORTEST_ARROW = 0.05
"""A piece of a path below this share of the axes has no room for an arrow between its markers."""


@dataclass(frozen=True, kw_only=True)
class Path:
    """The members of a family joined by growing parameter.

    Attributes:
        color: "#rrggbb", on light pages.
        points: The members.
        arrows: For each piece, whether it is long enough to carry an arrow.
    """

    color: str
    points: tuple[Point, ...]
    arrows: tuple[bool, ...]


@dataclass(frozen=True, kw_only=True)
class Theory:
    """Where averages of perfect samples would lie, at the perception our averages have.

    Attributes:
        points: The curve.
        marks: k -> its point, for the k that were scored.
    """

    points: tuple[Point, ...]
    marks: Mapping[int, Point]


def draw_ellipse(center: Point, covariance: Covariance, radius: float) -> tuple[Point, ...]:
    """Return the ellipse that lies so many standard deviations around its center."""
    xx, xy, yy = covariance
    # Cholesky factor of the covariance maps the unit circle to the ellipse.
    a = math.sqrt(xx)
    b = xy / a if a else 0.0
    c = math.sqrt(max(yy - b * b, 0.0))
    turns = [2 * math.pi * step / STEPS for step in range(STEPS + 1)]
    return tuple(
        (
            center[0] + radius * a * math.cos(t),
            center[1] + radius * (b * math.cos(t) + c * math.sin(t)),
        )
        for t in turns
    )


def draw_path(points: Sequence[Point], color: str, x_range: Point, y_range: Point) -> Path:
    """Return a line through points; the ranges of the axes tell where arrows have room."""
    lengths = (
        math.hypot(
            (end[0] - start[0]) / (x_range[1] - x_range[0]),
            (end[1] - start[1]) / (y_range[1] - y_range[0]),
        )
        for start, end in pairwise(points)
    )
    arrows = tuple(length >= SHORTEST_ARROW for length in lengths)
    return Path(color=color, points=tuple(points), arrows=arrows)


def draw_front(
    places: Mapping[str, Point], x: MetricFacts, y: MetricFacts, x_range: Point, y_range: Point
) -> tuple[Point, ...]:
    """Bound what some method reaches or beats; a straight line would invent mixtures."""
    if len(places) < 2:
        return ()
    front = [places[name] for name in pareto_front(places, x=x, y=y)]
    corners = [(front[0][0], y_range[1]), front[0]]
    for before, after in pairwise(front):
        corners += [(after[0], before[1]), after]
    return (*corners, (x_range[1], front[-1][1]))


def draw_theory(
    summary: Summary, methods: Sequence[str], x: MetricFacts, y: MetricFacts
) -> Theory | None:
    """Return where averages of perfect samples would lie, PSNR being on an axis.

    The theory gives MSE(k) only; the other metric is that of our own averages, joined by straight
    lines in 1/k.
    """
    sides = [fact.id for fact in (x, y)]
    if "psnr" not in sides:
        return None
    measured = _other_means(summary, methods, sides[1 - sides.index("psnr")])
    if len(measured) < 2:
        return None
    shares = np.linspace(1 / max(measured), 1 / min(measured), STEPS // 2)
    counts = sorted({*measured, *(1 / float(share) for share in shares)})
    psnr = perfect_psnr(summary, methods, counts)
    if isinstance(psnr, str):
        return None
    known = sorted(measured, reverse=True)
    values = np.interp(
        [1 / k for k in counts], [1 / k for k in known], [measured[k] for k in known]
    )

    def place(k: float, value: float) -> Point:
        return (psnr[k], value) if sides[0] == "psnr" else (value, psnr[k])

    points = {k: place(k, float(value)) for k, value in zip(counts, values, strict=True)}
    return Theory(points=tuple(points.values()), marks={k: points[k] for k in measured})


def _other_means(summary: Summary, methods: Sequence[str], metric: str) -> dict[int, float]:
    """Return k -> mean of a metric of the average of k samples, where finite."""
    means = {
        k: summary.mean(method, metric).value for k, method in measured_counts(methods).items()
    }
    return {k: mean for k, mean in means.items() if mean is not None and math.isfinite(mean)}
